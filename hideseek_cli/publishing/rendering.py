"""Masks of a strength, and the images that carry them; every level between published and clean; how strong masks may be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import floor, sqrt

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.images.codec import Images, drop_alpha
from hideseek_cli.images.similarity import measure_ssim
from hideseek_cli.masks.arithmetic import apply, place_on
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.source import SourceDataset, Thresholds
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

STRONGEST = 2.0
FIRST, SECOND = 10_000_000, 60_000_000
PORTION = 2**22
"""Values of masks that are quantised at once."""


@dataclass(frozen=True)
class MaskRenderer:
    """Makes integer masks of any strength from patterns, and the images that carry them."""

    source: SourceDataset
    epsilon: int
    thresholds: Float64[np.ndarray, "p h w c"] | Thresholds
    shifts: UInt16[np.ndarray, "n 2"] | None

    @classmethod
    def of(cls, config: HideConfig, source: SourceDataset, master: bytes, pattern_sets: int) -> MaskRenderer:
        """For what an owner asks; ``pattern_sets``: patterns a class, where images do not have their own."""
        own = config.method.scope == "sample"
        thresholds = source.own_thresholds(master) if own else source.thresholds(master, pattern_sets)
        return cls(source, config.epsilon, thresholds, source.shifts(master, config.placement))

    def masks(
        self, pattern: Float[np.ndarray, "p h w c"], strength: float, numbers: Int64[np.ndarray, " k"] | None = None
    ) -> Patterns:
        """Integer masks of the patterns of those numbers, or of all; nothing of an image's own in a kind that it is not of."""
        numbers, stack = np.arange(len(pattern)) if numbers is None else numbers, self.source.stack
        pieces = [
            stack.quantise(pattern[some], strength, self.thresholds[some], self.epsilon)
            for some in np.array_split(numbers, 1 + len(numbers) * pattern[0].size // PORTION)
        ]
        kinds = stack.kinds
        found = {channels: np.concatenate([piece[channels] for piece in pieces]) for channels in kinds}
        if isinstance(self.thresholds, Thresholds):
            for channels, where in kinds.items():
                found[channels][~np.isin(numbers, where)] = 0
        return found

    def render(self, masks: Patterns, which: Int64[np.ndarray, " a"]) -> Images:
        """All images that are trained on as networks see them, each with the mask of that number."""
        taught = self.source.taught
        return self.source.stack.apply_masks(masks, which[taught], None if self.shifts is None else self.shifts[taught])

    def similarity(self, masks: Patterns, which: Int64[np.ndarray, "b n"], numbers: list[int]) -> Float64[np.ndarray, "b _"]:
        """SSIM of images of one shape, as they lie in their files, under several choices of the masks of all images."""
        own = self.source.read_originals(numbers)[0]
        clean, shifts = drop_alpha(own), None if self.shifts is None else self.shifts[numbers]
        placed = (place_on(own, masks, chosen[numbers], shifts) for chosen in which)
        return np.stack([measure_ssim(clean, apply(clean, one)) for one in placed])


@dataclass(frozen=True)
class LevelScale:
    """Every level from the published folder to the clean one: images lose their mask in turn.

    What is left to learn from a masked image is nothing, so accuracy rises with the others. ``share``: the masked share to
    render. ``shares``: those of all levels, which decide what images have a pattern in common.
    """

    renderer: MaskRenderer
    masks: Patterns
    """Pattern set after pattern set of one mask a class, or one of each image."""
    unmasking: UnmaskingOrder

    def render(self, share: float, shares: Sequence[float]) -> Images:
        masked = self.renderer.render(self.masks, self.unmasking.which(shares))
        bare = self.unmasking.touched(share)[self.renderer.source.taught]
        return np.where(bare[:, None, None, None], self.renderer.source.stack.clean(), masked)

    def make_retraining(self, share: float, shares: Sequence[float]) -> Retraining:
        return Retraining(partial(self.render, share, tuple(shares)), share, masked=~self.unmasking.touched(share))


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
    executor: Executor, progress: Progress,
) -> float:  # fmt: skip
    """The greatest strength, in hundredths, at which the mean SSIM of the images' files is at least ``min_ssim``, whichever
    of their patterns (``choices``, row by row) the images of a class will have.

    At most STRONGEST, where patterns of root mean square ε/2 touch the bound almost everywhere, or where the first of them
    touches it, of a method whose patterns must not be cut off. Searched on at most FIRST
    pixels of images evenly spread over the folder, then made sure of on all, or on SECOND pixels of so many more. What SSIM
    loses grows at most with the square of the strength, which says how far to go down at least where it is too much.
    """

    def similar(strength: int, every: int) -> float:
        sums, counts = measure_similarity(renderer, pattern, strength / 100, choices, every, executor)
        return float(sums.min(0).sum() / counts.sum())

    first_look = _first_look(renderer.source)
    most = STRONGEST if config.method.clippable else min(STRONGEST, config.epsilon / float(np.abs(pattern).max()))
    low, high = 0, floor(100 * most)
    while low < high:
        middle = (low + high + 1) // 2
        progress.step("measuring similarity", 8 - (high - low).bit_length(), 9)
        low, high = (middle, high) if similar(middle, first_look) >= config.min_ssim else (low, middle - 1)
    while low and (found := similar(low, renderer.source.spread(SECOND))) < config.min_ssim:
        low = min(low - 1, floor(low * sqrt((1 - config.min_ssim) / (1 - found))))
    progress.step("measuring similarity", 9, 9)
    if not low:
        raise InputError(f"no mask keeps a mean SSIM of {config.min_ssim} on these images; lower `min_ssim`")
    return low / 100
