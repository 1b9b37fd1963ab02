"""What networks learn from a folder of which a share p was there when noise was made: EMN's, or another method's.

    python -m bench.methods.mixing DATA/train DATA/test [--shares 100 50 90] [--arch slim] [--runs 2]

Of p of the images noise is made as in `hide`, at the greatest strength that keeps their similarity. Networks are retrained
on: all of them protected, by whatever makes noise for images that it has not seen (of EMN, the masks of their classes);
p protected and the rest clean; the clean rest alone (ConfounderGAN, Figure 5; Table 4 is its protected rest). Prints Markdown.
`bench.methods.confounder_gan` and `bench.methods.deepconfuse` are the same for other methods.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from tabulate import tabulate
from torch import Tensor

from bench.common import accuracies, add_recipe, asked, loaded, recipes, shown
from hideseek_cli.methods import RealPatterns, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.strength import find_greatest_strength
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import ignore_steps


@dataclass(frozen=True)
class Mixture:
    """All images, and which of them are there when noise is made."""

    data: TensorDataset
    own: Int[Tensor, " m"]
    rest: Int[Tensor, " r"]
    recipe: Recipe
    options: argparse.Namespace

    @property
    def shown(self) -> TensorDataset:
        """Those that are there."""
        return self.data.subset(self.own)

    @property
    def task(self) -> Task:
        """What a method is given of them."""
        return Task(dataset=self.shown, epsilon=self.options.epsilon, arch=self.recipe.arch, shifts=None,
                    batch_size=self.recipe.batch_size, seed=self.options.seed)  # fmt: skip


Make = Callable[[Mixture], tuple[RealPatterns, list[str]]]
"""Noise for all images, and what there is to tell of how it was made."""


def parser(about: str | None) -> argparse.ArgumentParser:
    """The options that such benchmarks have in common."""
    found = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("train", type=Path)
    found.add_argument("test", type=Path)
    found.add_argument("--epsilon", type=int, default=8)
    found.add_argument("--min-ssim", type=float, default=0.985)
    found.add_argument("--shares", type=int, nargs="+", default=[100])
    add_recipe(found)
    found.add_argument("--runs", type=int, default=2)
    found.add_argument("--seed", type=int, default=0)
    return found


def table(options: argparse.Namespace, make: Make, told: list[str]) -> str:
    """A row for each share; ``told``: heads of what ``make`` tells."""
    source, test, device = loaded(options.train, options.test)
    classes, labels = len(source.folder.classes), source.folder.labels
    data = shown(source, device)
    recipe, retrained = recipes(options, len(data))
    config = asked(options, recipe)
    renderer = MaskRenderer(source, options.epsilon, source.own_thresholds(bytes(32)), None)
    every = np.arange(len(labels))
    rows = []
    for share in options.shares:
        mixed = np.random.default_rng([options.seed, 0xC0F]).permutation(len(labels))
        own, rest = (torch.from_numpy(np.sort(part)).to(device) for part in np.split(mixed, [len(mixed) * share // 100]))
        torch.set_num_threads(count_cores())
        noise, cells = make(Mixture(data, own, rest, recipe, options))
        print(share, cells, flush=True)
        with thread_pool(count_cores()) as executor:
            strength = find_greatest_strength(config, renderer, noise, every[None], executor, Silent()).value
            masked = make_dataset(renderer.render(renderer.masks(noise, strength), every), labels, classes, device)
            mixture = replace(masked, images=masked.images.clone())
            mixture.images[rest] = data.images[rest]
            kinds = [masked, mixture, data.subset(rest)][: 3 if len(rest) else 1]
            trainings = [
                partial(retrain, kind, test, one, seed=1000 + run)
                for kind in kinds
                for one in retrained
                for run in range(options.runs)
            ]
            found = accuracies(trainings, executor, device)
        each = options.runs * len(retrained)
        found_cells = [", ".join(f"{one:.1f}" for one in found[at : at + each]) for at in range(0, len(found), each)]
        size = np.sqrt(np.square(noise, dtype=np.float32).mean())
        rows.append([share, *cells, f"{size:.2f}", f"{strength:.2f}", *found_cells, *[""] * (3 - len(found_cells))])
        print(rows[-1], flush=True)
    archs = ", ".join(one.arch for one in retrained)
    heads = [
        "p %", *told, "RMS", "strength", f"all protected % ({archs})", "p protected, the rest clean %",
        "the clean rest alone %",
    ]  # fmt: skip
    return tabulate(rows, headers=heads, tablefmt="github", disable_numparse=True)


def emn(mixture: Mixture) -> tuple[RealPatterns, list[str]]:
    """The default masks of the classes, trained on what is there."""
    task = replace(mixture.task, robust=ClassWise().robust)
    masks = ClassWise().candidates(task)[0].train(ignore_steps).patterns
    return masks[mixture.data.labels.cpu().numpy()], []


if __name__ == "__main__":
    print(table(parser(__doc__).parse_args(), emn, []))
