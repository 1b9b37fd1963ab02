"""Which pictures share a pattern: layers, so that a cleaner holds nothing of what it does not take off.

Pictures lose their mask in turn as levels rise. Those between one level and the next form a layer, with one pattern a class
that no other layer has. The cleaner of a level takes off the layers below it and holds only their patterns; a buyer
who looks for those on other pictures finds none. Few pictures do not make a network notice their pattern, so a layer
with fewer than FEWEST pictures a class joins the next one, and then a buyer of the lower level can strip that one too.

>>> turns = np.array([5, 0, 3, 1, 4, 2])
>>> ends([0.5, 0.8], count=6, classes=1, fewest=1)
[1, 3]
>>> layers(turns, [1, 3]).tolist()
[2, 0, 2, 1, 2, 1]
>>> ends([0.5, 0.8], count=6, classes=1, fewest=2), stripped(1, [3], count=6)
([3], 3)
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int64

FEWEST = 10
"""Pictures a class that a pattern needs to hide them (docs/levels.md)."""


def cleaned(share: float, count: int) -> int:
    """How many of ``count`` pictures carry no mask where ``share`` of them do."""
    return round((1 - share) * count)


def ends(shares: Sequence[float], *, count: int, classes: int, fewest: int = FEWEST) -> list[int]:
    """The turns at which a new layer begins, rising; ``shares``: of the masked pictures at each level."""
    least = fewest * classes
    found: list[int] = []
    for end in sorted({cleaned(share, count) for share in shares}):
        if end - (found[-1] if found else 0) >= least and count - end >= least:
            found.append(end)
    return found


def layers(turns: Int64[np.ndarray, " n"], ends: Sequence[int]) -> Int64[np.ndarray, " n"]:
    """The layer of each picture, from 0: that of the lowest level."""
    return np.searchsorted(np.array(ends, np.int64), turns, side="right")


def stripped(end: int, ends: Sequence[int], *, count: int) -> int:
    """How many pictures carry a pattern that is known to who bought the first ``end``."""
    return next((one for one in ends if one >= end), count)
