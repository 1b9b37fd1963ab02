r"""What masks hide against what the eye sees of them: the frontier of each rule by which they are trained.

    python -m bench.protection.frontier DATA/train DATA/test [--rules eye whitened balanced] [--epsilons 8]
        [--budgets 0.25 0.5 1 2] [--patterns 1] [--seeds 0] [--runs 2]

A budget is a share of what JPEG of quality 75 shows of the same images. Masks are trained for it and brought to the
strength at which they have that visibility, or to 2 if they never do. Prints Markdown; the last column is the share of the
way from chance to what clean images give.
"""

import argparse
import itertools
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from bench.common import asked, loaded, shown, train_by
from hideseek_cli.core.updates import RULES
from hideseek_cli.methods import Task
from hideseek_cli.publishing.mask_layout import find_sight
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.strength import find_greatest_strength, measure_similarity
from hideseek_cli.publishing.visibility_limit import VisibilityLimit
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import count_correct, ignore_steps, train

SURVIVING = {"balanced": ("greyscale", "blur")}
"""Rules whose masks are trained through changes."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=["eye", "whitened", "balanced"])
    parser.add_argument("--epsilons", type=int, nargs="+", default=[8])
    parser.add_argument("--budgets", type=float, nargs="+", default=[0.25, 0.5, 1, 2])
    parser.add_argument("--patterns", type=int, default=1, help="patterns a class")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    classes, labels = len(source.folder.classes), source.folder.labels
    data, recipe = shown(source, device), preset("quick").for_images(len(source))
    which = labels + classes * (np.arange(len(labels)) % options.patterns)
    choices = labels + classes * np.arange(options.patterns)[:, None]

    def learn(images: TensorDataset, seed: int, on_step: object = ignore_steps) -> float:
        return 100 * count_correct(train(images, recipe, seed=1000 + seed), test) / len(test)

    rows = []
    with thread_pool(count_cores()) as executor:

        def measure(images: TensorDataset) -> list[float]:
            runs = [partial(learn, images, seed) for seed in range(options.runs)]
            return list(train_in_parallel(runs, executor, device, threads=1, on_step=ignore_steps))

        clean, chance = float(np.mean(measure(data))), source.folder.chance()
        print(f"clean {clean:.1f}, chance {chance:.1f}", flush=True)
        config = asked(argparse.Namespace(train=options.train, epsilon=options.epsilons[0], min_ssim=0.0), recipe)
        jpeg = VisibilityLimit.of(config, source, executor, Silent())
        for epsilon, rule, seed, budget in itertools.product(options.epsilons, options.rules, options.seeds, options.budgets):
            config = replace(config, epsilon=epsilon)
            limit = replace(jpeg, allowed=budget * jpeg.allowed)
            renderer = MaskRenderer(source, epsilon, source.thresholds(bytes(32), options.patterns), None)
            task = Task(dataset=data, epsilon=epsilon, arch=recipe.arch, batch_size=recipe.batch_size, seed=seed, shifts=None,
                        pattern_sets=options.patterns, robust=SURVIVING.get(rule, ()),
                        sight=find_sight(source, limit.mean, device))  # fmt: skip
            torch.set_num_threads(count_cores())
            pattern = train_by(rule, task)
            strength = find_greatest_strength(config, renderer, pattern, choices, executor, Silent(), limit)
            sums, counts = measure_similarity(renderer, pattern, strength.value, choices, source.spread(10**7), executor)
            masked = make_dataset(renderer.render(renderer.masks(pattern, strength.value), which), labels, classes, device)
            found = measure(masked)
            left = (float(np.mean(found)) - chance) / (clean - chance)
            rows.append([rule, epsilon, seed, f"{budget:g}", f"{limit.mean:.4f}", f"{strength.value:.2f}", strength.bound,
                         f"{sums.sum() / (len(choices) * counts.sum()):.4f}", ", ".join(f"{one:.1f}" for one in found),
                         f"{100 * left:.0f}"])  # fmt: skip
            print(rows[-1], flush=True)
    headers = ["rule", "ε", "seed", "budget", "visibility allowed", "strength", "bound", "SSIM", "accuracies %", "left %"]
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
