"""`joint` against `alternating`, on the same data, device and surrogate: time, surrogate accuracy, and what it hides.

    python bench/schedules.py DATA/train DATA/test [--epsilon 8] [--seeds 0 1]

For each schedule and seed: seconds and steps until the surrogate's training error is at most 10 % (EMN's stop) and of
the whole mask training, then the accuracy of the quick recipe retrained on the masks at full strength. Prints Markdown.
"""

import argparse
import itertools
import time
from pathlib import Path

import torch
from tabulate import tabulate

from hideseek_cli.core.bilevel import SCHEDULES, Problem
from hideseek_cli.core.evaluator import pictures, retrain
from hideseek_cli.folder import scan
from hideseek_cli.keys import dither
from hideseek_cli.material import labelled, load
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset

RUNS = (("joint", "sign", 4), ("joint", "normalised", 8), ("alternating", "sign", 40))
STOP = 0.1


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    options = parser.parse_args()
    torch.set_num_threads(cores())
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with pool(cores()) as executor:
        material = load(options.train, None, None, executor, Silent())
        classes = material.folder.classes
        test = pictures(*labelled(scan(options.test), classes, material.stack, executor, Silent(), None), len(classes), device)
    labels = material.folder.labels
    data = pictures(material.stack.clean(), labels, len(classes), device)
    recipe = preset("quick").for_pictures(len(data))
    rows = []
    for seed, (name, rule, limit) in itertools.product(options.seeds, RUNS):
        problem = Problem(pictures=data, epsilon=options.epsilon, arch="slim", batch_size=recipe.batch_size, seed=seed,
                          rule=rule, rounds=limit)  # fmt: skip
        begun, reached = time.monotonic(), None
        for state in itertools.islice(SCHEDULES[name](problem), limit):
            if reached is None and state.number > 1 and state.error <= STOP:
                reached = (time.monotonic() - begun, state.steps)
                if name == "alternating":
                    break
        seconds = time.monotonic() - begun
        pattern = state.mask.permute(0, 2, 3, 1).cpu().numpy()
        masks = material.stack.quantised(pattern, 1.0, dither(bytes(32), pattern.shape), options.epsilon)
        masked = pictures(material.stack.masked(masks, None), labels, len(classes), device)
        accuracy = retrain(masked, test, recipe, seed=seed, tick=lambda done, total: None)
        rows.append({
            "schedule": name, "rule": rule, "seed": seed, "rounds": state.number, "theta steps": state.steps,
            "s to error <= 10 %": f"{reached[0]:.0f}" if reached else "not reached",
            "s in all": f"{seconds:.0f}", "final error %": f"{100 * state.error:.1f}",
            "retrained accuracy %": f"{accuracy:.1f}",
        })  # fmt: skip
        print(f"{rows[-1]}", flush=True)
    print(tabulate(rows, headers="keys", tablefmt="github"))


if __name__ == "__main__":
    main()
