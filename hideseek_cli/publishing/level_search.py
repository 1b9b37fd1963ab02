"""Find, for each level, the share of masked images at which a retrained network reaches it. Knows no torch: it asks a
callable.

Accuracy against share falls from clean to chance. Every evaluation of every level informs one curve
(``publishing.accuracy_curve``), which says how uncertain it is. A level is searched with single runs until the curve is sure
of it and then confirmed with fresh ones at one share: what is reported is the mean of those, so the search does not flatter
it. While that mean is near, as far as chance explains, runs go on at the same share until they are sure enough; where it is
off, the search moves, with what was learnt. Where runs are clearly above and below the level it moves between them, and ends
where hardly anything is between.

All levels are searched at once, in rounds: each says what it wants measured, and everything that is wanted is measured
side by side before anyone goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from hideseek_cli.publishing.accuracy_curve import RUN_ERROR, Evaluation, Expected, fit
from hideseek_cli.training.accuracy_stats import pool_variance

SEEN = 4
"""Degrees of freedom that the expected RUN_ERROR counts as."""
LOOKS, CONFIRMATIONS = 3, 2
SURE = 0.7
"""A curve is sure of a level where its standard error is at most this share of the tolerance."""
NEAR, STAY = 0.5, 1.0
"""Runs of one share go on there while they are within this share of the tolerance, or so many of their standard errors."""
SETTLED = 0.7
"""They are enough where their standard error is at most this share of the tolerance."""
CHANCE = 1.5
"""A level is reached where their mean misses it by the tolerance at most, or by so many of their standard errors."""
CLEAR = 3.0
"""A share lies clearly above or below a level where it is off by so many standard errors."""
NARROW = 1.1
"""Between shares whose odds differ by this factor at most nothing is looked for."""

Measure = Callable[[Sequence[float], Sequence[float]], Sequence[float]]
"""Accuracies in percent of one fresh training at each of some shares; told besides at which all levels are expected."""
ShareRequests = Generator[list[float], list[float], "LevelOutcome"]
"""Yields the shares to be measured next, is sent their accuracies, returns what it found."""


@dataclass(frozen=True, kw_only=True)
class LevelOutcome:
    """What calibration found for one level."""

    level: float
    share: float
    """Of the images that carry the published mask."""
    accuracies: tuple[float, ...]
    """Of the confirming runs at that share, in percent."""
    reachable: bool
    jump: tuple[Evaluation, Evaluation] | None = None
    """Where it was not reached: the runs nearest in share that ended above and below it (a black-out)."""

    @property
    def mean(self) -> float:
        return float(np.mean(self.accuracies))


def find_jump(evaluations: Sequence[Evaluation], level: float) -> tuple[Evaluation, Evaluation] | None:
    """The greatest share that ended above a level and the smallest that ended below it, if no run between contradicts.

    What lies between the two accuracies was not seen at any share. None where shares overlap, or one side is empty.
    """
    above = max((one for one in evaluations if one.accuracy > level), key=lambda one: one.share, default=None)
    below = min((one for one in evaluations if one.accuracy <= level), key=lambda one: one.share, default=None)
    return (above, below) if above and below and above.share < below.share else None


class LevelSearch:
    """The search for all levels, over one list of evaluations and one budget of runs."""

    def __init__(self, measure: Measure, *, chance: float, clean: Sequence[float], published: Sequence[float],
                 expected: Expected, runs: int, tolerance: float, say: Callable[[str], None],
                 nearest: Callable[[float], float] = lambda share: share) -> None:  # fmt: skip
        """``clean`` and ``published``: accuracies at share 0, and at share 1 if the curve ends there and nothing below them
        is to be looked for; ``expected``: of the curve, before; ``runs``: how many more may be made; ``tolerance``: points by
        which a level's mean may miss; ``nearest``: the share nearest to one that is wanted that ``measure`` takes."""
        self.measure, self.chance, self.nearest, self.published = measure, chance, nearest, tuple(published)
        self.expected = expected
        self.evaluations = [
            Evaluation(share, accuracy) for share, found in ((0.0, clean), (1.0, published)) for accuracy in found
        ]
        self.left, self.tolerance, self.say = runs, tolerance, say
        self.open: set[float] = set()
        """Levels that have not been confirmed yet, for each of which runs are kept back."""
        self.aims: dict[float, float] = {}
        """The share at which each level is expected, or was found."""

    def levels(self, levels: Sequence[float]) -> list[LevelOutcome]:
        """Search every level, within the runs that are left."""
        self.open = set(levels)
        found: dict[float, LevelOutcome] = {}
        searches = {level: self._level(level) for level in levels}
        answers: dict[float, list[float]] = {}
        while searches:
            wishes = {}
            for level, search in list(searches.items()):
                try:
                    wishes[level] = search.send(answers[level]) if level in answers else next(search)
                except StopIteration as end:
                    found[level] = end.value
                    self.aims[level] = end.value.share
                    del searches[level]
            answers = self._round(wishes)
        return [
            one if one.reachable else replace(one, jump=find_jump(self.evaluations, level))
            for level, one in ((level, found[level]) for level in levels)
        ]

    def _round(self, wishes: dict[float, list[float]]) -> dict[float, list[float]]:
        """Measure everything that is wanted, and let it inform all levels."""
        wanted = [(level, share) for level, shares in wishes.items() for share in shares]
        answers: dict[float, list[float]] = {level: [] for level in wishes}
        accuracies = self.measure([share for _, share in wanted], list(self.aims.values())) if wanted else []
        for (level, share), accuracy in zip(wanted, accuracies, strict=True):
            self.evaluations.append(Evaluation(share, accuracy))
            answers[level].append(accuracy)
            self.say(f"level {level:g}: {100 * share:.4g} % masked trains to {accuracy:.1f} %")
        return answers

    def _level(self, level: float) -> ShareRequests:
        """The search of one level: look until the curve is sure, confirm, and look again while that is off."""
        if self.published and level < float(np.mean(self.published)) - self.tolerance:
            self.open.discard(level)
            return LevelOutcome(level=level, share=1.0, accuracies=self.published, reachable=False)
        tried: dict[float, list[float]] = {}
        looks = LOOKS
        while True:
            share, error = self._aim(level)
            while looks and error > SURE * self.tolerance and self._take(1, spare=CONFIRMATIONS * len(self.open | {level})):
                looks -= 1
                yield [share]
                share, error = self._aim(level)
            if share in tried and self._misses(level, tried[share]):
                break
            group, more = tried.setdefault(share, []), CONFIRMATIONS
            if not group:
                self.say(f"level {level:g}: expected at {100 * share:.4g} % masked, within {2 * error:.1f} points")
            while count := self._take(more, spare=CONFIRMATIONS * len(self.open - {level})):
                self.open.discard(level)
                group += yield [share] * count
                if self._misses(level, group) or self._error(group) <= SETTLED * self.tolerance:
                    break
                more = 1
            if not count or not self._misses(level, group):
                break
            looks = 1
        share, group = min(
            ((share, group) for share, group in tried.items() if group), key=lambda one: self._doubt(level, one[1])
        )
        reachable = abs(float(np.mean(group)) - level) <= max(self.tolerance, CHANCE * self._error(group))
        return LevelOutcome(level=level, share=share, accuracies=tuple(group), reachable=reachable)

    def _misses(self, level: float, group: Sequence[float]) -> bool:
        """Whether runs of one share are further from a level than a part of the tolerance, and than chance explains."""
        return abs(float(np.mean(group)) - level) > max(NEAR * self.tolerance, STAY * self._error(group))

    def _error(self, group: Sequence[float]) -> float:
        """Standard error of their mean, in points."""
        return float(self.deviation / np.sqrt(len(group)))

    def _doubt(self, level: float, group: Sequence[float]) -> float:
        """How far the mean accuracy at their share is expected from the level, in points."""
        return float(np.hypot(np.mean(group) - level, self._error(group)))

    @property
    def deviation(self) -> float:
        """Points by which one run misses the mean, as far as runs of one share have shown it."""
        variance, freedom = pool_variance(list(self._groups().values())) or (0.0, 0)
        return float(np.sqrt((RUN_ERROR**2 * SEEN + variance * freedom) / (SEEN + freedom)))

    def _groups(self) -> dict[float, list[float]]:
        """Accuracies by share, between the ends."""
        groups: dict[float, list[float]] = {}
        for one in self.evaluations:
            if 0 < one.share < 1:
                groups.setdefault(one.share, []).append(one.accuracy)
        return groups

    def _take(self, count: int, spare: int) -> int:
        """Take up to ``count`` runs of those that are left beyond ``spare``."""
        count = max(0, min(count, self.left - spare))
        self.left -= count
        return count

    def _aim(self, level: float) -> tuple[float, float]:
        """The share at which the level is expected, and the standard error of the accuracy there; where runs are clearly above
        and below the level, between them, and on the nearer of the two where hardly anything is between."""
        belief = fit(self.evaluations, self.chance, level, self.expected, self.deviation)
        share, bracket = self.nearest(belief.curve.share(level)), self._bracket(level)
        if bracket is not None and not bracket[0] < share < bracket[1]:
            share = self._halve(level, *bracket)
        self.aims[level] = share
        return share, belief.error(share)

    def _bracket(self, level: float) -> tuple[float, float] | None:
        """The greatest share that is clearly above a level and the smallest clearly below, if none between contradicts."""
        groups = self._groups()
        clear = {
            share: float(np.mean(group)) - level
            for share, group in groups.items()
            if abs(float(np.mean(group)) - level) > max(NEAR * self.tolerance, CLEAR * self._error(group))
        }
        above = max((share for share, off in clear.items() if off > 0), default=None)
        below = min((share for share, off in clear.items() if off < 0), default=None)
        return (above, below) if above is not None and below is not None and above < below else None

    def _halve(self, level: float, above: float, below: float) -> float:
        """A share between two, or the one that is nearer to the level where they are as good as the same."""
        axis = self.expected.axis
        low, high = axis.odds(above), axis.odds(below)
        share = self.nearest(axis.share(float(np.sqrt(low * high))))
        if high > NARROW * low and above < share < below:
            return share
        groups = self._groups()
        return min(above, below, key=lambda share: abs(float(np.mean(groups[share])) - level))
