"""The masks of a release: what is laid on every image at each level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int64, UInt16

from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.masks.canvas import Canvas, Laid, Lost
from hideseek_cli.masks.chunked import Patterns


@dataclass(frozen=True, kw_only=True)
class ReleaseMasks:
    """The masks of a release, by level; the strongest one first in meaning, the clean one added here."""

    epsilon: int
    published: Patterns
    which: Int64[np.ndarray, " n"]
    """The published mask of each image, by number."""
    strength: float
    tiers: dict[str, Bool[np.ndarray, " n"]]
    """Level -> images that do not carry the published mask."""
    own: dict[str, Patterns]
    """Level -> the masks that those carry, by the same numbers, where it is not none."""
    shifts: UInt16[np.ndarray, "n 2"] | None
    single: bool = False
    """Whether every image has a mask of its own by design, not because its class has as many patterns as images."""

    def lay(self, numbers: Sequence[int], level: str = PUBLISHED) -> Laid:
        """The published masks of images, or those of a level whose masks are its own."""
        shifts = None if self.shifts is None else self.shifts[numbers]
        return Laid(self.published if level == PUBLISHED else self.own[level], self.which[numbers], shifts)

    def publish(self, own: Canvas, numbers: Sequence[int]) -> Canvas:
        """Images, which are ``own``, as they are published."""
        return own.mask(self.lay(numbers), self.epsilon)

    def lead(self, own: Canvas, published: Canvas, numbers: Sequence[int], level: str) -> tuple[Canvas, Lost]:
        """What images become at a level where they do not stay as they are published, and what leads there."""
        return own.lead(published, self.lay(numbers, level) if level in self.own else None)

    def render(self, own: Canvas, number: int) -> list[Canvas]:
        """An image as it is published, and at each level."""
        published = self.publish(own, [number])
        levels = (level for level, bared in self.tiers.items() if bared[number])
        led = {level: self.lead(own, published, [number], level)[0] for level in levels}
        return [published, *(led.get(level, published) for level in self.tiers)]
