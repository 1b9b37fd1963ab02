"""Masks of a strength, and the images that carry them; every level between published and clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt16

from hideseek_cli.images.codec import Images
from hideseek_cli.images.similarity import measure_ssim
from hideseek_cli.images.visibility import measure_visibility
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.masks.canvas import Canvas, Laid
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.source import SourceDataset, Thresholds

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
        self, pattern: Float[np.ndarray, "a h w c"], strength: float, numbers: Int64[np.ndarray, " k"] | None = None
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
        shifts = None if self.shifts is None else self.shifts[taught]
        return self.source.stack.apply_masks(masks, which[taught], shifts, self.epsilon)

    def similarity(self, masks: Patterns, which: Int64[np.ndarray, "b n"], numbers: list[int]) -> Float64[np.ndarray, "b _"]:
        """SSIM of images of one shape and kind, in their files, under several choices of the masks of all images."""
        own = self.source.read_originals(numbers)
        return np.stack([measure_ssim(own.colours, self._mask(own, masks, chosen, numbers)) for chosen in which])

    def visibility(self, masks: Patterns, which: Int64[np.ndarray, " n"], number: int) -> float:
        """FLIP's mean of an image, as it lies in its file, under the mask that ``which`` gives it."""
        own = self.source.read_originals([number])
        return measure_visibility(own.colours[0], self._mask(own, masks, which, [number])[0])

    def _mask(self, own: Canvas, masks: Patterns, which: Int64[np.ndarray, " a"], numbers: list[int]) -> Images:
        """Images, which are ``own``, as their files will show them under the masks that ``which`` gives all images."""
        shifts = None if self.shifts is None else self.shifts[numbers]
        return own.mask(Laid(masks, which[numbers], shifts), self.epsilon).colours


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
