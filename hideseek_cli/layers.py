"""Which pictures share a pattern: layers, so that a cleaner holds nothing of what it does not take off.

Pictures lose their mask in turn as levels rise. Those between one level and the next form a layer, with one pattern a class
that no other layer has. The cleaner of a level takes off the layers below it and holds only their patterns; a buyer
who looks for those on other pictures finds none. Few pictures do not make a network notice their pattern, so a layer
with fewer than FEWEST pictures for each class that it holds joins the next one, and then a buyer of the lower level can
strip those of the same classes there too.

>>> turns, labels = np.array([5, 0, 3, 1, 4, 2]), np.zeros(6, int)
>>> ends([0.5, 0.8], turns, labels, fewest=1)
[1, 3]
>>> limit(turns, np.array([0, 1, 1, 0, 0, 1]))
0.5
>>> layers(turns, [1, 3]).tolist()
[2, 0, 2, 1, 2, 1]
>>> ends([0.5, 0.8], turns, labels, fewest=2)
[3]
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


def limit(turns: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"]) -> float:
    """The share of masked pictures above which the others are of one class, and so teach nothing."""
    ranked = labels[turns.argsort()]
    return 1 - float((ranked != ranked[0]).argmax()) / len(turns)


def ends(
    shares: Sequence[float], turns: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], fewest: int = FEWEST
) -> list[int]:
    """The turns at which a new layer begins, rising; ``shares``: of the masked pictures at each level."""
    ranked = labels[turns.argsort()]

    def enough(first: int, end: int) -> bool:
        return first < end and end - first >= fewest * len(np.unique(ranked[first:end]))

    found: list[int] = []
    for end in sorted({cleaned(share, len(turns)) for share in shares}):
        if enough(found[-1] if found else 0, end) and enough(end, len(turns)):
            found.append(end)
    return found


def layers(turns: Int64[np.ndarray, " n"], ends: Sequence[int]) -> Int64[np.ndarray, " n"]:
    """The layer of each picture, from 0: that of the lowest level."""
    return np.searchsorted(np.array(ends, np.int64), turns, side="right")
