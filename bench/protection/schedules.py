"""Ways to train masks on the same data, device and surrogate: time against what the masks hide.

    python -m bench.protection.schedules DATA/train DATA/test [--epsilon 8] [--seeds 0 1] [--rounds 40] [--only reference]

`joint` and `alternating` against the schedule of the reference EMN implementation (`bench.emn_reference`). The two others are
driven on past their own stop, a surrogate error of at most 10 %, to ``--rounds``; on the way their masks are retrained on,
as are those of `joint` after some numbers of rounds, over which its step sizes fall; below one round `joint` sees a share
of the images once. Seconds are of mask training alone. Then, for each result of `joint`, how much longer the reference
took to hide as much. Prints Markdown.
"""

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tabulate import tabulate

from bench.common import loaded, shown
from bench.emn_reference import reference
from hideseek_cli.core.bilevel import SCHEDULES, Problem, Round, training_error
from hideseek_cli.masks.keys import draw_thresholds
from hideseek_cli.recipe import preset
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.tensors import make_dataset

JOINT = (
    ("sign", 0.5), ("sign", 1), ("sign", 2), ("sign", 4),
    ("whitened", 0.25), ("whitened", 0.5), ("whitened", 1), ("whitened", 4), ("whitened", 10),
)  # fmt: skip
"""Rule and rounds."""
WANTED = (2, 3, 4, 5, 10, 20, 40, 80)
"""Rounds of the others; after the first, masks are still empty."""
DRIVEN = {"alternating": SCHEDULES["alternating"], "reference": reference}


@dataclass(frozen=True)
class Result:
    """Masks at some moment, and the accuracy in percent that is left on them."""

    schedule: str
    rule: str
    seed: int
    rounds: float
    steps: int
    seconds: float
    error: float
    accuracy: float


def moments(states: Iterator[Round], wanted: set[int]) -> Iterator[tuple[Round, float]]:
    """The state after each wanted number of rounds, and the seconds that training took until then."""
    seconds, begun = 0.0, time.perf_counter()
    for state in itertools.islice(states, max(wanted)):
        if state.number in wanted:
            seconds += time.perf_counter() - begun
            yield state, seconds
            begun = time.perf_counter()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", nargs="+", choices=list(DRIVEN), default=list(DRIVEN), help="which stand beside joint")
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    classes, labels = len(source.folder.classes), source.folder.labels
    data = shown(source, device)
    recipe = preset("quick").for_images(len(data))
    wanted = {rounds for rounds in WANTED if rounds <= options.rounds}
    results: list[Result] = []
    for seed in options.seeds:
        runs = [("joint", rule, SCHEDULES["joint"], {max(1, int(rounds))}, min(1.0, rounds)) for rule, rounds in JOINT]
        runs += [(name, "sign", schedule, wanted, 1.0) for name, schedule in DRIVEN.items() if name in options.only]
        for name, rule, schedule, rounds, share in runs:
            seen = data if share == 1 else data.subset(torch.arange(0, len(data), round(1 / share), device=device))
            problem = Problem(dataset=seen, epsilon=options.epsilon, arch="slim", batch_size=recipe.batch_size, seed=seed,
                              rule=rule, rounds=max(rounds))  # fmt: skip
            for state, seconds in moments(schedule(problem), rounds):
                pattern = state.pattern()
                masks = source.stack.quantise(pattern, 1.0, draw_thresholds(bytes(32), pattern.shape), options.epsilon)
                masked = make_dataset(source.stack.apply_masks(masks, labels, None, options.epsilon), labels, classes, device)
                error = 100 * training_error(problem, state)
                accuracy = retrain(masked, test, recipe, seed=seed)
                results.append(Result(name, rule, seed, share * state.number, state.steps, seconds, error, accuracy))
                print(results[-1], flush=True)
    print(tabulate([[*vars(one).values()] for one in results], floatfmt=".1f", tablefmt="github", headers=[
        "schedule", "rule", "seed", "rounds", "θ steps", "s", "surrogate error %", "retrained accuracy %",
    ]))  # fmt: skip
    for one in (one for one in results if one.schedule == "joint"):
        driven = [other for other in results if other.schedule == "reference" and other.seed == one.seed]
        enough = [other.seconds for other in driven if other.accuracy <= one.accuracy]
        longer = min(enough, default=max(other.seconds for other in driven)) / one.seconds
        print(
            f"seed {one.seed}, {one.accuracy:.1f} %: joint, {one.rule}, {one.rounds:g} rounds, {one.seconds:.1f} s; "
            f"the reference takes {longer:.1f} times as long{'' if enough else ' and has not reached it'}"
        )


if __name__ == "__main__":
    main()
