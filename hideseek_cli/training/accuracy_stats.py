"""Accuracies are noisy: intervals, and the decision whether a level holds.

Two things make a mean of measured accuracies uncertain: the seed of each training, seen in the spread between runs, and
the finite test set, which all runs share. An interval adds the squares of both parts' own: of the runs by Student's t, of
the test set by the normal distribution. Of few runs that is wider than degrees of freedom by Welch and Satterthwaite make it,
which hold 87 to 95 % of the truth where 95 are stated (docs/results/2026-11-hostile.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, hypot, sqrt
from typing import Literal

import numpy as np
from jaxtyping import Int64
from scipy import stats

from hideseek_cli.runtime.fields import between, within

Verdict = Literal["pass", "fail", "inconclusive"]


LEVEL = within(lambda level: 0 < level <= 100, "a test accuracy in percent")
POINTS = within(lambda points: 0 < points < 100, "points between 0 and 100")
"""By which an accuracy may miss a level."""
RUNS = between(1, 1000)
"""Trainings of each network."""
MANY = 1000
"""Runs after which only the test images make a mean uncertain."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean accuracy in percent, of ``runs`` trainings, each tested on the same ``images``."""

    mean: float
    between: float
    """Standard error in percentage points for how runs differ; 0 of a single run, which says nothing about it."""
    freedom: int
    """Degrees of freedom of that."""
    sampling: float
    """Standard error in percentage points for how many images there are."""
    runs: int

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided interval, within 0..100."""
        part = (1 + confidence) / 2
        runs = float(stats.t.ppf(part, self.freedom)) * self.between if self.between else 0.0
        half = hypot(runs, float(stats.norm.ppf(part)) * self.sampling)
        return max(0.0, self.mean - half), min(100.0, self.mean + half)


def estimate(accuracies: Sequence[float], images: int, *, spread: tuple[float, int] | None = None) -> Estimate:
    """The mean of ``accuracies`` (percent) and its standard errors.

    ``spread``: variance between runs and its degrees of freedom where more is known than these runs show (several
    levels pooled); otherwise it is that of the runs, and of a single run it is unknown and left out.
    """
    runs = len(accuracies)
    if spread is None:
        spread = (float(np.var(accuracies, ddof=1)), runs - 1) if runs > 1 else (0.0, 0)
    return _estimate(float(np.mean(accuracies)), runs, images, spread)


def _estimate(mean: float, runs: int, images: int, spread: tuple[float, int]) -> Estimate:
    share = min(max(mean / 100, 0.5 / images), 1 - 0.5 / images)
    between = sqrt(spread[0] / runs) if spread[1] else 0.0
    sampling = 100 * sqrt(share * (1 - share) / images)
    return Estimate(mean=mean, between=between, freedom=spread[1], sampling=sampling, runs=runs)


def judge_level(found: Estimate, level: float, tolerance: float) -> Verdict:
    """Whether the accuracy is equivalent to ``level``: two one-sided tests at 5 % (TOST).

    pass: the 90 % interval lies within ±tolerance of the level. fail: the 95 % interval lies wholly outside of it.
    A single run says nothing about the spread between runs, so it can fail but not pass.
    """
    low, high = found.interval(0.90)
    if found.runs > 1 and level - tolerance <= low and high <= level + tolerance:
        return "pass"
    low, high = found.interval(0.95)
    return "fail" if high < level - tolerance or low > level + tolerance else "inconclusive"


def judge_at_most(found: Estimate, bound: float) -> Verdict:
    """Whether the accuracy is at most ``bound``: one-sided, at 5 %; for published folders, which promise chance."""
    if found.runs > 1 and found.interval(0.90)[1] <= bound:
        return "pass"
    return "fail" if found.interval(0.95)[0] > bound else "inconclusive"


def more_runs(accuracies: Sequence[float], images: int, verdict: Callable[[Estimate], Verdict], most: int = MANY) -> int | None:
    """How many more runs like these would settle a verdict that is inconclusive, if their mean and spread stay.

    None where ``most`` runs would not: the mean lies on the edge, or the test images, which all runs share, are too few.
    """
    runs = len(accuracies)
    if runs < 2:
        return 1
    mean, spread = float(np.mean(accuracies)), float(np.var(accuracies, ddof=1))
    for total in range(runs + 1, most + 1):
        if verdict(_estimate(mean, total, images, (spread, total - 1))) != "inconclusive":
            return total - runs
    return None


def images_needed(accuracies: Sequence[float], verdict: Callable[[Estimate], Verdict], most: int = 1_000_000) -> int | None:
    """How many test images would let so many runs as one likes come to a verdict, if their mean stays; None where ``most``
    would not: the mean lies on the edge."""
    mean = float(np.mean(accuracies))

    def settled(images: int) -> bool:
        return verdict(_estimate(mean, MANY, images, (0.0, MANY))) != "inconclusive"

    if not settled(most):
        return None
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if settled(middle) else (middle + 1, high)
    return low


def least_tolerance(level: float, images: int) -> float:
    """Points by which a mean may miss a level so that the level can pass at all on so many test images, by any number of
    runs; rounded up to a tenth.

    >>> least_tolerance(50.0, 100), least_tolerance(50.0, 10_000)
    (8.3, 0.9)
    """
    low, high = _estimate(level, MANY, images, (0.0, MANY)).interval(0.90)
    return ceil(10 * max(high - level, level - low)) / 10


@dataclass(frozen=True, kw_only=True)
class Mix:
    """How far two parts of a data set mix their classes apart."""

    points: float
    """Percentage points by which accuracies on the two can differ for that alone (total variation)."""
    widest: int
    """The class whose shares are furthest apart."""
    shares: tuple[float, float]
    """Of that class, in percent of each part."""


def compare_mix(one: Int64[np.ndarray, " classes"], other: Int64[np.ndarray, " classes"]) -> Mix | None:
    """Whether two counts of the same classes come from different mixes: a test of homogeneity (chi squared) at 0.1 %.

    None where chance explains how they differ, or a part has no image.
    """
    table = np.array([one, other])[:, (one + other) > 0]
    if table.shape[1] < 2 or not table.sum(1).all() or stats.chi2_contingency(table).pvalue >= 0.001:
        return None
    shares = 100 * np.array([one / one.sum(), other / other.sum()])
    gaps = np.abs(shares[0] - shares[1])
    widest = int(gaps.argmax())
    return Mix(points=float(gaps.sum() / 2), widest=widest, shares=(float(shares[0, widest]), float(shares[1, widest])))


def pool_variance(groups: Sequence[Sequence[float]]) -> tuple[float, int] | None:
    """Variance between runs of the same share, pooled over groups, and its degrees of freedom; None without any."""
    freedom = sum(len(group) - 1 for group in groups if len(group) > 1)
    if not freedom:
        return None
    total = sum(float(np.var(group)) * len(group) for group in groups if len(group) > 1)
    return total / freedom, freedom
