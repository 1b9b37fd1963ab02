"""ConfounderGAN: how well the noise of its generator is recognised, and what networks learn from pictures that carry it.

    python bench/confounder.py DATA/train DATA/test [--shares 100 50 90] [--lessons 12] [--passes 6]
    python bench/confounder.py DATA/train DATA/test --adversary 1 --classifier clean

A generator is trained on a share p of the pictures and protects all of them, at the greatest strength that keeps their
likeness, as in `hide`. Networks are retrained on: all of these; p protected and the rest clean; the clean rest alone
(ConfounderGAN, Figure 5; Table 4 is its protected rest). Prints Markdown.
"""

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from folders import loaded, shown
from tabulate import tabulate

from hideseek_cli.core.classifier import silent, train
from hideseek_cli.core.confounder import Plan, noises, recognised, trained
from hideseek_cli.core.evaluator import pictures, retrain
from hideseek_cli.core.rounds import side_by_side
from hideseek_cli.levels import Maker, strongest_strength
from hideseek_cli.methods import Task
from hideseek_cli.methods.confounder import knowing_masks
from hideseek_cli.methods.emn import PLAIN
from hideseek_cli.order import Order
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--min-ssim", type=float, default=0.985)
    parser.add_argument("--shares", type=int, nargs="+", default=[100])
    parser.add_argument("--lessons", type=int, default=Plan.lessons)
    parser.add_argument("--passes", type=int, default=Plan.passes)
    parser.add_argument("--adversary", type=float, default=Plan.adversary)
    parser.add_argument("--classifier", choices=("masks", "clean"), default="masks", help="what it knows the classes by")
    parser.add_argument("--archs", nargs="+", default=["slim"])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    material, test, device = loaded(options.train, options.test)
    classes, labels = len(material.folder.classes), material.folder.labels
    data = shown(material, device)
    recipe = preset("quick").for_pictures(len(data))
    order = Order(data=options.train, levels=(50.0,), out=Path("out"), masks=Path("masks"), recipe=recipe,
                  epsilon=options.epsilon, min_ssim=options.min_ssim)  # fmt: skip
    maker = Maker(material, options.epsilon, material.own_thresholds(bytes(32)), None)
    every = np.arange(len(labels))
    rows = []
    for share in options.shares:
        mixed = np.random.default_rng([options.seed, 0xC0F]).permutation(len(labels))
        own, rest = (torch.from_numpy(np.sort(part)).to(device) for part in np.split(mixed, [len(mixed) * share // 100]))
        torch.set_num_threads(cores())
        begun = time.perf_counter()
        if options.classifier == "clean":
            classifier = train(data.subset(own), recipe, seed=options.seed)
        else:
            task = Task(pictures=data.subset(own), epsilon=options.epsilon, arch=recipe.arch, batch_size=recipe.batch_size,
                        seed=options.seed, shifts=None)  # fmt: skip
            classifier = knowing_masks(task, PLAIN[0])
        learnt = time.perf_counter()
        plan = Plan(epsilon=options.epsilon, lessons=options.lessons, passes=options.passes, adversary=options.adversary,
                    batch_size=recipe.batch_size, seed=options.seed)  # fmt: skip
        generator = trained(data.subset(own), classifier, plan, silent)
        done = time.perf_counter()
        made = noises(generator, data)
        noise = made.permute(0, 2, 3, 1).contiguous().cpu().numpy()
        protected = time.perf_counter()
        shares = [recognised(made[part], data.labels[part], classifier) if len(part) else float("nan") for part in (own, rest)]
        told = [share, f"{learnt - begun:.0f} + {done - learnt:.0f}", f"{len(data) / (protected - done):.0f}",
                f"{np.sqrt((noise**2).mean()):.2f}", *(f"{one:.1f}" for one in shares)]  # fmt: skip
        print(told, flush=True)
        with pool(cores()) as executor:
            strength = strongest_strength(order, maker, noise, every[None], executor, Silent())
            masked = pictures(maker.render(maker.masks(noise, strength), every), labels, classes, device)
            mixture = replace(masked, images=masked.images.clone())
            mixture.images[rest] = data.images[rest]
            kinds = [masked, mixture, data.subset(rest)][: 3 if len(rest) else 1]
            trainings = [
                partial(retrain, kind, test, replace(recipe, arch=arch), seed=1000 + run)
                for kind in kinds
                for arch in options.archs
                for run in range(options.runs)
            ]
            found = list(side_by_side(trainings, executor, device, threads=1, tick=silent))
        each = options.runs * len(options.archs)
        cells = [", ".join(f"{one:.1f}" for one in found[at : at + each]) for at in range(0, len(found), each)]
        rows.append([*told, f"{strength:.2f}", *cells, *[""] * (3 - len(cells))])
        print(rows[-1], flush=True)
    headers = [
        "p %", "s: classifier + generator", "pictures/s", "RMS", "recognised: own %", "the rest %", "strength",
        f"all protected % ({', '.join(options.archs)})", "p protected, the rest clean %", "the clean rest alone %",
    ]  # fmt: skip
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
