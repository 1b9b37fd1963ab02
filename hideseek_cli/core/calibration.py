"""Find, for each level, the strength at which a retrained network reaches it. Knows no torch: it asks a callable.

Accuracy against strength falls from clean to chance. Every evaluation of every level informs one curve,

    accuracy(s) = floor + (top - floor) / (1 + (s / s0) ** slope),

fitted by least squares with weak priors; near a level, evaluations close to it weigh more, so that the curve needs to
be right only there. A level is searched with single runs and then confirmed with fresh ones at one strength: what is
reported is the mean of those, so the search does not flatter it. A level whose confirmation is off by more than half the
tolerance is searched on with what was learnt, until the runs are used up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

RUN_ERROR = 2.0
"""Points by which one run is expected to miss the mean, for the weights of the fit."""
LEAN = 0.25
"""Points of doubt in the curve for each point between an evaluation and the level that is searched."""
WEAKEST = 0.01
SEARCHES, CONFIRMATIONS = 4, 3

Measure = Callable[[float], float]
"""Accuracy in percent of one fresh training at a strength."""


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


def fit(evaluations: Sequence[Evaluation], chance: float, level: float) -> Curve:
    """The curve through all evaluations, those near ``level`` weighing most; at least one must be at strength 0."""
    strengths = np.array([one.strength for one in evaluations])
    found = np.array([one.accuracy for one in evaluations])
    doubt = np.hypot(RUN_ERROR, LEAN * (found - level))
    top = float(found[strengths == 0].mean())

    def misfit(value: np.ndarray) -> np.ndarray:
        high, floor, middle, slope = value
        curve = Curve(high, floor, np.exp(middle), np.exp(slope))
        fitted = np.array([curve.accuracy(strength) for strength in strengths])
        prior = [(floor - chance) / 4, (middle - np.log(0.3)) / 1.0, (slope - np.log(2.5)) / 0.7, (high - top) / 4]
        return np.concatenate([(fitted - found) / doubt, prior])

    start = np.array([top, min(chance, top - 1), np.log(0.3), np.log(2.5)])
    low = np.array([top - 10, min(0.5 * chance, top - 2), np.log(0.01), np.log(0.5)])
    high = np.array([top + 10, max(top - 0.5, 1), np.log(3.0), np.log(40)])
    value = least_squares(misfit, np.clip(start, low + 1e-6, high - 1e-6), bounds=(low, high)).x
    return Curve(float(value[0]), float(value[1]), float(np.exp(value[2])), float(np.exp(value[3])))


@dataclass(frozen=True, kw_only=True)
class Found:
    """What calibration found for one level."""

    level: float
    strength: float
    accuracies: tuple[float, ...]
    """Of the confirming runs at that strength, in percent."""
    reachable: bool

    @property
    def mean(self) -> float:
        return float(np.mean(self.accuracies))


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

    def level(self, level: float, runs: int) -> Found:
        """Search one level with at most ``runs`` runs."""
        end = self.left - min(runs, self.left)
        if level < float(np.mean(self.lowest)) - self.tolerance:
            return Found(level=level, strength=self.strongest, accuracies=self.lowest, reachable=False)
        tried: list[Found] = []
        searches = SEARCHES
        while True:
            while searches and self.left - end > CONFIRMATIONS:
                searches -= 1
                if abs(self._evaluate(self._aim(level), level) - level) <= self.tolerance / 2:
                    break
            strength = self._aim(level)
            count = min(CONFIRMATIONS, self.left - end)
            if count < 2 and tried:
                break
            accuracies = [self._evaluate(strength, level) for _ in range(max(count, 1))]
            mean = float(np.mean(accuracies))
            tried.append(Found(level=level, strength=strength, accuracies=tuple(accuracies),
                               reachable=abs(mean - level) <= self.tolerance))  # fmt: skip
            if abs(mean - level) <= self.tolerance / 2 or self.left <= end:
                break
            searches = 1
        return min(tried, key=lambda one: abs(one.mean - level))

    def levels(self, levels: Sequence[float]) -> list[Found]:
        """Search every level; what one leaves unused goes to the next."""
        return [self.level(level, self.left // (len(levels) - number)) for number, level in enumerate(levels)]

    def _aim(self, level: float) -> float:
        return round(fit(self.evaluations, self.chance, level).strength(level, self.strongest), 4)

    def _evaluate(self, strength: float, level: float) -> float:
        accuracy = self.measure(strength)
        self.evaluations.append(Evaluation(strength, accuracy))
        self.left -= 1
        self.say(f"level {level:g}: strength {strength:.3f} trains to {accuracy:.1f} % ({self.left} runs left)")
        return accuracy


def pooled(groups: Sequence[Sequence[float]]) -> tuple[float, int] | None:
    """Variance between runs of the same strength, pooled over groups, and its degrees of freedom; None without any."""
    freedom = sum(len(group) - 1 for group in groups if len(group) > 1)
    if not freedom:
        return None
    total = sum(float(np.var(group)) * len(group) for group in groups if len(group) > 1)
    return total / freedom, freedom
