"""How many retrainings the search for levels needs, and how well it hits, on simulated truths; no training.

    python -m bench.levels.search [--seeds 200]

Each truth is a curve of mean accuracy against the odds of a masked image, and each retraining misses it by a random
amount. Prints Markdown: retrainings for the levels alone, in how many waves on two cores, and how far the mean accuracy
at the shares that were found lies from the levels.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from tabulate import tabulate

from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.publishing.accuracy_curve import Axis, Expected
from hideseek_cli.publishing.level_search import LevelSearch

BEFORE = 5
"""Retrainings of the clean and of the published folder, which count against the most that `hide` makes."""


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


def staircase(share: float) -> float:
    """Nine classes after a first one, each worth as much, half of it for three in a hundred of its images."""
    parts = TURNS.coverage(share) ** 2
    return 10 + 5.7 * float((parts / (parts + 0.03**2))[TURNS.ranked[0] != np.arange(10)].sum())


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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    rows = []
    for name, truth in TRUTHS.items():
        runs, waves, misses = [], [], []
        for seed in range(options.seeds):
            random = np.random.default_rng(seed)
            rounds: list[int] = []

            def measure(
                shares: Sequence[float], aims: Sequence[float] = (), truth: Truth = truth,
                random: np.random.Generator = random, rounds: list[int] = rounds,
            ) -> list[float]:  # fmt: skip
                rounds.append(len(shares))
                return [truth.accuracy(one) + truth.deviation * float(random.standard_normal()) for one in shares]

            search = LevelSearch(
                measure, chance=truth.chance, clean=measure([0.0, 0.0]),
                published=() if truth.expected.axis.untaught is not None else measure([1.0, 1.0]),
                expected=truth.expected,
                runs=8 + 7 * len(truth.levels) - BEFORE, tolerance=5.0, say=lambda line: None,
                nearest=partial(nearest, truth.images),
            )  # fmt: skip
            found = search.levels(truth.levels)
            runs.append(sum(rounds[2:]))
            waves.append(sum(-(-count // 2) for count in rounds[2:]))
            misses += [abs(truth.accuracy(one.share) - one.level) for one in found]
        rows.append([
            name, ", ".join(f"{level:g}" for level in truth.levels), truth.deviation, np.mean(runs), np.mean(waves),
            np.percentile(waves, 90), np.mean(misses), np.percentile(misses, 95),
        ])  # fmt: skip
    headers = ["truth", "levels", "deviation of a run", "retrainings", "waves", "90 %", "points missed", "95 %"]
    print(tabulate(rows, headers=headers, floatfmt=".1f", tablefmt="github"))


if __name__ == "__main__":
    main()
