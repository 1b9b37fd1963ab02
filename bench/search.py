"""How many retrainings the search for levels needs, and how well it hits, on simulated truths; no training.

    python bench/search.py [--seeds 200]

Each truth is a curve of mean accuracy against strength, and each retraining misses it by a random amount. Prints
Markdown: retrainings for the levels alone, in how many waves on two cores, and how far the mean accuracy at the strengths
that were found lies from the levels.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from tabulate import tabulate

from hideseek_cli.core.calibration import Search

BEFORE = 5
"""Retrainings of the clean and of the published folder, which count against the most that `hide` makes."""


@dataclass(frozen=True)
class Truth:
    """A world: mean accuracy at each strength, chance, the deviation of a run, and what is sold."""

    accuracy: Callable[[float], float]
    chance: float
    deviation: float
    levels: tuple[float, ...]


def logistic(top: float, floor: float, middle: float, slope: float) -> Callable[[float], float]:
    return lambda strength: floor + (top - floor) / (1 + (strength / middle) ** slope)


def cifar(strength: float) -> float:
    """The graded pattern on CIFAR-10, as measured (docs/benchmarks.md)."""
    strengths = np.log([0.04, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0])
    return float(np.interp(np.log(max(strength, 1e-3)), strengths, [62.4, 58.7, 49.0, 42.4, 33.7, 27.6, 20.7]))


TRUTHS = {
    "CIFAR-10": Truth(cifar, 10.3, 2.0, (30, 50)),
    "CIFAR-10, five levels": Truth(cifar, 10.3, 2.0, (25, 30, 40, 50, 55)),
    "steep": Truth(logistic(95, 12, 0.5, 5), 11, 3.0, (30, 50, 70)),
    "shallow": Truth(logistic(80, 5, 0.08, 1.3), 5, 2.0, (20, 40, 60)),
    "as expected": Truth(logistic(90, 20, 0.3, 2.5), 10, 2.0, (30, 50, 70)),
    "noisy": Truth(logistic(90, 20, 0.3, 2.5), 10, 5.0, (30, 50, 70)),
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

            def measure(strengths: Sequence[float], truth=truth, random=random, rounds=rounds) -> list[float]:
                rounds.append(len(strengths))
                return [truth.accuracy(one) + truth.deviation * float(random.standard_normal()) for one in strengths]

            search = Search(
                measure, chance=truth.chance, clean=measure([0.0, 0.0]), lowest=[truth.chance] * 2,
                runs=6 + 7 * len(truth.levels) - BEFORE, tolerance=5.0, say=lambda line: None,
            )  # fmt: skip
            found = search.levels(truth.levels)
            runs.append(sum(rounds[1:]))
            waves.append(sum(-(-count // 2) for count in rounds[1:]))
            misses += [abs(truth.accuracy(one.strength) - one.level) for one in found]
        rows.append([
            name, ", ".join(f"{level:g}" for level in truth.levels), truth.deviation, np.mean(runs), np.mean(waves),
            np.percentile(waves, 90), np.mean(misses), np.percentile(misses, 95),
        ])  # fmt: skip
    headers = ["truth", "levels", "deviation of a run", "retrainings", "waves", "90 %", "points missed", "95 %"]
    print(tabulate(rows, headers=headers, floatfmt=".1f", tablefmt="github"))


if __name__ == "__main__":
    main()
