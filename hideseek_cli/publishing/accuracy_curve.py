"""Accuracy against the share of masked images: one curve, and how far it is known. Knows no torch.

    accuracy(share) = floor + (top - floor) / (1 + (odds / middle) ** slope),    odds = untaught / (limit - untaught),

where ``untaught`` is the share itself, or what an axis says of it, and ``limit`` its value where the last images without
a mask cease to teach: as long as they are of one class, there is nothing to tell it from. The curve is fitted by least
squares with weak priors; near a level, evaluations close to it weigh more, so that it needs to be right only there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.optimize import least_squares

RUN_ERROR = 2.0
"""Points by which one run is expected to miss the mean."""
LEAN = 0.25
"""Points of doubt in the curve for each point between an evaluation and the level that is searched."""
SLOPE = 1.0
"""Expected before anything is known; with a middle of 1 accuracy then falls in proportion to the share."""


@dataclass(frozen=True)
class Evaluation:
    """One retraining: the share of masked images, 0..1, and the accuracy in percent."""

    share: float
    accuracy: float


@dataclass(frozen=True)
class Axis:
    """How much a share of masked images leaves untaught, 0 to 1."""

    limit: float = 1.0
    """The most at which anything is taught."""
    untaught: Float64[np.ndarray, " m"] | None = None
    """What is, rising, where 0, 1, ... of m - 1 images carry a mask; None: in proportion to them."""

    def odds(self, share: float) -> float:
        """What is not taught, for each bit that is, of what could be."""
        left = share if self.untaught is None else float(self.untaught[round(share * (len(self.untaught) - 1))])
        return left / max(self.limit - left, 1e-9)

    def share(self, odds: float) -> float:
        left = self.limit / (1 + 1 / max(odds, 1e-9))
        if self.untaught is None:
            return left
        return float(np.abs(self.untaught - left).argmin()) / (len(self.untaught) - 1)


@dataclass(frozen=True)
class Expected:
    """What is known of a curve before anything is measured."""

    middle: float
    """The odds at which half of what lies above the floor is left."""
    axis: Axis = Axis()


@dataclass(frozen=True)
class Curve:
    """Accuracy in percent against the share of masked images, falling."""

    top: float
    floor: float
    middle: float
    slope: float
    axis: Axis = Axis()

    def accuracy(self, share: float) -> float:
        return self.floor + (self.top - self.floor) / (1 + (self.axis.odds(share) / self.middle) ** self.slope)

    def share(self, level: float) -> float:
        """Where the curve takes the value ``level``, or the nearest to it, between 0 and 1."""
        if level >= self.top:
            return 0.0
        if level <= self.floor:
            return self.axis.share(np.inf)
        return self.axis.share(self.middle * ((self.top - level) / (level - self.floor)) ** (1 / self.slope))


@dataclass(frozen=True)
class Belief:
    """A curve, and how far it is known: the covariance of top, floor, log middle and log slope."""

    curve: Curve
    covariance: Float64[np.ndarray, "4 4"]

    def error(self, share: float) -> float:
        """Standard error, in points, of the mean accuracy at a share."""
        curve, ratio = self.curve, self.curve.axis.odds(share) / self.curve.middle
        left = 1 / (1 + ratio**curve.slope)
        steep = (curve.top - curve.floor) * left * (1 - left) * curve.slope
        gradient = np.array([left, 1 - left, steep, -steep * np.log(max(ratio, 1e-9))])
        return float(np.sqrt(gradient @ self.covariance @ gradient))


def fit(
    evaluations: Sequence[Evaluation], chance: float, level: float, expected: Expected, deviation: float = RUN_ERROR
) -> Belief:
    """The curve through all evaluations, those near ``level`` weighing most; at least one must be at share 0.

    ``deviation``: points by which one run misses the mean.
    """
    shares = np.array([one.share for one in evaluations])
    found = np.array([one.accuracy for one in evaluations])
    doubt = np.hypot(deviation, LEAN * (found - level))
    top = float(found[shares == 0].mean())

    def misfit(value: np.ndarray) -> np.ndarray:
        high, floor, place, slope = value
        curve = Curve(high, floor, np.exp(place), np.exp(slope), expected.axis)
        fitted = np.array([curve.accuracy(share) for share in shares])
        prior = [(floor - chance) / 4, (place - np.log(expected.middle)) / 1.5, (slope - np.log(SLOPE)) / 0.5, (high - top) / 4]
        return np.concatenate([(fitted - found) / doubt, prior])

    start = np.array([top, min(chance, top - 1), np.log(expected.middle), np.log(SLOPE)])
    low = np.array([top - 10, min(0.5 * chance, top - 2), np.log(0.01), np.log(0.3)])
    high = np.array([top + 10, max(top - 0.5, 1), np.log(1e5), np.log(10)])
    solved = least_squares(misfit, np.clip(start, low + 1e-6, high - 1e-6), bounds=(low, high))
    high, floor, place, slope = solved.x.tolist()
    curve = Curve(high, floor, float(np.exp(place)), float(np.exp(slope)), expected.axis)
    return Belief(curve, np.linalg.inv(solved.jac.T @ solved.jac))


def guess_shares(levels: Sequence[float], clean: Sequence[float], chance: float, expected: Expected) -> list[float]:
    """The share at which each level is expected before anything but the clean folder was measured."""
    known = [Evaluation(0.0, accuracy) for accuracy in clean]
    return [fit(known, chance, level, expected).curve.share(level) for level in levels]
