"""How like two folders look: MSE, PSNR, SSIM and the largest change of any pixel.

MSE and SSIM are of pictures scaled to 0..1, as the papers print them; PSNR is in dB; L∞ is in grey levels. SSIM is
scikit-image's: a uniform window of 7x7 pixels, data range 1, channels averaged.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from math import log10
from pathlib import Path

import numpy as np
from skimage.metrics import structural_similarity

from hideseek_cli.errors import InputError
from hideseek_cli.folder import Entry, Folder, refuse
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Picture, decode
from hideseek_cli.progress import Progress

WINDOW = 7
SSIM = f"scikit-image, uniform {WINDOW}x{WINDOW} window, data range 1, mean over channels"


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How like two pictures are."""

    mse: float
    ssim: float
    linf: int
    """Largest absolute difference, in grey levels."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How like two folders are: means over pictures, the largest change, and the pictures with the lowest SSIM."""

    images: int
    mse: float
    psnr: float | None
    """Of the mean MSE; None where the folders are identical."""
    ssim: float
    linf: int
    worst: tuple[tuple[str, Likeness], ...]


def likeness(clean: Picture, other: Picture) -> Likeness:
    """Compare two pictures of one shape, in grey levels."""
    a, b = clean.astype(np.float64) / 255, other.astype(np.float64) / 255
    return Likeness(
        mse=float(np.mean((a - b) ** 2)),
        ssim=float(structural_similarity(a, b, win_size=WINDOW, channel_axis=2, data_range=1.0)),
        linf=int(np.abs(clean.astype(np.int16) - other).max()),
    )


def summary(named: list[tuple[str, Likeness]], worst: int = 5) -> Comparison:
    """The comparison of many pictures from those of each."""
    mse = float(np.mean([one.mse for _, one in named]))
    return Comparison(
        images=len(named),
        mse=mse,
        psnr=None if mse == 0 else -10 * log10(mse),
        ssim=float(np.mean([one.ssim for _, one in named])),
        linf=max(one.linf for _, one in named),
        worst=tuple(sorted(named, key=lambda item: item[1].ssim)[:worst]),
    )


def compare(clean: Folder, other: Folder, executor: Executor, progress: Progress, *, size: int | None = None,
            worst: int = 5) -> Comparison:  # fmt: skip
    """Compare pictures of the same class and name; ``size`` is applied to the clean ones, as ``hide --size`` does.

    Raises InputError where a picture of ``other`` has no counterpart or another size.
    """
    originals = {entry.key: entry for entry in clean.entries}
    orphans = [str(entry.path) for entry in other.entries if entry.key not in originals]
    refuse(orphans, f"pictures have no counterpart of the same class and name in {clean.root}")

    def both(entry: Entry) -> tuple[str, Likeness] | str:
        a, b = decode(originals[entry.key].path, size), decode(entry.path)
        if a.shape != b.shape:
            return f"{entry.path} is {_shape(b)}, and {originals[entry.key].path} is {_shape(a)}"
        return str(Path(entry.label) / entry.path.name), likeness(a, b)

    named: list[tuple[str, Likeness]] = []
    faults: list[str] = []
    for done, result in enumerate(in_order(executor, both, other.entries), 1):
        faults.append(result) if isinstance(result, str) else named.append(result)
        progress.step("comparing", done, len(other.entries))
    if faults:
        raise InputError(f"{len(faults)} pictures differ in shape, such as: {faults[0]}; compare like with like (--size)")
    return summary(named, worst)


def _shape(picture: Picture) -> str:
    return f"{picture.shape[1]}x{picture.shape[0]} with {picture.shape[2]} channels"
