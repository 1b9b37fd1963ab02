"""Retraining throughput against an ordinary loop and against what the device can do.

    python -m bench.performance.throughput DATA/train [--epochs 1] [--repeats 5] [--device cpu]

The ordinary loop is what a user would write: a DataLoader with worker processes, torchvision's transforms on PIL
images, float32, the same network, batch size and optimiser. Both train the same number of images in turn, in one
process; ratios are of neighbours. A pass of mask training stands beside them. The ceiling is the measured rate of a
matrix product and of a convolution of the network's own width, in the precision that networks are trained in (bfloat16 on
CUDA), and the memory's bandwidth. Prints Markdown.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode
from torchvision import transforms

from bench.emn_reference import Ordinary
from hideseek_cli.core.bilevel import Problem, joint
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.architectures import build
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import autocast, train


def hideseek(data: TensorDataset, recipe: Recipe) -> None:
    train(data, recipe, seed=0)


def ordinary(data: TensorDataset, recipe: Recipe) -> None:
    device = data.images.device
    network = build(recipe.arch, data.classes, data.images.shape[2], data.moments(), 0).body
    network.to(memory_format=torch.contiguous_format).train()
    step_rule = torch.optim.SGD(network.parameters(), lr=recipe.learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    mean, deviation = ((value / 255).tolist() for value in data.moments())
    pairs = Ordinary(data, transforms.Normalize(mean, deviation))
    loader = DataLoader(pairs, recipe.batch_size, shuffle=True, num_workers=count_cores(), drop_last=True)
    measure = nn.CrossEntropyLoss()
    for _ in range(recipe.epochs):
        for images, labels in loader:
            step_rule.zero_grad()
            value = measure(network(images.to(device)), labels.to(device))
            value.backward()
            step_rule.step()
            value.item()


def masks(data: TensorDataset, recipe: Recipe) -> None:
    problem = Problem(dataset=data, epsilon=8, arch=recipe.arch, batch_size=recipe.batch_size, rule="whitened", rounds=1)
    next(joint(problem))


def seconds(work: Callable[[], object], device: torch.device) -> float:
    begun = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - begun


def rate(work: Callable[[], Tensor], operations: float, device: torch.device) -> float:
    """10⁹ floating-point operations a second, at the best of a few tries."""
    work()
    return operations / min(seconds(work, device) for _ in range(20)) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--recipe", default="quick")
    options = parser.parse_args()
    torch.set_num_threads(count_cores())
    device = torch.device(options.device)
    with thread_pool(count_cores()) as executor:
        source = load_source(options.train, None, None, executor, Silent())
    data = make_dataset(source.stack.clean(), source.folder.labels, len(source.folder.classes), device)
    recipe = replace(preset(options.recipe), name="custom", epochs=options.epochs)
    network = build(recipe.arch, data.classes, data.images.shape[2], data.moments(), 0)
    with FlopCounterMode(display=False) as counter:
        network(data.images[: recipe.batch_size].float()).sum().backward()
    work = counter.get_total_flops() / recipe.batch_size * len(data) * options.epochs

    side = 8192 if device.type == "cuda" else 1024
    left, right = torch.randn(2, side, side, device=device)
    width = next(layer.out_channels for layer in network.modules() if isinstance(layer, nn.Conv2d))
    shape = (recipe.batch_size, width, *data.images.shape[2:])
    layer = nn.Conv2d(width, width, 3, padding=1, bias=False).to(device).to(memory_format=torch.channels_last)
    maps = torch.randn(shape, device=device).to(memory_format=torch.channels_last)
    with torch.no_grad(), autocast(device):
        product = rate(lambda: left @ right, 2 * side**3, device)
        convolution = rate(lambda: layer(maps), 2 * width**2 * 9 * np.prod([shape[0], *shape[2:]]), device)

    large = torch.zeros(2**26, device=device)
    bandwidth = rate(lambda: large.clone(), 2 * 4 * 2**26, device)

    train(data.subset(torch.arange(1000, device=device)), recipe, seed=0)
    rows = []
    for _ in range(options.repeats):
        rows.append([seconds(partial(way, data, recipe), device) for way in (hideseek, ordinary)])
    masking = statistics.median(seconds(partial(masks, data, recipe), device) for _ in range(options.repeats))
    trained = len(data) * options.epochs
    ratios = [plain / ours for ours, plain in rows]
    ours, plain = (statistics.median(column) for column in zip(*rows, strict=True))
    print(tabulate([
        ["hideseek", f"{trained / ours:.0f}", f"{work / ours / 1e9:.0f}"],
        ["ordinary loop", f"{trained / plain:.0f}", f"{work / plain / 1e9:.0f}"],
        ["mask training, one pass", f"{len(data) / masking:.0f}", f"{work / options.epochs / masking / 1e9:.0f}"],
        [f"matrix product {side}", "", f"{product:.0f}"],
        [f"3×3 convolution, {width} channels, forward", "", f"{convolution:.0f}"],
        ["copying 256 MiB", "", f"{bandwidth:.0f} GB/s"],
    ], headers=["", "images/s", "GFLOP/s"], tablefmt="github"))  # fmt: skip
    print(f"ratio of pairs: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)}")


if __name__ == "__main__":
    main()
