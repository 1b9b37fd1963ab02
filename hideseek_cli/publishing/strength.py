"""How strong masks may be: as strong as similarity, the eye and ε allow, and which of these it is that binds."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import floor, sqrt

import numpy as np
from jaxtyping import Float, Float64, Int64

from hideseek_cli.errors import InputError
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.visibility_limit import VisibilityLimit
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

STRONGEST = 2.0
BOUNDS = {"visibility": "the eye (`max_visibility`)", "ssim": "similarity (`min_ssim`)", "strongest": "`epsilon`"}
"""What may keep a strength from being greater, and how it is told."""
FIRST, SECOND = 10_000_000, 60_000_000


@dataclass(frozen=True)
class Strength:
    """A factor of patterns, in hundredths, and what keeps it from being greater."""

    value: float
    bound: str
    """One of BOUNDS."""

    @property
    def described(self) -> str:
        """What keeps it, in words."""
        return BOUNDS[self.bound]


def measure_similarity(
    renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], strength: float, choices: Int64[np.ndarray, "b n"],
    every: int, executor: Executor,
) -> tuple[Float64[np.ndarray, "b k"], Int64[np.ndarray, " k"]]:  # fmt: skip
    """SSIM of every so many-th image's file under each of the patterns that it may get: sums by row of ``choices`` and by
    class, and how many images of each class these are."""
    labels, classes = renderer.source.folder.labels[::every], len(renderer.source.folder.classes)
    used = np.unique(choices[:, ::every])
    look = partial(renderer.similarity, renderer.masks(pattern, strength, used), np.searchsorted(used, choices))
    found = np.concatenate(list(ordered_map(executor, look, renderer.source.portions(every))), axis=1)
    return np.stack([np.bincount(labels, pattern_set, classes) for pattern_set in found]), np.bincount(
        labels, minlength=classes
    )


def equalise_similarity(
    renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"], executor: Executor
) -> Float[np.ndarray, "p h w c"]:
    """The patterns of each class brought to one similarity: that which costs more than its others is made fainter.

    Which of them an image will have is not known yet, so the costliest decides how strong all may be. What SSIM loses grows
    with the square of the strength.
    """
    if len(choices) == 1:
        return pattern
    sums, counts = measure_similarity(renderer, pattern, 1.0, choices, _first_look(renderer.source), executor)
    lost = counts - sums
    seen = np.flatnonzero((lost > 0).all(0))
    factors = np.ones(len(pattern), pattern.dtype)
    for label in seen:
        mine = label + len(counts) * np.arange(len(choices))
        factors[mine] = np.sqrt(lost[:, label].mean() / lost[:, label])
    return pattern * factors[:, None, None, None]


def _first_look(source: SourceDataset) -> int:
    """Every how many-th image tells about how much similarity is left."""
    return max(len(source) // 500, source.spread(FIRST))


def find_greatest_strength(
    config: HideConfig, renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"],
    executor: Executor, progress: Progress, limit: VisibilityLimit | None = None,
) -> Strength:  # fmt: skip
    """The greatest strength, in hundredths, at which the mean SSIM of the images' files is at least ``min_ssim``, whichever
    of their patterns (``choices``, row by row) the images of a class will have, and their visibility within ``limit``
    (None: whatever the eye sees).

    At most STRONGEST, where patterns of root mean square ε/2 touch the bound almost everywhere, or where the first of them
    touches it, of a method whose patterns must not be cut off. Raises InputError where there is none.
    """
    most = STRONGEST if config.method.clippable else min(STRONGEST, config.epsilon / float(np.abs(pattern).max()))
    strongest = floor(100 * most)
    alike = _find_similar(config.min_ssim, renderer, pattern, choices, strongest, executor, progress)
    if not alike:
        raise InputError(f"no mask keeps a mean SSIM of {config.min_ssim} on these images; lower `min_ssim`")
    found = alike if limit is None else limit.lower(renderer, pattern, choices, alike, executor, progress)
    if limit is not None and not found:
        raise InputError(f"no mask keeps a visibility of {limit.mean:.2g} on these images; raise `max_visibility`")
    return Strength(found / 100, "visibility" if found < alike else "ssim" if alike < strongest else "strongest")


def _find_similar(
    least: float, renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"],
    strongest: int, executor: Executor, progress: Progress,
) -> int:  # fmt: skip
    """The greatest strength that keeps a mean SSIM of ``least``, in hundredths; 0 where there is none.

    Searched on at most FIRST pixels of images evenly spread over the folder, then made sure of on all, or on SECOND pixels
    of so many more. What SSIM loses grows at most with the square of the strength, which says how far to go down at least
    where it is too much.
    """

    def similar(strength: int, every: int) -> float:
        sums, counts = measure_similarity(renderer, pattern, strength / 100, choices, every, executor)
        return float(sums.min(0).sum() / counts.sum())

    first_look = _first_look(renderer.source)
    low, high = 0, strongest
    while low < high:
        middle = (low + high + 1) // 2
        progress.step("measuring similarity", 8 - (high - low).bit_length(), 9)
        low, high = (middle, high) if similar(middle, first_look) >= least else (low, middle - 1)
    while low and (found := similar(low, renderer.source.spread(SECOND))) < least:
        low = min(low - 1, floor(low * sqrt((1 - least) / (1 - found))))
    progress.step("measuring similarity", 9, 9)
    return low
