"""Do several trainings of one network, stepped together, cost less than one after the other?

    python -m bench.performance.together DATA/train [--runs 4] [--steps 40] [--repeats 3] [--compiled]

A small network leaves a large GPU idle: it waits for the processor to launch its kernels. *Together* stacks the weights of
all runs and takes their steps with one launch each (torch.func: stack_module_state and vmap, so that convolutions become
grouped ones), every run with images, seed, augmentation and batch statistics of its own; nothing in the package
does so until it pays. *Apart* is what the package does, one step of ``descent`` after the
other; *side by side* gives each run a stream of its own on CUDA, or a thread of its own on a processor. With
``--compiled`` there is also one run through torch.compile (reduce-overhead: CUDA graphs), compiled before the clock starts.
Prints Markdown: milliseconds a step and run, the ratio to *apart* of the same repeat, and how far the losses of
*together* are from those of *apart*.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from itertools import islice
from pathlib import Path

import torch
from tabulate import tabulate
from torch import Tensor
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from bench.common import loaded, shown
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.runtime.executors import count_cores
from hideseek_cli.training.architectures import Standardised, build
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather
from hideseek_cli.training.trainer import autocast, batches, descent, make_optimiser, make_training_step


class Bare(torch.nn.Module):
    """A ``Standardised`` network whose memory layout is left alone, which vmap cannot ask for."""

    def __init__(self, network: Standardised) -> None:
        super().__init__()
        self.body, self.mean, self.deviation = network.body, network.mean, network.deviation

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.body(((images - self.mean) / self.deviation).expand(-1, 3, -1, -1))
        return logits


def views(data: TensorDataset, recipe: Recipe, seed: int) -> tuple[Iterator[Tensor], Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """Batches of indices and how each is seen, drawn as ``train`` draws them."""
    generator = torch.Generator(data.images.device).manual_seed(seed)
    height, width = data.images.shape[2:]

    def view(index: Tensor) -> tuple[Tensor, Tensor]:
        images = gather(data.images[index], draw_augmentation(len(index), height, width, generator))
        return images.float(), data.labels[index]

    return batches(len(data), recipe.batch_size, generator), view


def network_of(data: TensorDataset, recipe: Recipe, seed: int) -> Standardised:
    return build(recipe.arch, data.classes, min(data.images.shape[2:]), data.moments(), seed).train()


def alone(data: TensorDataset, recipe: Recipe, seed: int, steps: int, compiled: bool = False) -> list[Tensor]:
    """Losses of one run."""
    network = network_of(data, recipe, seed)
    step_rule, schedule = make_optimiser(network, recipe, steps)
    if compiled:
        network = torch.compile(network, mode="reduce-overhead")  # type: ignore[assignment]
    order, view = views(data, recipe, seed)
    return list(islice(descent(make_training_step(network), view, order, step_rule, schedule), steps))


def apart(data: TensorDataset, recipe: Recipe, runs: int, steps: int, compiled: bool = False) -> list[list[Tensor]]:
    return [alone(data, recipe, seed, steps, compiled) for seed in range(runs)]


def side_by_side(data: TensorDataset, recipe: Recipe, runs: int, steps: int) -> list[list[Tensor]]:
    device, before = data.images.device, torch.get_num_threads()

    def work(seed: int) -> list[Tensor]:
        torch.set_num_threads(1)
        with torch.cuda.stream(torch.cuda.Stream(device)) if device.type == "cuda" else nullcontext():
            return alone(data, recipe, seed, steps)

    with ThreadPoolExecutor(runs if device.type == "cuda" else count_cores()) as executor:
        found = list(executor.map(work, range(runs)))
    torch.set_num_threads(before)
    return found


def together(data: TensorDataset, recipe: Recipe, runs: int, steps: int) -> list[list[Tensor]]:
    networks = [Bare(network_of(data, recipe, seed)) for seed in range(runs)]
    weights, buffers = stack_module_state(networks)
    stacked = torch.nn.Module()
    for number, value in enumerate(weights.values()):
        stacked.register_parameter(str(number), torch.nn.Parameter(value.detach()))
    weights = dict(zip(weights, stacked.parameters(), strict=True))
    step_rule, schedule = make_optimiser(stacked, recipe, steps)

    def loss(weights: dict[str, Tensor], buffers: dict[str, Tensor], images: Tensor, labels: Tensor) -> Tensor:
        with autocast(images.device):
            logits = functional_call(networks[0], (weights, buffers), (images,))
        return functional.cross_entropy(logits.float(), labels)

    drawn, losses = [views(data, recipe, seed) for seed in range(runs)], []
    for _ in range(steps):
        images, labels = zip(*(view(next(order)) for order, view in drawn), strict=True)
        step_rule.zero_grad(set_to_none=True)
        found = vmap(loss)(weights, buffers, torch.stack(images), torch.stack(labels))
        found.sum().backward()
        step_rule.step()
        schedule.step()
        losses.append(found.detach())
    return [list(run) for run in torch.stack(losses).unbind(1)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("--runs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--arch", default="slim")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--compiled", action="store_true")
    options = parser.parse_args()
    recipe = Recipe(**{**preset("quick").to_json(), "name": "custom", "arch": options.arch})
    device = torch.device(options.device)
    source, _, _ = loaded(options.train, options.train)
    data = shown(source, device)

    def timed(way: Callable[[TensorDataset, Recipe, int, int], list[list[Tensor]]], steps: int) -> tuple[float, Tensor]:
        begun = time.perf_counter()
        losses = torch.tensor([[float(value) for value in run] for run in way(data, recipe, options.runs, steps)])
        return time.perf_counter() - begun, losses

    ways = {"apart": apart, "side by side": side_by_side, "together": together}
    if options.compiled:
        ways["apart, compiled"] = partial(apart, compiled=True)
    for way in ways.values():
        timed(way, 3)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(options.repeats):
        losses = {}
        for name, way in ways.items():
            took, losses[name] = timed(way, options.steps)
            seconds[name].append(took)
    off = (losses["together"] - losses["apart"]).abs().max(0).values
    each = options.runs * options.steps
    rows = []
    for name, spent in seconds.items():
        ratios = [base / mine for base, mine in zip(seconds["apart"], spent, strict=True)]
        rows.append([name, f"{1000 * statistics.median(spent) / each:.1f}", f"{statistics.median(ratios):.2f}",
                     f"{min(ratios):.2f} to {max(ratios):.2f}"])  # fmt: skip
    print(tabulate(rows, headers=["", "ms a step and run", "times as fast", "of the repeats"], tablefmt="github"))
    print(f"losses of together and apart differ by {off[0]:.1e} at the first step, {off[9]:.1e} at the tenth at most")


if __name__ == "__main__":
    main()
