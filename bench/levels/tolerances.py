"""How often `verify` comes to a verdict, by tolerance; simulated, no training.

    python -m bench.levels.tolerances [--seeds 2000]

A level of 50 % that was calibrated to within some points, 5,000 test images, four runs. Prints Markdown.
"""

from __future__ import annotations

import argparse
from functools import partial

import numpy as np
from tabulate import tabulate

from hideseek_cli.training.accuracy_stats import estimate, judge_level, more_runs

LEVEL, TESTED, RUNS = 50.0, 5_000, 4


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=2000)
    options = parser.parse_args()
    rows = []
    for deviation in (1.0, 3.0, 6.0):
        for missed in (0.0, 1.0, 2.5, 8.0):
            row: list[float | str] = [f"{deviation:g}", f"{missed:g}"]
            for tolerance in (8.0, 4.0):
                random, verdicts = np.random.default_rng(0), []
                more: list[int] = []
                judge = partial(judge_level, level=LEVEL, tolerance=tolerance)
                for _ in range(options.seeds):
                    shared = random.normal(LEVEL + missed, 100 * np.sqrt(0.25 / TESTED))
                    accuracies = list(random.normal(shared, deviation, RUNS))
                    verdicts.append(judge(estimate(accuracies, TESTED)))
                    if verdicts[-1] == "inconclusive" and len(more) < 100:
                        more.append(more_runs(accuracies, TESTED, judge, most=100) or 100)
                shares = [100 * verdicts.count(one) / len(verdicts) for one in ("pass", "inconclusive", "fail")]
                row += [" / ".join(f"{share:.0f}" for share in shares), float(np.median(more)) if more else ""]
            rows.append(row)
    kinds = [(f"tolerance {tolerance}: pass / inconclusive / fail, %", "more runs, median") for tolerance in (8, 4)]
    headers = ["deviation of a run", "points missed", *kinds[0], *kinds[1]]
    print(tabulate(rows, headers=headers, floatfmt=".0f", tablefmt="github", disable_numparse=[0, 1]))


if __name__ == "__main__":
    main()
