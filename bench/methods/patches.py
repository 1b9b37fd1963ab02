"""Class-wise patches (CWP), the conspicuous confounder that ConfounderGAN starts from: what networks learn beside one.

    python -m bench.methods.patches DATA/train DATA/test [--sides 36 32] [--archs slim] [--runs 2] [--seed 1000]

Each training image gets a square of its class's colour in the lower right corner, of a side of 36 or 32 in 224 (the
paper says both), in proportion. ConfounderGAN, Figure 2 and Appendix G.2, whose colours these are; they list 21 of 25, and
more classes than that are refused. Prints Markdown: accuracy on clean test images, final and of the best epoch, by the
quick recipe.
"""

import argparse
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path

import torch
from tabulate import tabulate

from bench.common import add_recipe, loaded, recipes, shown
from hideseek_cli.attacks import Exposed, select
from hideseek_cli.evaluation.adversary import train_under_attack
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import ignore_steps

CHANNELS = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 0), (1, 0, 1))
COLOURS = [[value * on for on in which] for which, value in product(CHANNELS, (220, 230, 240, 250))] + [[250, 250, 250]]
OF = 224
"""Pixels of an image's side, of which a patch's are given."""


def patched(data: TensorDataset, side: int) -> TensorDataset:
    """The images with their class's patch, ``side`` in OF wide."""
    width = max(1, round(side * data.images.shape[3] / OF))
    colours = torch.tensor(COLOURS, dtype=torch.uint8, device=data.images.device)
    images = data.images.clone()
    images[:, :, -width:, -width:] = colours[data.labels][:, :, None, None]
    return replace(data, images=images)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--sides", type=int, nargs="+", default=[36, 32])
    add_recipe(parser)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1000)
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    data = shown(source, device)
    if data.classes > len(COLOURS) or data.images.shape[1] != 3:
        raise SystemExit(f"patches are for images in colour of at most {len(COLOURS)} classes")
    _, retrained = recipes(options, len(data))
    kinds = {"none": data, **{f"{side} in {OF}": patched(data, side) for side in options.sides}}
    (plain,) = select(("none",))
    with thread_pool(count_cores()) as executor:
        trainings = [
            partial(train_under_attack, plain, Exposed(dataset=kind, test=test), recipe, seed=options.seed + run)
            for recipe in retrained
            for kind in kinds.values()
            for run in range(options.runs)
        ]
        curves = list(train_in_parallel(trainings, executor, device, threads=1, on_step=ignore_steps))
    rows = []
    for number, (recipe, name) in enumerate(product(retrained, kinds)):
        mine = curves[number * options.runs : (number + 1) * options.runs]
        ends, peaks = ([f"{value(curve):.1f}" for curve in mine] for value in (lambda curve: curve[-1], max))
        rows.append([recipe.arch, name, ", ".join(ends), ", ".join(peaks)])
    print(tabulate(rows, headers=["network", "patch", "accuracy %", "at best %"], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
