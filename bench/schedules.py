"""Ways to train masks on the same data, device and surrogate: time, surrogate error, and what they hide.

    python bench/schedules.py DATA/train DATA/test [--epsilon 8] [--seeds 0 1]

`joint` and `alternating` against the schedule of the reference EMN implementation (bench/reference.py). For each and
each seed: seconds and steps until the surrogate's training error is at most 10 % (EMN's stop, where the two others end),
of the whole mask training, then the accuracy of the quick recipe retrained on the masks at full strength. Prints
Markdown.
"""

import argparse
import itertools
import time
from pathlib import Path

from folders import loaded
from reference import reference
from tabulate import tabulate

from hideseek_cli.core.bilevel import SCHEDULES, Problem, training_error
from hideseek_cli.core.evaluator import pictures, retrain
from hideseek_cli.keys import dither
from hideseek_cli.recipe import preset

WAYS = {**SCHEDULES, "reference": reference}
RUNS = (
    ("joint", "sign", 1), ("joint", "sign", 2), ("joint", "sign", 4), ("joint", "whitened", 10),
    ("alternating", "sign", 40), ("reference", "sign", 40),
)  # fmt: skip
"""Schedule, rule and the most rounds; of these, `joint` makes all."""
STOP = 0.1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    material, test, device = loaded(options.train, options.test)
    classes = material.folder.classes
    labels = material.folder.labels
    data = pictures(material.stack.clean(), labels, len(classes), device)
    recipe = preset("quick").for_pictures(len(data))
    rows = []
    for seed, (name, rule, limit) in itertools.product(options.seeds, RUNS):
        problem = Problem(pictures=data, epsilon=options.epsilon, arch="slim", batch_size=recipe.batch_size, seed=seed,
                          rule=rule, rounds=limit)  # fmt: skip
        begun, reached = time.monotonic(), None
        for state in itertools.islice(WAYS[name](problem), limit):
            if reached is None and state.number > 1 and training_error(problem, state) <= STOP:
                reached = (time.monotonic() - begun, state.steps)
                if name != "joint":
                    break
        seconds = time.monotonic() - begun
        pattern = state.mask.permute(0, 2, 3, 1).cpu().numpy()
        masks = material.stack.quantised(pattern, 1.0, dither(bytes(32), pattern.shape), options.epsilon)
        masked = pictures(material.stack.masked(masks, None), labels, len(classes), device)
        accuracy = retrain(masked, test, recipe, seed=seed)
        rows.append({
            "schedule": name, "rule": rule, "seed": seed, "rounds": state.number, "theta steps": state.steps,
            "s to error <= 10 %": f"{reached[0]:.0f}" if reached else "not reached",
            "s in all": f"{seconds:.0f}", "final error %": f"{100 * training_error(problem, state):.1f}",
            "retrained accuracy %": f"{accuracy:.1f}",
        })  # fmt: skip
        print(f"{rows[-1]}", flush=True)
    print(tabulate(rows, headers="keys", tablefmt="github"))


if __name__ == "__main__":
    main()
