"""How like two folders look: MSE, PSNR, SSIM and the largest change of any pixel.

MSE and SSIM are of pictures scaled to 0..1, as the papers print them; PSNR is in dB; L∞ is in grey levels. SSIM is
scikit-image's: a uniform window of 7x7 pixels, data range 1, channels averaged. ``hide`` needs it of every picture at
many strengths and levels, and has it from ``similarity``: the same figures for many pictures at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from math import log10
from pathlib import Path

import numpy as np
from jaxtyping import Float64, Int32, UInt8
from skimage.metrics import structural_similarity

from hideseek_cli.errors import InputError
from hideseek_cli.folder import Entry, Folder, refuse
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Picture, decode
from hideseek_cli.progress import Progress

WINDOW = 7
PORTION = 100_000
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


def similarity(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> Float64[np.ndarray, " n"]:
    """SSIM of each pair of pictures, as in ``likeness``; sums over windows are exact, in integers (Wang et al. 2004)."""
    a, b = clean.astype(np.int32), other.astype(np.int32)
    count = WINDOW**2
    mean_a, mean_b, aa, bb, ab = (_window_sums(values) / count for values in (a, b, a * a, b * b, a * b))
    sample = count / (count - 1)
    spread = sample * (aa - mean_a**2 + bb - mean_b**2)
    shared = sample * (ab - mean_a * mean_b)
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    alike = (2 * mean_a * mean_b + low) * (2 * shared + high) / ((mean_a**2 + mean_b**2 + low) * (spread + high))
    means: np.ndarray = alike.mean((1, 2, 3))
    return means


def likenesses(clean: UInt8[np.ndarray, "n h w c"], other: UInt8[np.ndarray, "n h w c"]) -> list[Likeness]:
    """``likeness`` of each pair of many pictures."""
    apart = clean.astype(np.int32) - other
    mse = (apart**2).mean((1, 2, 3)) / 255**2
    rows = zip(mse, similarity(clean, other), np.abs(apart).max((1, 2, 3)), strict=True)
    return [Likeness(mse=float(one), ssim=float(alike), linf=int(most)) for one, alike, most in rows]


def portions(count: int, pixels: int) -> Iterator[range]:
    """``count`` pictures of so many pixels each, in portions that ``similarity`` works on inside the processor's cache."""
    size = max(1, PORTION // pixels)
    yield from (range(first, min(first + size, count)) for first in range(0, count, size))


def _window_sums(values: Int32[np.ndarray, "n h w c"]) -> Int32[np.ndarray, "n a b c"]:
    """Sums over all windows that lie within the picture. Running sums may wrap around; their differences do not mind."""
    for axis in (1, 2):
        running = np.cumsum(values, axis, dtype=np.int32)
        first, rest = np.split(running, [WINDOW], axis)
        values = np.concatenate([first.take([-1], axis), rest - running.take(range(rest.shape[axis]), axis)], axis)
    return values


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
