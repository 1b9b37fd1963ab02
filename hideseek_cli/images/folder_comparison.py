"""How like two folders look: over all images, over a few that FLIP judges, and which images are worst."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from math import log10
from pathlib import Path
from typing import Any

import numpy as np

from hideseek_cli.errors import InputError, count, raise_for
from hideseek_cli.images.codec import Pixels, decode, drop_alpha
from hideseek_cli.images.dataset import ImageDataset
from hideseek_cli.images.index import ImageRecord
from hideseek_cli.images.similarity import SSIM, Similarity, compare_images
from hideseek_cli.images.visibility import (
    DEFINITION,
    QUALITY,
    choose_sample,
    measure_jpeg_visibility,
    measure_visibility,
)
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.tables import format_table

Named = tuple[str, Similarity]
"""An image's name, and how like its original it is."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How like two folders are: means over images, the largest change, and the images with the lowest SSIM."""

    images: int
    mse: float
    psnr: float | None
    """Of the mean MSE; None where the folders are identical."""
    ssim: float
    linf: int
    worst: tuple[Named, ...]
    visibility: float | None = None
    """FLIP's mean over those of the images that it judged; None where it judged none."""
    judged: int = 0
    """How many these are."""
    jpeg_visibility: float | None = None
    """The same, had the clean images been made JPEGs of quality 75; None where that was not measured."""
    most_visible: tuple[Named, ...] = ()
    """Of the images that were judged, the worst by visibility."""
    confidence_ascent: float | None = None
    """CAR in percent (``evaluation.learnability``), where a network was trained to measure it."""
    gradient_compression: float | None = None
    """GCR in percent, likewise."""

    @property
    def _ratios(self) -> dict[str, float]:
        found = {"car": self.confidence_ascent, "gcr": self.gradient_compression}
        return {name: ratio for name, ratio in found.items() if ratio is not None}

    def to_json(self) -> dict[str, Any]:
        """MSE and SSIM of images scaled to 0..1, PSNR in dB, ``linf`` in grey levels, ``visibility`` 0 to 1."""
        return {
            "images": self.images, "mse": self.mse, "psnr": self.psnr, "ssim": self.ssim, "linf": self.linf,
            "ssim_definition": SSIM, "visibility": self.visibility, "visibility_jpeg_75": self.jpeg_visibility,
            "visibility_images": self.judged, "visibility_definition": DEFINITION, **self._ratios,
            "worst": [_to_json(*one) for one in self.worst], "most_visible": [_to_json(*one) for one in self.most_visible],
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A row for all images, one for them as JPEGs, and one for each of the worst, by SSIM and then by visibility."""
        everything = {
            "images": f"all {self.images}", "MSE": f"{self.mse:.3e}",
            "PSNR dB": "identical" if self.psnr is None else f"{self.psnr:.2f}", "SSIM": f"{self.ssim:.4f}",
            "Linf": str(self.linf), "visibility": show_visibility(self.visibility),
            **{f"{name.upper()} %": f"{ratio:.1f}" for name, ratio in self._ratios.items()},
        }  # fmt: skip
        compressed = {
            "images": f"as JPEG of quality {QUALITY}", "MSE": "", "PSNR dB": "", "SSIM": "", "Linf": "",
            "visibility": show_visibility(self.jpeg_visibility),
        }  # fmt: skip
        known = [] if self.jpeg_visibility is None else [compressed]
        return [everything, *known, *(_to_row(*one) for one in (*self.worst, *self.most_visible))]

    def remarks(self) -> list[str]:
        """How it was measured."""
        below = f"; the first {count(len(self.worst), 'image')} named are the worst by SSIM" if self.worst else ""
        most = f"; the last {len(self.most_visible)} named are the worst by it" if self.most_visible else ""
        seen = [f"visibility: {describe_visibility(self.judged)}{most}"] if self.judged else []
        return [f"SSIM: {SSIM}; MSE of images scaled to 0..1{below}", *seen]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])


def describe_visibility(judged: int) -> str:
    """How it was measured."""
    return f"{DEFINITION}, {count(judged, 'image')} evenly spread"


def show_visibility(visibility: float | None) -> str:
    """As a table has it; nothing where it was not measured."""
    return "" if visibility is None else f"{visibility:.4f}"


def _to_json(name: str, one: Similarity) -> dict[str, Any]:
    seen = {} if one.visibility is None else {"visibility": one.visibility}
    return {"image": name, "mse": one.mse, "ssim": one.ssim, "linf": one.linf, **seen}


def _to_row(name: str, one: Similarity) -> dict[str, str]:
    return {"images": name, "MSE": f"{one.mse:.3e}", "PSNR dB": "", "SSIM": f"{one.ssim:.4f}", "Linf": str(one.linf),
            "visibility": show_visibility(one.visibility)}  # fmt: skip


def summarise(named: list[Named], worst: int = 5) -> Comparison:
    """The comparison of many images from those of each."""
    mse = float(np.mean([one.mse for _, one in named]))
    seen = [(name, one, one.visibility) for name, one in named if one.visibility is not None]
    seen.sort(key=lambda item: -item[2])
    return Comparison(
        images=len(named),
        mse=mse,
        psnr=None if mse == 0 else -10 * log10(mse),
        ssim=float(np.mean([one.ssim for _, one in named])),
        linf=max(one.linf for _, one in named),
        worst=tuple(sorted(named, key=lambda item: item[1].ssim)[:worst]),
        visibility=float(np.mean([found for *_, found in seen])) if seen else None,
        judged=len(seen),
        most_visible=tuple((name, one) for name, one, _ in seen[:worst]),
    )


def compare(clean: ImageDataset, other: ImageDataset, executor: Executor, progress: Progress, *, size: int | None = None,
            worst: int = 5) -> Comparison:  # fmt: skip
    """Compare images of the same class and name; as they lie there, or both brought to ``size`` as for training.

    Raises InputError where an image of ``other`` has no counterpart or another size.
    """
    originals = {record.key: record for record in clean.records}
    orphans = [str(record.path) for record in other.records if record.key not in originals]
    raise_for(orphans, f"images have no counterpart of the same class and name in {clean.root}")
    judged = set(choose_sample(len(other.records)).tolist())

    def both(numbered: tuple[int, ImageRecord]) -> tuple[str, Similarity, float | None] | str:
        number, record = numbered
        a, b = (drop_alpha(decode(path, size)) for path in (originals[record.key].path, record.path))
        if a.shape != b.shape:
            return f"{record.path} is {_describe_shape(b)}, and {originals[record.key].path} is {_describe_shape(a)}"
        name, found = str(Path(record.label) / record.path.name), compare_images(a, b)
        if number not in judged:
            return name, found, None
        return name, replace(found, visibility=measure_visibility(a, b)), measure_jpeg_visibility(a)

    named: list[Named] = []
    compressed: list[float] = []
    faults: list[str] = []
    for done, result in enumerate(ordered_map(executor, both, enumerate(other.records)), 1):
        if isinstance(result, str):
            faults.append(result)
        else:
            name, found, jpeg = result
            named.append((name, found))
            compressed += [] if jpeg is None else [jpeg]
        progress.step("comparing", done, len(other.records))
    if faults:
        raise InputError(f"{len(faults)} images differ in shape, such as: {faults[0]}; compare like with like")
    return replace(summarise(named, worst), jpeg_visibility=float(np.mean(compressed)))


def _describe_shape(image: Pixels) -> str:
    return f"{image.shape[1]}x{image.shape[0]} with {image.shape[2]} channels"
