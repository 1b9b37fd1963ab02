"""Find, for each level, the strength at which a retrained network reaches it. Knows no torch: it asks a callable.

Accuracy against strength falls from clean to chance. Every evaluation of every level informs one curve,

    accuracy(s) = floor + (top - floor) / (1 + (s / s0) ** slope),

fitted by least squares with weak priors; near a level, evaluations close to it weigh more, so that the curve needs to
be right only there. The fit says how uncertain it is. A level is searched with single runs until the curve is sure of it
and then confirmed with fresh ones at one strength: what is reported is the mean of those, so the search does not flatter
it. A level whose confirmation is off by more than half the tolerance is searched on with what was learnt, until the runs
are used up.

All levels are searched at once, in rounds: each says what it wants measured, and everything that is wanted is measured
side by side before anyone goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64
from scipy.optimize import least_squares

RUN_ERROR = 2.0
"""Points by which one run is expected to miss the mean, for the weights of the fit."""
LEAN = 0.25
"""Points of doubt in the curve for each point between an evaluation and the level that is searched."""
WEAKEST = 0.01
MIDDLE, SLOPE = 0.3, 2.5
"""Where the search expects the curve before it knows better."""
LOOKS, CONFIRMATIONS = 4, 2
SURE = 0.7
"""A curve is sure of a level where its standard error is at most this share of the tolerance (docs/benchmarks.md)."""

Measure = Callable[[Sequence[float]], Sequence[float]]
"""Accuracies in percent of one fresh training at each of some strengths."""
Wishes = Generator[list[float], list[float], "Found"]
"""Yields the strengths to be measured next, is sent their accuracies, returns what it found."""


@dataclass(frozen=True)
class Evaluation:
    """One retraining: the strength of its mask and the accuracy in percent."""

    strength: float
    accuracy: float


@dataclass(frozen=True)
class Curve:
    """Accuracy in percent against strength, falling."""

    top: float
    floor: float
    middle: float
    slope: float

    def accuracy(self, strength: float) -> float:
        return self.floor + (self.top - self.floor) / (1 + (strength / self.middle) ** self.slope)

    def strength(self, level: float, strongest: float) -> float:
        """Where the curve takes the value ``level``, within the strengths that can be used."""
        if level >= self.top:
            return WEAKEST
        if level <= self.accuracy(strongest):
            return strongest
        ratio = (self.top - level) / (level - self.floor)
        return float(np.clip(self.middle * ratio ** (1 / self.slope), WEAKEST, strongest))


@dataclass(frozen=True)
class Belief:
    """A curve, and how far it is known: the covariance of top, floor, log middle and log slope."""

    curve: Curve
    covariance: Float64[np.ndarray, "4 4"]

    def error(self, strength: float) -> float:
        """Standard error, in points, of the mean accuracy at a strength above 0."""
        curve = self.curve
        share = 1 / (1 + (strength / curve.middle) ** curve.slope)
        steep = (curve.top - curve.floor) * share * (1 - share) * curve.slope
        gradient = np.array([share, 1 - share, steep, -steep * np.log(strength / curve.middle)])
        return float(np.sqrt(gradient @ self.covariance @ gradient))


def fit(evaluations: Sequence[Evaluation], chance: float, level: float) -> Belief:
    """The curve through all evaluations, those near ``level`` weighing most; at least one must be at strength 0."""
    strengths = np.array([one.strength for one in evaluations])
    found = np.array([one.accuracy for one in evaluations])
    doubt = np.hypot(RUN_ERROR, LEAN * (found - level))
    top = float(found[strengths == 0].mean())

    def misfit(value: np.ndarray) -> np.ndarray:
        high, floor, middle, slope = value
        curve = Curve(high, floor, np.exp(middle), np.exp(slope))
        fitted = np.array([curve.accuracy(strength) for strength in strengths])
        prior = [(floor - chance) / 4, (middle - np.log(MIDDLE)) / 1.0, (slope - np.log(SLOPE)) / 0.7, (high - top) / 4]
        return np.concatenate([(fitted - found) / doubt, prior])

    start = np.array([top, min(chance, top - 1), np.log(MIDDLE), np.log(SLOPE)])
    low = np.array([top - 10, min(0.5 * chance, top - 2), np.log(0.01), np.log(0.5)])
    high = np.array([top + 10, max(top - 0.5, 1), np.log(3.0), np.log(40)])
    solved = least_squares(misfit, np.clip(start, low + 1e-6, high - 1e-6), bounds=(low, high))
    curve = Curve(float(solved.x[0]), float(solved.x[1]), float(np.exp(solved.x[2])), float(np.exp(solved.x[3])))
    return Belief(curve, np.linalg.inv(solved.jac.T @ solved.jac))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What calibration found for one level."""

    level: float
    strength: float
    accuracies: tuple[float, ...]
    """Of the confirming runs at that strength, in percent."""
    reachable: bool
    jump: tuple[Evaluation, Evaluation] | None = None
    """Where it was not reached: the nearest runs in strength that ended above and below it (a black-out)."""

    @property
    def mean(self) -> float:
        return float(np.mean(self.accuracies))


