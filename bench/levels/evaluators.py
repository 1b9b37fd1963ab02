"""Whether two networks rank and place masks alike: accuracy of both on the same masked images.

    python -m bench.levels.evaluators DATA/train DATA/test [--archs slim resnet10] [--seeds 0]

Trains the default masks once, lays them on several shares of the images, retrains each network by the quick recipe on
every one, and prints the accuracies on the test set, and how the networks' accuracies correlate, as Markdown.
"""

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr, spearmanr
from tabulate import tabulate

from bench.common import PUBLISHED, loaded, masked
from hideseek_cli.recipe import preset
from hideseek_cli.training.evaluator import retrain

SHARES = (0.0, 0.6, 0.8, 0.9, 0.95, 0.98, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--archs", nargs="+", default=["slim", "resnet10"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--strength", type=float, default=PUBLISHED, help="of the published masks")
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    recipe = preset("quick").for_images(len(source))
    scale = (folder := masked(source, device, recipe, epsilon=options.epsilon, published=options.strength)).scale("images")
    rows, means, seconds = [], [], dict.fromkeys(options.archs, 0.0)
    for share in SHARES:
        data = folder.dataset(scale.render(share, ()))
        found = {}
        for arch in options.archs:
            begun = time.perf_counter()
            found[arch] = [retrain(data, test, replace(recipe, arch=arch), seed=seed) for seed in options.seeds]
            seconds[arch] += time.perf_counter() - begun
        rows.append([share, *(", ".join(f"{one:.1f}" for one in runs) for runs in found.values())])
        means.append([float(np.mean(runs)) for runs in found.values()])
        print(rows[-1], flush=True)
    print(tabulate(rows, headers=["masked share", *options.archs], tablefmt="github"))
    runs = len(SHARES) * len(options.seeds)
    print(", ".join(f"{arch}: {value / runs:.0f} s a run" for arch, value in seconds.items()))
    first, *others = zip(*means, strict=True)
    for arch, other in zip(options.archs[1:], others, strict=True):
        apart = np.subtract(first, other)
        print(
            f"levels, {options.archs[0]} and {arch}: Pearson {pearsonr(first, other)[0]:.3f}, "
            f"Spearman {spearmanr(first, other)[0]:.3f}, apart by {apart.mean():+.1f} points on average, "
            f"at most {np.abs(apart).max():.1f}"
        )


if __name__ == "__main__":
    main()
