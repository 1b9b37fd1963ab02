"""Who looks for the secret stem: what networks learn from a folder of ungeneralizable examples without its network file.

    python -m bench.methods.stem_guesses PUBLISHED DATA/test [--runs 2] [--archs slim] [--epochs 5] [--stems 2]

An adversary who knows how such masks are made, but not the secret stem, tries stems of their own (--stems), or reads it off the
folder: of each wave, the colours in which the averages of classes differ most (the first eigenvector of their covariance, over
neighbouring waves) are taken off all images, training and test. Prints Markdown: accuracy on clean test images.
"""

import argparse
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from tabulate import tabulate
from torch import Tensor
from torch.nn import functional

from bench.common import accuracies, add_recipe, fastest, recipes
from hideseek_cli.evaluation.loading import load_evaluation
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.secret_stem import from_waves, to_waves
from hideseek_cli.training.tensors import TensorDataset


def colours(dataset: TensorDataset, near: int) -> Float[Tensor, "3 a b"]:
    """Of each wave, the colours of unit length in which class averages differ most, ``near`` waves to each side together."""
    averages = torch.stack([
        sum((part.float().sum(0) for part in dataset.images[dataset.labels == label].split(1000)), torch.zeros(()))
        / (dataset.labels == label).sum()
        for label in range(dataset.classes)
    ])  # fmt: skip
    found = to_waves(averages - averages.mean(0)).real  # of what goes on by reflection waves are real
    covariance = torch.einsum("kcab,kdab->cdab", found, found).flatten(0, 1)[:, None]
    around = functional.avg_pool2d(functional.pad(covariance, (near,) * 4, mode="replicate"), 2 * near + 1, stride=1)
    _, vectors = torch.linalg.eigh(around.view(3, 3, *found.shape[2:]).permute(2, 3, 0, 1))
    return vectors[..., -1].permute(2, 0, 1)


def without(dataset: TensorDataset, along: Float[Tensor, "3 a b"]) -> TensorDataset:
    """Images less those colours of each wave."""
    parts = []
    for part in dataset.images.split(1000):
        seen = to_waves(part.float())
        kept = from_waves(seen - along * (along * seen).sum(1, keepdim=True), *part.shape[2:])
        parts.append(kept.clamp(0, 255).round().to(torch.uint8))
    return replace(dataset, images=torch.cat(parts))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("published", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--stems", type=int, default=2)
    parser.add_argument("--near", type=int, nargs="+", default=[1, 3])
    add_recipe(parser)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    device = fastest()
    with thread_pool(count_cores()) as executor:
        subject = load_evaluation(options.published, options.test, executor, Silent(), device, None)
    data, test = subject.dataset, subject.test
    recipe, retrained = recipes(options, len(data))
    read = {near: colours(data, near) for near in options.near}
    kinds: dict[str, tuple[TensorDataset, TensorDataset, AuthorizedNetwork | None]] = {"nothing": (data, test, None)}
    kinds |= {
        f"secret stem {number}": (data, test, AuthorizedNetwork.draw(recipe.arch, bytes([number] * 32)))
        for number in range(options.stems)
    }
    kinds |= {f"averages, {near} to each side": (without(data, one), without(test, one), None) for near, one in read.items()}
    trainings = [
        partial(retrain, *kind[:2], one, seed=1000 + run, by=kind[2] and replace(kind[2], arch=one.arch))
        for kind in kinds.values() for one in retrained for run in range(options.runs)
    ]  # fmt: skip
    with thread_pool(count_cores()) as executor:
        found = accuracies(trainings, executor, device)
    each = options.runs * len(retrained)
    rows = [[name, ", ".join(f"{one:.1f}" for one in found[at * each : (at + 1) * each])] for at, name in enumerate(kinds)]
    archs = ", ".join(one.arch for one in retrained)
    print(tabulate(rows, headers=["what is tried", f"{archs} %"], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