def jump(evaluations: Sequence[Evaluation], level: float) -> tuple[Evaluation, Evaluation] | None:
    """The strongest mask that ended above a level and the weakest that ended below it, if no run between contradicts.

    What lies between the two accuracies was not seen at any strength. None where strengths overlap, or one side is empty.
    """
    above = max((one for one in evaluations if one.accuracy > level), key=lambda one: one.strength, default=None)
    below = min((one for one in evaluations if one.accuracy <= level), key=lambda one: one.strength, default=None)
    return (above, below) if above and below and above.strength < below.strength else None


class Search:
    """The search for all levels, over one list of evaluations and one budget of runs."""

    def __init__(self, measure: Measure, *, chance: float, clean: Sequence[float], lowest: Sequence[float],
                 runs: int, tolerance: float, say: Callable[[str], None], strongest: float = 1.0) -> None:  # fmt: skip
        """``clean`` and ``lowest``: accuracies at strength 0, and of the published folder, below which nothing is
        looked for; ``runs``: how many more may be made; ``tolerance``: points by which a level's mean may miss;
        ``strongest``: the greatest strength that ``measure`` takes."""
        self.measure, self.chance, self.strongest, self.lowest = measure, chance, strongest, tuple(lowest)
        self.evaluations = [Evaluation(0.0, accuracy) for accuracy in clean]
        self.left, self.tolerance, self.say = runs, tolerance, say
        self.open: set[float] = set()
        """Levels that have not been confirmed yet, for each of which runs are kept back."""

    def levels(self, levels: Sequence[float]) -> list[Found]:
        """Search every level, within the runs that are left."""
        self.open = set(levels)
        found: dict[float, Found] = {}
        searches = {level: self._level(level) for level in levels}
        answers: dict[float, list[float]] = {}
        while searches:
            wishes = {}
            for level, search in list(searches.items()):
                try:
                    wishes[level] = search.send(answers[level]) if level in answers else next(search)
                except StopIteration as end:
                    found[level] = end.value
                    del searches[level]
            answers = self._round(wishes)
        return [
            one if one.reachable else replace(one, jump=jump(self.evaluations, level))
            for level, one in ((level, found[level]) for level in levels)
        ]

    def _round(self, wishes: dict[float, list[float]]) -> dict[float, list[float]]:
        """Measure everything that is wanted, and let it inform all levels."""
        wanted = [(level, strength) for level, strengths in wishes.items() for strength in strengths]
        answers: dict[float, list[float]] = {level: [] for level in wishes}
        accuracies = self.measure([strength for _, strength in wanted]) if wanted else []
        for (level, strength), accuracy in zip(wanted, accuracies, strict=True):
            self.evaluations.append(Evaluation(strength, accuracy))
            answers[level].append(accuracy)
            self.say(f"level {level:g}: strength {strength:.3f} trains to {accuracy:.1f} %")
        return answers

    def _level(self, level: float) -> Wishes:
        """The search of one level: look until the curve is sure, confirm, and look again while that is off."""
        if level < float(np.mean(self.lowest)) - self.tolerance:
            self.open.discard(level)
            return Found(level=level, strength=self.strongest, accuracies=self.lowest, reachable=False)
        tried: list[Found] = []
        looks = LOOKS
        while True:
            strength, error = self._aim(level)
            while looks and error > SURE * self.tolerance and self._take(1, spare=CONFIRMATIONS * len(self.open | {level})):
                looks -= 1
                yield [strength]
                strength, error = self._aim(level)
            count = self._take(CONFIRMATIONS, spare=CONFIRMATIONS * len(self.open - {level}))
            if not count:
                break
            self.open.discard(level)
            self.say(f"level {level:g}: expected at strength {strength:.3f}, within {2 * error:.1f} points")
            accuracies = yield [strength] * count
            mean = float(np.mean(accuracies))
            tried.append(Found(level=level, strength=strength, accuracies=tuple(accuracies),
                               reachable=abs(mean - level) <= self.tolerance))  # fmt: skip
            if abs(mean - level) <= self.tolerance / 2:
                break
            looks = 1
        return min(tried, key=lambda one: abs(one.mean - level))

    def _take(self, count: int, spare: int) -> int:
        """Take up to ``count`` runs of those that are left beyond ``spare``."""
        count = max(0, min(count, self.left - spare))
        self.left -= count
        return count

    def _aim(self, level: float) -> tuple[float, float]:
        """The strength at which the level is expected, and the standard error of the accuracy there."""
        belief = fit(self.evaluations, self.chance, level)
        strength = round(belief.curve.strength(level, self.strongest), 4)
        return strength, belief.error(strength)


def pooled(groups: Sequence[Sequence[float]]) -> tuple[float, int] | None:
    """Variance between runs of the same strength, pooled over groups, and its degrees of freedom; None without any."""
    freedom = sum(len(group) - 1 for group in groups if len(group) > 1)
    if not freedom:
        return None
    total = sum(float(np.var(group)) * len(group) for group in groups if len(group) > 1)
    return total / freedom, freedom
