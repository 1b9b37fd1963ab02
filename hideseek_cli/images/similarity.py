"""How like two images are: MSE, SSIM and the largest change of any pixel.

MSE and SSIM are of images scaled to 0..1, as the papers print them; L∞ is in grey levels. SSIM is
scikit-image's: a uniform window of 7x7 pixels, data range 1, channels averaged. ``hide`` needs it of every image at
many strengths and levels, and has it from ``measure_ssim`` and ``compare_batch``: the same figures for many images at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int32, UInt8
from skimage.metrics import structural_similarity

from hideseek_cli.images.codec import Pixels

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
    visibility: float | None = None
    """FLIP's mean (``images.visibility``), where it was measured."""


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
