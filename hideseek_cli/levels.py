"""Masks of a strength, and the pictures that carry them; every level between published and clean; how strong masks may be."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import floor, sqrt

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt8, UInt16

from hideseek_cli.bundle import Patterns
from hideseek_cli.errors import InputError
from hideseek_cli.layers import Turns
from hideseek_cli.mask import apply, place
from hideseek_cli.material import Material, Thresholds
from hideseek_cli.metrics import similarity
from hideseek_cli.order import Order
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import visible
from hideseek_cli.progress import Progress
from hideseek_cli.trials import Trial

STRONGEST = 2.0
FIRST, SECOND = 10_000_000, 60_000_000
PORTION = 2**22
"""Values of masks that are quantised at once."""
Images = UInt8[np.ndarray, "n h w c"]


@dataclass(frozen=True)
class Maker:
    """Makes integer masks of any strength from patterns, and the pictures that carry them."""

    material: Material
    epsilon: int
    thresholds: Float64[np.ndarray, "p h w c"] | Thresholds
    shifts: UInt16[np.ndarray, "n 2"] | None

    @classmethod
    def of(cls, order: Order, material: Material, master: bytes, banks: int) -> Maker:
        """What an order asks for; ``banks``: patterns a class, where pictures do not have their own."""
        own = order.method.scope == "sample"
        thresholds = material.own_thresholds(master) if own else material.thresholds(master, banks)
        return cls(material, order.epsilon, thresholds, material.shifts(master, order.placement))

    def masks(
        self, pattern: Float[np.ndarray, "p h w c"], strength: float, numbers: Int64[np.ndarray, " k"] | None = None
    ) -> Patterns:
        """Integer masks of the patterns of those numbers, or of all; nothing of a picture's own in a kind that it is not of."""
        numbers, stack = np.arange(len(pattern)) if numbers is None else numbers, self.material.stack
        pieces = [
            stack.quantised(pattern[some], strength, self.thresholds[some], self.epsilon)
            for some in np.array_split(numbers, 1 + len(numbers) * pattern[0].size // PORTION)
        ]
        found = {channels: np.concatenate([piece[channels] for piece in pieces]) for channels in stack.groups}
        if isinstance(self.thresholds, Thresholds):
            for channels, (where, _) in stack.groups.items():
                found[channels][~np.isin(numbers, where)] = 0
        return found

    def render(self, masks: Patterns, which: Int64[np.ndarray, " a"]) -> Images:
        """All pictures that are trained on as networks see them, each with the mask of that number."""
        taught = self.material.taught
        return self.material.stack.masked(masks, which[taught], None if self.shifts is None else self.shifts[taught])

    def likeness(self, masks: Patterns, which: Int64[np.ndarray, "b n"], numbers: list[int]) -> Float64[np.ndarray, "b _"]:
        """SSIM of pictures of one shape, as they lie in their files, under several choices of the masks of all pictures."""
        clean = visible(self.material.own(numbers)[0])
        height, width, channels = clean.shape[1:]
        shifts = None if self.shifts is None else self.shifts[numbers]
        placed = (place(masks[channels], chosen[numbers], shifts, (height, width)) for chosen in which)
        return np.stack([similarity(clean, apply(clean, one)) for one in placed])


@dataclass(frozen=True)
class Scale:
    """Every level from the published folder to the clean one: pictures lose their mask in turn.

    What is left to learn from a masked picture is nothing, so accuracy rises with the others. Of both functions, ``shares``
    are those of all levels: they say which pictures have a pattern in common.
    """

    maker: Maker
    masks: Patterns
    """Bank after bank of one mask a class, or one of each picture."""
    turns: Turns

    def render(self, share: float, shares: Sequence[float]) -> Images:
        masked = self.maker.render(self.masks, self.turns.which(shares))
        bare = self.turns.touched(share)[self.maker.material.taught]
        return np.where(bare[:, None, None, None], self.maker.material.stack.clean(), masked)

    def trial(self, share: float, shares: Sequence[float]) -> Trial:
        return Trial(partial(self.render, share, tuple(shares)), share, masked=~self.turns.touched(share))


def similarities(
    maker: Maker, pattern: Float[np.ndarray, "p h w c"], strength: float, choices: Int64[np.ndarray, "b n"], every: int,
    executor: Executor,
) -> tuple[Float64[np.ndarray, "b k"], Int64[np.ndarray, " k"]]:  # fmt: skip
    """SSIM of every so many-th picture's file under each of the patterns that it may get: sums by row of ``choices`` and by
    class, and how many pictures of each class these are."""
    labels, classes = maker.material.folder.labels[::every], len(maker.material.folder.classes)
    used = np.unique(choices[:, ::every])
    look = partial(maker.likeness, maker.masks(pattern, strength, used), np.searchsorted(used, choices))
    found = np.concatenate(list(in_order(executor, look, maker.material.portions(every))), axis=1)
    return np.stack([np.bincount(labels, bank, classes) for bank in found]), np.bincount(labels, minlength=classes)


def evened(
    maker: Maker, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"], executor: Executor
) -> Float[np.ndarray, "p h w c"]:
    """The patterns of each class brought to one likeness: that which costs more than its others is made fainter.

    Which of them a picture will have is not known yet, so the costliest decides how strong all may be. What SSIM loses grows
    with the square of the strength.
    """
    if len(choices) == 1:
        return pattern
    sums, counts = similarities(maker, pattern, 1.0, choices, _first_look(maker.material), executor)
    lost = counts - sums
    seen = np.flatnonzero((lost > 0).all(0))
    factors = np.ones(len(pattern), pattern.dtype)
    for label in seen:
        mine = choices[:, (maker.material.folder.labels == label).argmax()]
        factors[mine] = np.sqrt(lost[:, label].mean() / lost[:, label])
    return pattern * factors[:, None, None, None]


def _first_look(material: Material) -> int:
    """Every how many-th picture tells about how much likeness is left."""
    return max(len(material) // 500, material.spread(FIRST))


def strongest_strength(
    order: Order, maker: Maker, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"], executor: Executor,
    progress: Progress,
) -> float:  # fmt: skip
    """The greatest strength, in hundredths, at which the mean SSIM of the pictures' files is at least ``min_ssim``, whichever
    of their patterns (``choices``, row by row) the pictures of a class will have.

    At most STRONGEST, where patterns of root mean square ε/2 touch the bound almost everywhere, or where the first of them
    touches it, of a method whose patterns must not be cut off. Searched on at most FIRST
    pixels of pictures evenly spread over the folder, then made sure of on all, or on SECOND pixels of so many more. What SSIM
    loses grows at most with the square of the strength, which says how far to go down at least where it is too much.
    """

    def similar(strength: int, every: int) -> float:
        sums, counts = similarities(maker, pattern, strength / 100, choices, every, executor)
        return float(sums.min(0).sum() / counts.sum())

    first_look = _first_look(maker.material)
    most = STRONGEST if order.method.clippable else min(STRONGEST, order.epsilon / float(np.abs(pattern).max()))
    low, high = 0, floor(100 * most)
    while low < high:
        middle = (low + high + 1) // 2
        progress.step("measuring likeness", 8 - (high - low).bit_length(), 9)
        low, high = (middle, high) if similar(middle, first_look) >= order.min_ssim else (low, middle - 1)
    while low and (found := similar(low, maker.material.spread(SECOND))) < order.min_ssim:
        low = min(low - 1, floor(low * sqrt((1 - order.min_ssim) / (1 - found))))
    progress.step("measuring likeness", 9, 9)
    if not low:
        raise InputError(f"no mask keeps a mean SSIM of {order.min_ssim} on these pictures; lower --min-ssim")
    return low / 100
