"""The masks of a release: what is laid on every image at each level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int8, Int64, UInt8, UInt16

from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.images.codec import drop_alpha
from hideseek_cli.masks.arithmetic import apply, place_on
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

    def place(
        self, own: UInt8[np.ndarray, "n y x f"], numbers: Sequence[int], level: str = PUBLISHED
    ) -> Int8[np.ndarray, "n y x c"]:
        """The published mask of images, which are ``own``, or that of a level whose masks are its own."""
        shift = None if self.shifts is None else self.shifts[numbers]
        return place_on(own, self.published if level == PUBLISHED else self.own[level], self.which[numbers], shift)

    def render(self, own: UInt8[np.ndarray, "n y x f"], numbers: Sequence[int]) -> dict[str, UInt8[np.ndarray, "n y x c"]]:
        """The colours of images, which are ``own``, as they are published, and at each level."""
        clean = drop_alpha(own)
        found = {PUBLISHED: apply(clean, self.place(own, numbers))}
        for level, touched in self.tiers.items():
            theirs = apply(clean, self.place(own, numbers, level)) if level in self.own else clean
            found[level] = np.where(touched[numbers][:, None, None, None], theirs, found[PUBLISHED])
        return found
