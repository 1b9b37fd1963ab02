"""What of the fastest known CIFAR-10 training (KellerJordan/cifar10-airbench) carries over to the quick recipe.

    python -m bench.performance.recipes DATA/train DATA/test [--seeds 0 1] [--only plain lookahead]

Each idea alone is added to the quick recipe, as plainly as can be, and trained on clean images, on two levels and on
the published masks: a cheaper recipe may only be used where it places levels as before. Prints Markdown: seconds of one
run, accuracies on the test set.
"""

import argparse
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.nn import functional

from bench.common import loaded, masked
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.training.architectures import Standardised, build
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather
from hideseek_cli.training.trainer import (
    Batch,
    batches,
    count_correct,
    descent,
    make_optimiser,
    make_training_step,
    steps_per_pass,
)

SHARES = {"clean": 0.0, "80 % masked": 0.8, "95 % masked": 0.95, "published": 1.0}


@dataclass(frozen=True)
class Idea:
    """How a run departs from the quick recipe."""

    epochs: int = 5
    alternate: bool = False
    """Flip each image in every second epoch, and not at random."""
    average: bool = False
    """Lookahead: keep a running mean of the weights, restart from it every five steps, and end with it."""
    small: float = 0.0
    """For that share of the steps, train at three quarters of the side."""
    whitened: bool = False
    """A fixed first layer that whitens patches of 2×2 pixels."""
    smoothing: float = 0.0
    optimiser: Callable[[nn.Module], torch.optim.Optimizer] | None = None


def biased(network: nn.Module, rate: float) -> torch.optim.Optimizer:
    """Nesterov's SGD whose batch norm biases learn 64 times as fast."""
    biases = {id(norm.bias) for norm in network.modules() if isinstance(norm, nn.BatchNorm2d)}
    groups: list[dict[str, object]] = [
        {"params": [p for p in network.parameters() if id(p) in biases], "lr": 64 * rate, "weight_decay": 5e-4 / 64},
        {"params": [p for p in network.parameters() if id(p) not in biases and p.requires_grad]},
    ]
    return torch.optim.SGD(groups, lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True)


IDEAS = {
    "plain": Idea(),
    "alternating flip": Idea(alternate=True),
    "lookahead": Idea(average=True),
    "label smoothing 0.2": Idea(smoothing=0.2),
    "24x24 for 40 % of the steps": Idea(small=0.4),
    "24x24 for 70 % of the steps": Idea(small=0.7),
    "whitening layer": Idea(whitened=True),
    "batch norm biases x64": Idea(optimiser=lambda network: biased(network, 0.15)),
    "AdamW 0.004": Idea(optimiser=lambda net: torch.optim.AdamW(net.parameters(), lr=4e-3, weight_decay=0.05, fused=True)),
    "all cheap ones, 4 epochs": Idea(epochs=4, alternate=True, average=True, small=0.4),
}


def whitening(data: TensorDataset) -> nn.Conv2d:
    """Eigenvectors of 2×2 patches, scaled to unit variance, and their negatives; not trained."""
    mean, deviation = data.moments()
    images = (data.images[:5000].float() - mean.view(-1, 1, 1)) / deviation.view(-1, 1, 1)
    patches = functional.unfold(images, 2).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + 5e-4).sqrt()).T.view(12, 3, 2, 2)
    layer = nn.Conv2d(3, 24, 2, padding=1, bias=False).requires_grad_(False)
    layer.weight.copy_(torch.cat([filters, -filters]))
    return layer


def train(data: TensorDataset, recipe: Recipe, idea: Idea, seed: int) -> Standardised:
    device = data.images.device
    height, width = data.images.shape[2:]
    network = build(recipe.arch, data.classes, height, data.moments(), seed).train()
    if idea.whitened:
        stem = nn.Conv2d(24, 16, 2, bias=False)
        nn.init.kaiming_normal_(stem.weight, mode="fan_out", nonlinearity="relu")
        network.body.conv1 = nn.Sequential(whitening(data), stem).to(device).to(memory_format=torch.channels_last)
    steps = idea.epochs * steps_per_pass(len(data), recipe.batch_size)
    step_rule, schedule = make_optimiser(network, recipe, steps)
    if idea.optimiser is not None:
        assert isinstance(schedule, torch.optim.lr_scheduler.LambdaLR)
        step_rule = idea.optimiser(network)
        schedule = torch.optim.lr_scheduler.LambdaLR(step_rule, schedule.lr_lambdas[0])
    generator = torch.Generator(device).manual_seed(seed)
    order = batches(len(data), recipe.batch_size, generator)
    first = torch.rand(len(data), device=device, generator=generator) < 0.5
    per_pass, done = steps_per_pass(len(data), recipe.batch_size), 0

    def view(index: Tensor) -> Batch:
        rows, columns = draw_augmentation(len(index), height, width, generator)
        if idea.alternate:
            mirrored = columns[:, width // 2 + 1] < columns[:, width // 2]
            wanted = first[index] ^ bool(done // per_pass % 2)
            columns = torch.where((mirrored ^ wanted)[:, None], columns.flip(1), columns)
        images = gather(data.images[index], (rows, columns)).float()
        if done < idea.small * steps:
            side = (height * 3 // 4, width * 3 // 4)
            images = functional.interpolate(images, side, mode="bilinear", antialias=True)
        return images, data.labels[index]

    mean = copy.deepcopy(network.state_dict()) if idea.average else {}
    loop: Iterator[Tensor] = descent(make_training_step(network, idea.smoothing), view, order, step_rule, schedule)
    for _ in islice(loop, steps):
        done += 1
        if idea.average and done % 5 == 0:
            keep = 0.95**5 * (done / steps) ** 3
            for name, value in network.state_dict().items():
                if value.is_floating_point():
                    mean[name].lerp_(value, 1 - keep)
                    value.copy_(mean[name])
    return network


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", nargs="+", choices=list(IDEAS), default=list(IDEAS))
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    recipe = replace(preset("quick").for_images(len(source)), name="custom")
    scale = (folder := masked(source, device, recipe)).scale("images")
    sets = [(name, folder.dataset(scale.render(share, ()))) for name, share in SHARES.items()]
    rows = []
    for name in options.only:
        row, seconds = [name], []
        for _, data in sets:
            found = []
            for seed in options.seeds:
                begun = time.perf_counter()
                network = train(data, recipe, IDEAS[name], seed)
                seconds.append(time.perf_counter() - begun)
                found.append(100 * count_correct(network, test) / len(test))
            row.append(", ".join(f"{one:.1f}" for one in found))
        rows.append([row[0], f"{sorted(seconds)[len(seconds) // 2]:.1f}", *row[1:]])
        print(rows[-1], flush=True)
    print(tabulate(rows, headers=["idea", "s a run", *(name for name, _ in sets)], tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
