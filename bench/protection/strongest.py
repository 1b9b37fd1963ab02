r"""How long the strongest mask must train: what is left to learn at the published strength, by passes and mask seed.

    python -m bench.protection.strongest DATA/train DATA/test [--epsilon 8] [--min-ssim 0.985] [--passes 1 2 4] [--seeds 0 1]
    python -m bench.protection.strongest DATA/train DATA/test --rule balanced --through greyscale blur --patterns 3 \
        --attacks none greyscale
    python -m bench.protection.strongest DATA/train DATA/test --patterns 3 --colour --attacks none greyscale
    python -m bench.protection.strongest DATA/train DATA/test --rule balanced --through greyscale blur \
        --surrogates slim cnn --archs slim vgg11

Each mask is brought to the greatest strength that keeps the images' similarity, as `hide --max-visibility 1` does, and networks
are retrained on it under each attack, one processor thread each. Prints Markdown.
"""

import argparse
import itertools
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from bench.common import asked, loaded, shown
from hideseek_cli.attacks import Exposed, select
from hideseek_cli.core.bilevel import Problem, joint
from hideseek_cli.core.updates import RULES
from hideseek_cli.evaluation.adversary import train_under_attack
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.strength import equalise_similarity, find_greatest_strength
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.tensors import make_dataset
from hideseek_cli.training.trainer import ignore_steps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--min-ssim", type=float, default=0.985)
    parser.add_argument("--passes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--surrogates", nargs="+", default=["slim"], help="the networks that masks are trained with, in turn")
    parser.add_argument("--archs", nargs="+", default=["slim"])
    parser.add_argument("--rule", choices=RULES, default="whitened")
    parser.add_argument("--through", nargs="*", default=[], help="changes that masks are trained through")
    parser.add_argument("--patterns", type=int, default=1, help="patterns a class")
    parser.add_argument("--attacks", nargs="+", default=["none"])
    parser.add_argument("--colour", action="store_true", help="take brightness off the masks: a control for greyscale")
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    classes, labels = len(source.folder.classes), source.folder.labels
    data = shown(source, device)
    recipe = preset("quick").for_images(len(data))
    config = asked(options, recipe)
    renderer = MaskRenderer(source, options.epsilon, source.thresholds(bytes(32), options.patterns), None)
    which = labels + classes * (np.arange(len(labels)) % options.patterns)
    choices = labels + classes * np.arange(options.patterns)[:, None]
    rows = []
    with thread_pool(count_cores()) as executor:
        for surrogate, passes, seed in itertools.product(options.surrogates, options.passes, options.seeds):
            torch.set_num_threads(count_cores())
            problem = Problem(dataset=data, epsilon=options.epsilon, arch=surrogate, batch_size=recipe.batch_size,
                              seed=seed, rule=options.rule, rounds=passes, pattern_sets=options.patterns,
                              through=tuple(options.through))  # fmt: skip
            begun = time.perf_counter()
            state = next(itertools.islice(joint(problem), passes - 1, None))
            seconds = time.perf_counter() - begun
            pattern = state.pattern()
            if options.colour:
                pattern = pattern - (pattern @ np.array([0.299, 0.587, 0.114]))[..., None]
            pattern = equalise_similarity(renderer, pattern, choices, executor)
            strength = find_greatest_strength(config, renderer, pattern, choices, executor, Silent()).value
            masked = make_dataset(renderer.render(renderer.masks(pattern, strength), which), labels, classes, device)
            exposed = Exposed(dataset=masked, test=test, originals=data, epsilon=options.epsilon, seed=seed)
            trainings = [
                partial(train_under_attack, attack, exposed, replace(recipe, arch=arch), seed=seed + run)
                for attack in select(tuple(options.attacks))
                for arch in options.archs
                for run in range(options.runs)
            ]
            found = train_in_parallel(trainings, executor, device, threads=1, on_step=ignore_steps)
            accuracies = ", ".join(f"{curve[-1]:.1f}" for curve in found)
            rows.append([surrogate, passes, state.steps, f"{seconds:.1f}", seed, f"{strength:.2f}", accuracies])
            print(rows[-1], flush=True)
    headers = [
        "surrogate",
        "passes",
        "steps",
        "s",
        "mask seed",
        "strength",
        f"accuracies % ({', '.join(options.attacks)}; {', '.join(options.archs)})",
    ]
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
