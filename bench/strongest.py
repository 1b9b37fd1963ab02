"""How long the strongest mask must train: what is left to learn at the published strength, by passes and mask seed.

    python bench/strongest.py DATA/train DATA/test [--epsilon 8] [--min-ssim 0.985] [--passes 1 2 4] [--seeds 0 1]
    python bench/strongest.py DATA/train DATA/test --rule balanced --through gray blur --patterns 3 --attacks none greyscale
    python bench/strongest.py DATA/train DATA/test --patterns 3 --colour --attacks none greyscale
    python bench/strongest.py DATA/train DATA/test --rule balanced --through gray blur --surrogates slim cnn --archs slim vgg11

Each mask is brought to the greatest strength that keeps the pictures' likeness, as `hide` does, and networks are
retrained on it under each attack, one processor thread each. Prints Markdown.
"""

import argparse
import itertools
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from folders import asked, loaded, shown
from tabulate import tabulate

from hideseek_cli.attacks import Exposed, chosen
from hideseek_cli.audit import attacked
from hideseek_cli.core.bilevel import Problem, joint
from hideseek_cli.core.classifier import silent
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.core.rounds import side_by_side
from hideseek_cli.core.rules import RULES
from hideseek_cli.levels import Maker, evened, strongest_strength
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset


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
    material, test, device = loaded(options.train, options.test)
    classes, labels = len(material.folder.classes), material.folder.labels
    data = shown(material, device)
    recipe = preset("quick").for_pictures(len(data))
    order = asked(options, recipe)
    maker = Maker(material, options.epsilon, material.thresholds(bytes(32), options.patterns), None)
    which = labels + classes * (np.arange(len(labels)) % options.patterns)
    choices = labels + classes * np.arange(options.patterns)[:, None]
    rows = []
    with pool(cores()) as executor:
        for surrogate, passes, seed in itertools.product(options.surrogates, options.passes, options.seeds):
            torch.set_num_threads(cores())
            problem = Problem(pictures=data, epsilon=options.epsilon, arch=surrogate, batch_size=recipe.batch_size,
                              seed=seed, rule=options.rule, rounds=passes, banks=options.patterns,
                              through=tuple(options.through))  # fmt: skip
            begun = time.perf_counter()
            state = next(itertools.islice(joint(problem), passes - 1, None))
            seconds = time.perf_counter() - begun
            pattern = state.pattern()
            if options.colour:
                pattern = pattern - (pattern @ np.array([0.299, 0.587, 0.114]))[..., None]
            pattern = evened(maker, pattern, choices, executor)
            strength = strongest_strength(order, maker, pattern, choices, executor, Silent())
            masked = pictures(maker.render(maker.masks(pattern, strength), which), labels, classes, device)
            exposed = Exposed(pictures=masked, test=test, originals=data, epsilon=options.epsilon, seed=seed)
            trainings = [
                partial(attacked, attack, exposed, replace(recipe, arch=arch), seed=seed + run)
                for attack in chosen(tuple(options.attacks))
                for arch in options.archs
                for run in range(options.runs)
            ]
            found = side_by_side(trainings, executor, device, threads=1, tick=silent)
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
