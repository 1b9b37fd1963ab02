"""Which images of a folder stay JPEGs, on which grids, and why others do not."""

from __future__ import annotations

from collections import Counter

import numpy as np

from hideseek_cli.errors import name_some
from hideseek_cli.images.jpeg import Grid
from hideseek_cli.images.stored import Jpeg, Stored

NAMED = 5
"""Reasons that a line names."""


def tell_kind(image: Stored) -> Grid | str | None:
    """The grid of an image that stays a JPEG, or why a JPEG does not; None for other images."""
    return image.coefficients.grid if isinstance(image, Jpeg) else image.unfit


class KeptJpegs:
    """What is noted of them, image by image."""

    def __init__(self, images: int) -> None:
        self.which = np.zeros(images, np.bool_)
        self.grids: dict[int, Grid] = {}
        """Of those that are trained on, by their place among these."""
        self.unfit = Counter[str]()
        self._alike: dict[Grid, Grid] = {}

    def add(self, number: int, kind: Grid | str | None, taught: int | None) -> None:
        """``taught``: its place among images that are trained on."""
        if isinstance(kind, str):
            self.unfit[kind] += 1
        elif kind is not None:
            self.which[number] = True
            if taught is not None:
                self.grids[taught] = self._alike.setdefault(kind, kind)

    def describe_others(self, encoding: str) -> str | None:
        """How many JPEGs do not stay such, and why; None where all do.

        >>> found = KeptJpegs(4)
        >>> for number, why in enumerate(["cut off", "of 12 bits a channel", "cut off", None]):
        ...     found.add(number, why, number)
        >>> found.describe_others("png")
        'JPEGs whose coefficients cannot be masked become PNG: 3 (2 cut off, 1 of 12 bits a channel)'
        """
        if not self.unfit:
            return None
        reasons = name_some([f"{times} {why}" for why, times in self.unfit.most_common()], NAMED)
        return f"JPEGs whose coefficients cannot be masked become {encoding.upper()}: {self.unfit.total()} ({reasons})"
