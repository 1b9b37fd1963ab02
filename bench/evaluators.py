"""Whether two networks rank and place masks alike: accuracy of both on the same masked pictures.

    python bench/evaluators.py DATA/train DATA/test [--archs slim resnet10] [--seeds 0]

Trains the default masks once, applies both patterns at several strengths, retrains each network by the quick recipe on
every one, and prints the accuracies on the test set, and over the graded masks (which make the levels) how the networks'
accuracies correlate, as Markdown.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from folders import loaded
from scipy.stats import pearsonr, spearmanr
from tabulate import tabulate

from hideseek_cli.core.evaluator import pictures, retrain
from hideseek_cli.levels import Maker
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.recipe import preset

STRENGTHS = {"graded": (0.1, 0.15, 0.2, 0.3, 0.5, 1.0), "strongest": (0.3, 0.5, 0.8)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--archs", nargs="+", default=["slim", "resnet10"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epsilon", type=int, default=8)
    options = parser.parse_args()
    material, test, device = loaded(options.train, options.test)
    classes = material.folder.classes
    labels = material.folder.labels
    clean = material.stack.clean()
    recipe = preset("quick").for_pictures(len(labels))
    task = Task(pictures=pictures(clean, labels, len(classes), device), epsilon=options.epsilon, arch=recipe.arch,
                batch_size=recipe.batch_size, seed=0, shifts=None)  # fmt: skip
    trained = ClassWise().patterns(task, lambda done, total: None)
    maker = Maker(material, options.epsilon, material.thresholds(bytes(32)), None)
    sets = [("clean", 0.0, clean)]
    for name, strengths in STRENGTHS.items():
        sets += [(name, strength, maker.render(getattr(trained, name), strength)) for strength in strengths]
    rows, means, seconds = [], [], dict.fromkeys(options.archs, 0.0)
    for name, strength, images in sets:
        data = pictures(images, labels, len(classes), device)
        found = {}
        for arch in options.archs:
            begun = time.perf_counter()
            found[arch] = [retrain(data, test, replace(recipe, arch=arch), seed=seed) for seed in options.seeds]
            seconds[arch] += time.perf_counter() - begun
        rows.append([name, strength, *(", ".join(f"{one:.1f}" for one in runs) for runs in found.values())])
        means.append([float(np.mean(runs)) for runs in found.values()])
        print(rows[-1], flush=True)
    print(tabulate(rows, headers=["pattern", "strength", *options.archs], tablefmt="github"))
    runs = len(sets) * len(options.seeds)
    print(", ".join(f"{arch}: {value / runs:.0f} s a run" for arch, value in seconds.items()))
    first, *others = zip(*(mean for (name, _, _), mean in zip(sets, means, strict=True) if name != "strongest"), strict=True)
    for arch, other in zip(options.archs[1:], others, strict=True):
        apart = np.subtract(first, other)
        print(
            f"levels, {options.archs[0]} and {arch}: Pearson {pearsonr(first, other)[0]:.3f}, "
            f"Spearman {spearmanr(first, other)[0]:.3f}, apart by {apart.mean():+.1f} points on average, "
            f"at most {np.abs(apart).max():.1f}"
        )


if __name__ == "__main__":
    main()
