"""Which images have lost their mask at a level, and which share a pattern: layers, so that a cleaner holds nothing of
what it does not take off.

Images lose their mask in turn as levels rise. Those between one level and the next form a layer, with patterns of a class
that no other layer has. Where whole classes lose their masks, one after another, few of them lie in several layers, so a
class has few patterns, each with many images. The cleaner of a level takes off the layers below it and holds only their
patterns; a buyer who looks for those on other images finds none. Few images do not make a network notice their pattern, so
a layer with fewer than FEWEST images for each class that it holds joins the next one, and then a buyer of the lower level
can strip those of the same classes there too.

Siblings, which are copies of one image or nearly so, lose their masks at once, since who has one clean could subtract it
from another that is masked and hold the pattern of a layer that was not bought. They carry one pattern, so that the
difference of two masked ones is none.

>>> order = UnmaskingOrder(np.array([5, 0, 3, 1, 4, 2]), np.array([0, 1, 1, 0, 0, 1]), pattern_sets=3)
>>> order.touched(0.5).tolist()
[False, True, False, True, False, True]
>>> order.limit
0.8333333333333334
>>> order.ends([0.5, 0.8], fewest=1)
[1, 3]
>>> order.ends([0.5, 0.8], fewest=2)
[]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float64, Int64

from hideseek_cli.images.copies import find_divided

FEWEST = 10
"""Images a class that a pattern needs to hide them (docs/results/2026-11-levels.md)."""
CARRIED = 3
"""Patterns that hide a class's images as well as one does; eight do not (docs/results/2026-11-security.md)."""
ENOUGH = 0.06
"""Share of a class's images that teach half of what all do, where most other classes are clean or masked in whole."""
DOUBT = 0.1
"""Share of the images by which a level may be found elsewhere than it is expected before anything is measured."""


def find_quietest_order(
    orders: Int64[np.ndarray, "c k"], sizes: Int64[np.ndarray, " k"], aims: Sequence[float]
) -> Int64[np.ndarray, " k"]:
    """Of several orders of classes, the one in which levels fall into the smallest classes, the last two counting as one.

    A level hardly ever ends with a class: of the one that it falls into a part is clean, and whether a network learns that
    class is chance, which costs as many points as it has images (docs/results/2026-11-levels.md). ``aims``: the share of clean
    images at which each level is expected. Of orders that are as good as each other, the first.

    >>> find_quietest_order(np.array([[0, 1, 2, 3], [2, 1, 0, 3]]), np.array([10, 30, 40, 20]), [0.75]).tolist()
    [2, 1, 0, 3]
    """
    parts = sizes[orders] / sizes.sum()
    ends = parts.cumsum(1)[:, :-2]
    parts[:, -2] += parts[:, -1]
    spots = np.add.outer(np.array(aims), DOUBT * np.linspace(-1, 1, 21)).ravel()
    inside = (ends[:, None] <= spots[:, None]).sum(2)
    costs = np.take_along_axis(parts, inside, 1).sum(1)
    return orders[costs.round(9).argmin()]


def count_pattern_sets(aims: Sequence[float], sizes: Int64[np.ndarray, " k"]) -> int:
    """Into how many layers levels may divide one class, where whole classes lose their masks, one after another.

    ``aims``: the share of clean images at which each level is expected; two of them may turn out to lie DOUBT / 2 nearer to
    each other. ``sizes``: images of each class.

    >>> sizes = np.full(10, 1000)
    >>> count_pattern_sets([], sizes), count_pattern_sets([0.3, 0.5, 0.7], sizes), count_pattern_sets([0.3, 0.35], sizes)
    (1, 2, 3)
    """
    within = float(sizes.max() / sizes.sum()) + DOUBT / 2
    return 1 + max((sum(first <= other <= first + within for other in aims) for first in aims), default=0)


