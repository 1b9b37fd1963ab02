"""How like two folders look: MSE, PSNR, SSIM and the largest change of any pixel.

MSE and SSIM are of images scaled to 0..1, as the papers print them; PSNR is in dB; L∞ is in grey levels. SSIM is
scikit-image's: a uniform window of 7x7 pixels, data range 1, channels averaged. ``hide`` needs it of every image at
many strengths and levels, and has it from ``measure_ssim`` and ``compare_batch``: the same figures for many images at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from math import log10
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float64, Int32, UInt8
from skimage.metrics import structural_similarity

from hideseek_cli.errors import InputError, raise_for
from hideseek_cli.images.codec import Pixels, decode, drop_alpha
from hideseek_cli.images.dataset import ImageDataset
from hideseek_cli.images.index import ImageRecord
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.tables import format_table

WINDOW = 7
PORTION, STRIP, SAMPLE = 100_000, 12_000, 300_000
"""Pixels of small images that are worked on at once, of a strip of a large one, and of all its strips that are looked at."""
LEAST = 8
"""Rows of windows of a strip, each of which needs all rows of one window more."""
CACHED = 3 * STRIP
"""Values that fit into a processor's cache as often as SSIM needs them."""
Measure = Callable[[UInt8[np.ndarray, "n h w c"], UInt8[np.ndarray, "n h w c"]], Float64[np.ndarray, " n"]]
SSIM = f"scikit-image, uniform {WINDOW}x{WINDOW} window, data range 1, mean over channels"


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How like two images are."""

    mse: float
    ssim: float
    linf: int
    """Largest absolute difference, in grey levels."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How like two folders are: means over images, the largest change, and the images with the lowest SSIM."""

    images: int
    mse: float
    psnr: float | None
    """Of the mean MSE; None where the folders are identical."""
    ssim: float
    linf: int
    worst: tuple[tuple[str, Similarity], ...]
    confidence_ascent: float | None = None
    """CAR in percent (``evaluation.learnability``), where a network was trained to measure it."""
    gradient_compression: float | None = None
    """GCR in percent, likewise."""

    @property
    def _ratios(self) -> dict[str, float]:
        found = {"car": self.confidence_ascent, "gcr": self.gradient_compression}
        return {name: ratio for name, ratio in found.items() if ratio is not None}

    def to_json(self) -> dict[str, Any]:
        """MSE and SSIM of images scaled to 0..1, PSNR in dB, ``linf`` in grey levels."""
        return {
            "images": self.images, "mse": self.mse, "psnr": self.psnr, "ssim": self.ssim, "linf": self.linf,
            "ssim_definition": SSIM, **self._ratios,
            "worst": [{"image": name, "mse": one.mse, "ssim": one.ssim, "linf": one.linf} for name, one in self.worst],
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A row for all images, and one for each of the worst."""
        everything = {
            "images": f"all {self.images}", "MSE": f"{self.mse:.3e}",
            "PSNR dB": "identical" if self.psnr is None else f"{self.psnr:.2f}", "SSIM": f"{self.ssim:.4f}",
            "Linf": str(self.linf), **{f"{name.upper()} %": f"{ratio:.1f}" for name, ratio in self._ratios.items()},
        }  # fmt: skip
        return [everything, *(
            {"images": name, "MSE": f"{one.mse:.3e}", "PSNR dB": "", "SSIM": f"{one.ssim:.4f}", "Linf": str(one.linf)}
            for name, one in self.worst
        )]  # fmt: skip

    def remarks(self) -> list[str]:
        """How it was measured."""
        below = "; the rows below the first are the worst by SSIM" if self.worst else ""
        return [f"SSIM: {SSIM}; MSE of images scaled to 0..1{below}"]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])


def compare_images(clean: Pixels, other: Pixels) -> Similarity:
    """Compare two images of one shape, in grey levels."""

    def ssim(a: UInt8[np.ndarray, "1 h w c"], b: UInt8[np.ndarray, "1 h w c"]) -> Float64[np.ndarray, " 1"]:
        found = structural_similarity(a[0] / 255, b[0] / 255, win_size=WINDOW, channel_axis=2, data_range=1.0)
        return np.array([found], np.float64)

    return _compare_strips(clean[None], other[None], ssim)[0]


def measure_ssim(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> Float64[np.ndarray, " n"]:
    """SSIM of each pair of images, as ``compare_images`` has it; of large ones on strips, as ``compare_batch`` has it."""
    found, counts = [], []
    for _, strip, count in _cut_strips(clean, SAMPLE):
        found.append(_compute_ssim(clean[:, strip], other[:, strip]))
        counts.append(count)
    means: np.ndarray = np.average(np.array(found), axis=0, weights=counts)
    return means


def compare_batch(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> list[Similarity]:
    """``compare_images`` of each pair; of images of more than SAMPLE pixels on strips that are evenly spread."""
    if np.array_equal(clean, other):
        return [Similarity(mse=0.0, ssim=1.0, linf=0)] * len(clean)
    return _compare_strips(clean, other, _compute_ssim, SAMPLE)


def _compare_strips(
    clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"], ssim: Measure, sample: int | None = None
) -> list[Similarity]:
    """Strip by strip, so that a large image takes little memory besides its own."""
    squares, most, rows = np.zeros(len(clean)), np.zeros(len(clean), np.int64), 0
    found, counts = [], []
    for own, strip, count in _cut_strips(clean, sample):
        apart = np.abs(clean[:, own].astype(np.int16) - other[:, own])
        squares += (apart.astype(np.int32) ** 2).sum((1, 2, 3), dtype=np.int64)
        most, rows = np.maximum(most, apart.max((1, 2, 3))), rows + apart.shape[1]
        found.append(ssim(clean[:, strip], other[:, strip]))
        counts.append(count)
    mse = squares / (rows * clean[0, 0].size) / 255**2
    means = np.average(np.array(found), axis=0, weights=counts)
    rows_of = zip(mse, means, most, strict=True)
    return [Similarity(mse=float(one), ssim=float(alike), linf=int(far)) for one, alike, far in rows_of]


def _cut_strips(images: UInt8[np.ndarray, "n h w c"], sample: int | None) -> Iterator[tuple[slice, slice, int]]:
    """Rows of strips: those that are a strip's alone, those with the windows that begin in it, and how many rows of windows
    those are. All strips, or so many that they have about ``sample`` pixels."""
    height, width = images.shape[1:3]
    last, step = height - WINDOW + 1, max(LEAST, STRIP // width)
    firsts = range(0, last, step)
    for first in firsts[:: max(1, height * width // sample) if sample else 1]:
        count = min(step, last - first)
        yield slice(first, first + count if first + count < last else height), slice(first, first + count + WINDOW - 1), count


def _compute_ssim(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> Float64[np.ndarray, " n"]:
    """Wang et al. 2004, with sums over windows, and products of them, that are exact: numerators over the square of a count."""
    each = max(1, CACHED // clean[0].size)
    return np.concatenate(
        [_compute_small_ssim(clean[at : at + each], other[at : at + each]) for at in range(0, len(clean), each)]
    )


def _compute_small_ssim(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> Float64[np.ndarray, " n"]:
    a, b = clean.astype(np.int32), other.astype(np.int32)
    count, sample = WINDOW**2, WINDOW**2 / (WINDOW**2 - 1)
    low, high = (0.01 * 255 * count) ** 2, (0.03 * 255 * count) ** 2
    sum_a, sum_b, products, squares = (_sum_windows(values) for values in (a, b, a * b, a * a + b * b))
    means, level = sum_a * sum_b, sum_a * sum_a + sum_b * sum_b
    shared, spread = count * products - means, count * squares - level
    alike = (2 * means + low) * (2 * sample * shared + high) / ((level + low) * (sample * spread + high))
    found: np.ndarray = alike.mean((1, 2, 3))
    return found


def choose_batch_size(pixels: int) -> int:
    """How many images of so many pixels each ``measure_ssim`` works on inside the processor's cache."""
    return max(1, PORTION // pixels)


def _sum_windows(values: Int32[np.ndarray, "n h w c"]) -> Int32[np.ndarray, "n a b c"]:
    """Sums over all windows that lie within the image: of two, four and then seven neighbours, down and across."""
    two = values[:, :-1] + values[:, 1:]
    down = two[:, :-5] + two[:, 2:-3] + two[:, 4:-1] + values[:, 6:]
    two = down[:, :, :-1] + down[:, :, 1:]
    sums: np.ndarray = two[:, :, :-5] + two[:, :, 2:-3] + two[:, :, 4:-1] + down[:, :, 6:]
    return sums


def summarise(named: list[tuple[str, Similarity]], worst: int = 5) -> Comparison:
    """The comparison of many images from those of each."""
    mse = float(np.mean([one.mse for _, one in named]))
    return Comparison(
        images=len(named),
        mse=mse,
        psnr=None if mse == 0 else -10 * log10(mse),
        ssim=float(np.mean([one.ssim for _, one in named])),
        linf=max(one.linf for _, one in named),
        worst=tuple(sorted(named, key=lambda item: item[1].ssim)[:worst]),
    )


def compare(clean: ImageDataset, other: ImageDataset, executor: Executor, progress: Progress, *, size: int | None = None,
            worst: int = 5) -> Comparison:  # fmt: skip
    """Compare images of the same class and name; as they lie there, or both brought to ``size`` as for training.

    Raises InputError where an image of ``other`` has no counterpart or another size.
    """
    originals = {record.key: record for record in clean.records}
    orphans = [str(record.path) for record in other.records if record.key not in originals]
    raise_for(orphans, f"images have no counterpart of the same class and name in {clean.root}")

    def both(record: ImageRecord) -> tuple[str, Similarity] | str:
        a, b = (drop_alpha(decode(path, size)) for path in (originals[record.key].path, record.path))
        if a.shape != b.shape:
            return f"{record.path} is {_describe_shape(b)}, and {originals[record.key].path} is {_describe_shape(a)}"
        return str(Path(record.label) / record.path.name), compare_images(a, b)

    named: list[tuple[str, Similarity]] = []
    faults: list[str] = []
    for done, result in enumerate(ordered_map(executor, both, other.records), 1):
        faults.append(result) if isinstance(result, str) else named.append(result)
        progress.step("comparing", done, len(other.records))
    if faults:
        raise InputError(f"{len(faults)} images differ in shape, such as: {faults[0]}; compare like with like")
    return summarise(named, worst)


def _describe_shape(image: Pixels) -> str:
    return f"{image.shape[1]}x{image.shape[0]} with {image.shape[2]} channels"
