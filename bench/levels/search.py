"""How many retrainings the search for levels needs, and how well it hits, on simulated truths; no training.

    python -m bench.levels.search [--seeds 200] [--tolerance 2.5] [--worlds]

Each truth is a curve of mean accuracy against the odds of a masked image, and each retraining misses it by a random
amount. Prints Markdown: retrainings for the levels alone, in how many waves on two cores, and how far the mean accuracy
at the shares that were found lies from the levels. With `--worlds` truths are drawn, a new one for each search: smooth
curves, staircases, plateaus and cliffs, by three deviations of a run.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from tabulate import tabulate

from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.publishing.accuracy_curve import Axis, Expected
from hideseek_cli.publishing.budget import LEVEL_RUNS
from hideseek_cli.publishing.level_search import LevelSearch
from hideseek_cli.training.accuracy_stats import estimate, pool_variance

BEFORE = 5
"""Retrainings of the clean and of the published folder, which count against the most that `hide` makes."""


TESTED = 5_000
"""Test images, which all runs share."""
SOLD = (30.0, 50.0, 70.0)
AS_IMAGES = Expected(30.0)


@dataclass(frozen=True)
class Truth:
    """A world: mean accuracy at each share, chance, the deviation of a run, images, and what is sold."""

    accuracy: Callable[[float], float]
    chance: float
    deviation: float
    images: int
    levels: tuple[float, ...]
    expected: Expected = AS_IMAGES

    @staticmethod
    def shift(mean: float, luck: float) -> float:
        """Points by which all runs of a share are off, for the test images that they share."""
        return luck * float(np.sqrt(mean * (100 - mean) / TESTED))


def nearest(images: int, share: float) -> float:
    """The nearest share that whole images make."""
    return 1 - max(1, round((1 - share) * images)) / images


def logistic(top: float, floor: float, middle: float, slope: float) -> Callable[[float], float]:
    return lambda share: floor + (top - floor) / (1 + (Axis().odds(share) / middle) ** slope)


def measured(at: Sequence[float], accuracies: Sequence[float]) -> Callable[[float], float]:
    """Through figures of docs/results/2026-11-levels.md, linear in the logarithm of the odds."""
    return lambda share: float(np.interp(np.log1p(Axis().odds(share)), np.log1p(at), accuracies))


CIFAR = measured([0, 1.5, 4, 9, 24, 49, 9999], [61.5, 52.6, 46.8, 42.3, 31, 22, 11])
DIGITS = measured([0, 1, 9, 19, 49, 101, 143, 204, 287, 480, 1437], [98, 96.4, 91.9, 88.5, 78, 74, 69, 57, 38, 26, 15])
TENTHS = np.repeat(np.arange(10), 1000)
NAMES, RANKS = [(str(one), str(number)) for number, one in enumerate(TENTHS)], {str(one): one for one in range(10)}
TURNS = UnmaskingOrder(keys.draw_turns(bytes(32), NAMES, TENTHS < 0, RANKS), TENTHS)
TAUGHT = TURNS.ranked[0] != np.arange(10)
"""Classes but the last, which is chance."""


def staircase(share: float) -> float:
    """Nine classes after a first one, each worth as much, half of it for three in a hundred of its images."""
    parts = TURNS.coverage(share) ** 2
    return 10 + 5.7 * float((parts / (parts + 0.03**2))[TAUGHT].sum())


TRUTHS = {
    "CIFAR-10, whole classes": Truth(
        staircase, 10, 0.6, 10_000, (20, 30, 40, 50, 55), Expected(1.0, Axis(TURNS.limit, TURNS.untaught()))
    ),
    "CIFAR-10": Truth(CIFAR, 10, 1.5, 10_000, (30, 50)),
    "CIFAR-10, five levels": Truth(CIFAR, 10, 1.5, 10_000, (20, 30, 40, 50, 55)),
    "digits, four levels": Truth(DIGITS, 11, 5, 1438, (28, 46, 63, 81)),
    "steep": Truth(logistic(95, 12, 3, 3), 11, 3, 10_000, (30, 50, 70)),
    "shallow": Truth(logistic(80, 5, 100, 0.5), 5, 2, 50_000, (20, 40, 60)),
    "as expected": Truth(logistic(90, 15, 30, 1), 10, 2, 10_000, (30, 50, 70)),
    "the same, noisy": Truth(logistic(90, 15, 30, 1), 10, 5, 10_000, (30, 50, 70)),
}


def draw_smooth(random: np.random.Generator) -> Truth:
    """A curve as the search expects it, but for place and slope."""
    middle, slope = float(np.exp(random.uniform(np.log(3), np.log(100)))), float(random.uniform(0.7, 2))
    return Truth(logistic(85, 10, middle, slope), 10, 0, 10_000, SOLD)


def draw_staircase(random: np.random.Generator) -> Truth:
    """Nine classes after a first one, each worth 4 to 12 points, half of it for 1 to 15 in a hundred of its images."""
    gains, half = random.uniform(4, 12, 10), float(np.exp(random.uniform(np.log(0.01), np.log(0.15))))
    gains *= 75 / gains[TAUGHT].sum()

    def stairs(share: float) -> float:
        parts = TURNS.coverage(share) ** 2
        return 10 + float((gains * parts * (1 + half**2) / (parts + half**2))[TAUGHT].sum())

    return Truth(stairs, 10, 0, 10_000, SOLD, Expected(1.0, Axis(TURNS.limit, TURNS.untaught())))


def draw_plateau(random: np.random.Generator) -> Truth:
    """A smooth curve that stays level while the odds grow three to seven times."""
    smooth, at, wide = draw_smooth(random).accuracy, float(random.uniform(35, 65)), float(random.uniform(np.log(3), np.log(7)))
    shares = np.linspace(0, 1, 10_001)
    begin = float(shares[np.argmax([smooth(share) < at for share in shares])])

    def flat(share: float) -> float:
        odds, first = Axis().odds(share), Axis().odds(begin)
        return smooth(share) if odds <= first else smooth(Axis().share(max(first, odds * np.exp(-wide))))

    return Truth(flat, 10, 0, 10_000, SOLD)


def draw_cliff(random: np.random.Generator) -> Truth:
    """A smooth curve that falls by 15 to 30 points at one share: levels within do not exist."""
    smooth, at, high = draw_smooth(random).accuracy, float(random.uniform(40, 65)), float(random.uniform(15, 30))
    low = float(at - high)

    def cliff(share: float) -> float:
        accuracy = smooth(share)
        return accuracy if accuracy > at else 10 + (accuracy - 10) * (low - 10) / (at - 10)

    return Truth(cliff, 10, 0, 10_000, SOLD)


WORLDS = {"smooth": draw_smooth, "staircase": draw_staircase, "plateau": draw_plateau, "cliff": draw_cliff}
DEVIATIONS = (1.0, 3.0, 6.0)


@dataclass(frozen=True)
class Outcome:
    """What one search found of one level, and what is true of it."""

    level: float
    mean: float
    """True mean accuracy at the share that was found, in percent."""
    reached: bool
    covered: bool
    """Whether the 95 % interval that is printed holds it."""
    exists: bool
    """Whether any share has a mean within the tolerance."""


def search(truth: Truth, random: np.random.Generator, runs: int, tolerance: float) -> tuple[list[Outcome], list[int]]:
    """One search; what it found, and how many retrainings each of its rounds had."""
    rounds: list[int] = []
    luck = float(random.standard_normal())

    def measure(shares: Sequence[float], aims: Sequence[float] = ()) -> list[float]:
        rounds.append(len(shares))
        return [mean + truth.shift(mean, luck) + truth.deviation * float(random.standard_normal())
                for mean in map(truth.accuracy, shares)]  # fmt: skip

    clean = measure([0.0, 0.0])
    made = LevelSearch(
        measure, chance=truth.chance, clean=clean, expected=truth.expected, runs=runs, tolerance=tolerance,
        published=() if truth.expected.axis.untaught is not None else measure([1.0, 1.0]),
        say=lambda line: None, nearest=partial(nearest, truth.images),
    )  # fmt: skip
    found = made.levels(truth.levels)
    spread = pool_variance([clean, *(one.accuracies for one in found)])
    every = np.array([truth.accuracy(nearest(truth.images, share)) for share in 1 / (1 + np.geomspace(1e-4, 1e2, 500))])
    outcomes = []
    for one in found:
        low, high = estimate(one.accuracies, TESTED, spread=spread).interval()
        mean = truth.accuracy(one.share)
        outcomes.append(Outcome(
            one.level, mean, one.reachable, covered=low <= mean <= high,
            exists=bool((np.abs(every - one.level) <= tolerance).any()),
        ))  # fmt: skip
    return outcomes, rounds[1 if truth.expected.axis.untaught is not None else 2 :]


def tabulate_truths(seeds: int, tolerance: float) -> str:
    """How far each truth's levels are missed."""
    rows = []
    for name, truth in TRUTHS.items():
        runs, waves, misses = [], [], []
        for seed in range(seeds):
            random = np.random.default_rng(seed)
            found, rounds = search(truth, random, 8 + 7 * len(truth.levels) - BEFORE, tolerance)
            runs.append(sum(rounds))
            waves.append(sum(-(-count // 2) for count in rounds))
            misses += [abs(one.mean - one.level) for one in found]
        rows.append([
            name, ", ".join(f"{level:g}" for level in truth.levels), truth.deviation, np.mean(runs), np.mean(waves),
            np.percentile(waves, 90), np.mean(misses), np.percentile(misses, 95),
        ])  # fmt: skip
    headers = ["truth", "levels", "deviation of a run", "retrainings", "waves", "90 %", "points missed", "95 %"]
    return tabulate(rows, headers=headers, floatfmt=".1f", tablefmt="github")


def tabulate_worlds(seeds: int, tolerance: float) -> str:
    """How well levels that are accepted hold, in worlds that are drawn; as many searches of each kind as ``seeds``."""
    rows = []
    for name, draw in WORLDS.items():
        for deviation in DEVIATIONS:
            found, runs = [], 0
            for seed in range(seeds):
                random = np.random.default_rng(seed)
                truth = replace(draw(random), deviation=deviation)
                outcomes, rounds = search(truth, random, LEVEL_RUNS * len(SOLD), tolerance)
                found += outcomes
                runs += sum(rounds)
            accepted = [one for one in found if one.reached]
            misses = [abs(one.mean - one.level) for one in accepted]
            rows.append([
                name, f"{deviation:g}", runs / len(found), 100 * np.mean([one.reached for one in found if one.exists]),
                np.mean(misses), np.percentile(misses, 95), max(misses), 100 * np.mean([miss <= tolerance for miss in misses]),
                100 * np.mean([one.covered for one in accepted]),
                100 * np.mean([one.covered for one in found]),
            ])  # fmt: skip
    headers = ["truth", "deviation of a run", "retrainings a level", "accepted of those that exist, %", "points missed", "95 %",
               "most", "within the tolerance, %", "interval holds, %", "of all levels, %"]  # fmt: skip
    return tabulate(rows, headers=headers, floatfmt=".1f", tablefmt="github", disable_numparse=False)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--tolerance", type=float, default=2.5)
    parser.add_argument("--worlds", action="store_true")
    options = parser.parse_args()
    print((tabulate_worlds if options.worlds else tabulate_truths)(options.seeds, options.tolerance))


if __name__ == "__main__":
    main()