@dataclass(frozen=True)
class UnmaskingOrder:
    """The turn in which each image loses its mask as levels rise.

    A share is that of the masked images, 0 (clean) to 1 (published); ``shares`` are those of all levels.
    """

    numbers: Int64[np.ndarray, " n"]
    """From 0."""
    labels: Int64[np.ndarray, " n"]
    pattern_sets: int = 1
    """Most layers in which a class has patterns of their own."""
    patterns: int = 1
    """Patterns a class in each layer; its images take them in turn."""
    own: bool = False
    """Whether every image has a pattern of its own, so that no two share one in any layer."""
    carried: int = CARRIED
    """Most patterns of one layer that a class carries."""
    siblings: Int64[np.ndarray, " n"] | None = None
    """The first image of which each is a sibling; siblings have turns in a row. None: there are none."""

    @property
    def count(self) -> int:
        return len(self.numbers)

    @property
    def ranked(self) -> Int64[np.ndarray, " n"]:
        """Labels of the images, those that lose their mask first in front."""
        return self.labels[self.numbers.argsort()]

    @cached_property
    def first(self) -> Int64[np.ndarray, " n"]:
        """Of each image's siblings the first, or itself."""
        return np.arange(self.count) if self.siblings is None else self.siblings

    @cached_property
    def stops(self) -> Int64[np.ndarray, " s"]:
        """How many images can have lost their masks, rising, so that of no siblings some have and some have not."""
        return np.flatnonzero(np.diff(self.first[self.numbers.argsort()], prepend=-1, append=-1))

    @property
    def limit(self) -> float:
        """The share above which the other images are of one class, and so teach nothing."""
        ranked = self.ranked
        return 1 - float((ranked != ranked[0]).argmax()) / self.count

    def untaught(self) -> Float64[np.ndarray, " m"]:
        """What is not known of the classes where 0, 1, ... n images carry a mask, 0 to 1, rising: of each class its first
        images teach most, p² / (p² + ENOUGH²) of it those of a share p."""
        gains, ranked = np.empty(self.count), self.ranked
        for label in np.unique(ranked):
            members = np.flatnonzero(ranked == label)
            part = np.linspace(0, 1, len(members) + 1) ** 2
            known = part * (1 + ENOUGH**2) / (part + ENOUGH**2)
            gains[members] = np.diff(known) * len(members) / self.count
        return np.concatenate([[0.0], gains[::-1].cumsum()])

    def cleaned(self, share: float) -> int:
        """How many images carry no mask: of the ``stops``, the nearest."""
        return int(self.stops[np.abs(self.stops - round((1 - share) * self.count)).argmin()])

    def nearest(self, share: float) -> float:
        """The nearest share that there is, with one image at least that is not masked."""
        return 1 - max(int(self.stops[1]), self.cleaned(share)) / self.count

    def touched(self, share: float) -> Bool[np.ndarray, " n"]:
        """Which images have lost their mask; nested from share to share."""
        return self.numbers < self.cleaned(share)

    def coverage(self, share: float) -> Float64[np.ndarray, " k"]:
        """The share of each class that has lost its mask."""
        totals = np.bincount(self.labels)
        return np.bincount(self.labels[self.touched(share)], minlength=len(totals)) / totals

    def ends(self, shares: Sequence[float], fewest: int = FEWEST) -> list[int]:
        """The turns at which a new layer begins, rising: each has images enough, and no class lies in more layers than there
        are pattern sets. Siblings in several classes are too few of each to count."""
        ranked = self.ranked
        count = self.count - int(find_divided(self.first, self.labels).sum())

        def enough(first: int, end: int) -> bool:
            return first < end and end - first >= fewest * self.patterns * len(np.unique(ranked[first:end]))

        def holds(end: int) -> bool:
            layers, labels = np.searchsorted(np.array([*found, end]), self.numbers, side="right"), self.labels
            pairs = np.unique(layers * (labels.max() + 1) + labels)
            return int(np.bincount(pairs % (labels.max() + 1)).max()) <= self.pattern_sets

        found: list[int] = []
        for end in sorted({self.cleaned(share) for share in shares}):
            if enough(found[-1] if found else 0, end) and enough(end, count) and holds(end):
                found.append(end)
        return found

    def which(self, shares: Sequence[float]) -> Int64[np.ndarray, " n"]:
        """The number of each image's pattern: by pattern set, then pattern, then class; or its own.

        Of the layers that hold a class each takes the next pattern set. What is left of these is carried by the class's largest
        layer, as long as each pattern has FEWEST images there and the class no more than ``carried``: the more patterns it
        has, the less its mean or a known original gives away.
        """
        if self.own:
            return np.arange(self.count)
        classes = self.labels.max() + 1
        layer = np.searchsorted(np.array(self.ends(shares), np.int64), self.numbers, side="right")
        found = np.empty(self.count, np.int64)
        for label in np.unique(self.labels):
            mine = np.flatnonzero(self.labels == label)
            rank = np.unique(layer[mine], return_inverse=True)[1]
            counts = np.bincount(rank, minlength=self.pattern_sets)
            for number in np.flatnonzero(counts):
                members = mine[rank == number]
                free = np.flatnonzero((counts == 0) & (number == counts.argmax()))
                most = min(self.carried // self.patterns, len(members) // (FEWEST * self.patterns))
                pattern_sets = np.array([number, *free])[: max(1, most)]
                turn = self._count_turns(members) % (len(pattern_sets) * self.patterns)
                own = pattern_sets[turn % len(pattern_sets)] * self.patterns + turn // len(pattern_sets)
                found[members] = own * classes + label
        return found[self.first]

    def _count_turns(self, members: Int64[np.ndarray, " m"]) -> Int64[np.ndarray, " m"]:
        """The turns of some images among themselves, from 0, where siblings count as one."""
        order = self.numbers[members].argsort()
        turns = np.diff(self.first[members[order]], prepend=-1).astype(bool).cumsum() - 1
        return turns[order.argsort()]

    def choices(self) -> Int64[np.ndarray, "b n"]:
        """Patterns that images may get, whatever the levels: one row for each pattern of a class."""
        if self.own:
            return np.arange(self.count)[None]
        first = np.arange(self.pattern_sets * self.patterns)[:, None] * (self.labels.max() + 1)
        found: np.ndarray = first + self.labels[self.first]
        return found

    def strippable(self, share: float, shares: Sequence[float]) -> float:
        """The share that is left where every mask is taken off that the buyer of ``share`` knows."""
        which = self.which(shares)
        return 1 - float(np.isin(which, which[self.touched(share)]).mean())
