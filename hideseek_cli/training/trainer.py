"""Train a classifier from scratch by a recipe, and measure it; the training loop that masks share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from statistics import median

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.recipe import Recipe
from hideseek_cli.training.architectures import Standardised, build
from hideseek_cli.training.checkpoint import Checkpoint
from hideseek_cli.training.cuda_graph import Work, capture_graph
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather

Batch = tuple[Float[Tensor, "n c h w"], Int[Tensor, " n"] | Float[Tensor, "n k"]]
"""Images in grey levels, and what they are: labels, or a share of each class."""
Treatment = Callable[[Standardised, Batch, torch.Generator], Batch]
"""What a training does to each augmented batch; may look at the network, and must not wait for the device."""
OnStep = Callable[[int, int], None]
"""Progress: called with steps done and steps in all. Must not touch the device."""


def ignore_steps(done: int, total: int) -> None:
    """Progress for those who do not look."""


def batches(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless batches of indices, a fresh permutation each pass; a last batch too small to normalise is left out."""
    size = min(size, count)
    while True:
        order = torch.randperm(count, device=generator.device, generator=generator)
        yield from (batch for batch in order.split(size) if len(batch) * 2 >= size)


def steps_per_pass(count: int, size: int) -> int:
    """How many batches ``batches`` gives in one pass."""
    size = min(size, count)
    return count // size + (count % size * 2 >= size)


def make_optimiser(
    network: nn.Module, recipe: Recipe, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """The recipe's optimiser and its schedule of ``steps`` steps."""
    sgd = torch.optim.SGD(
        network.parameters(),
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        weight_decay=recipe.weight_decay,
        fused=True,
    )
    if recipe.schedule == "cosine":
        return sgd, torch.optim.lr_scheduler.CosineAnnealingLR(sgd, max(steps, 1))
    warm = max(1, steps // 5)
    factor = lambda step: min((step + 1) / warm, (steps - step) / max(1, steps - warm))  # noqa: E731
    return sgd, torch.optim.lr_scheduler.LambdaLR(sgd, factor)


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 on CUDA, plain float32 elsewhere."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda")


def loss(network: Standardised, images: Float[Tensor, "n c h w"], labels: Tensor, smoothing: float = 0.0) -> Float[Tensor, ""]:
    """Mean cross-entropy of a batch."""
    with autocast(images.device):
        logits = network(images)
    return functional.cross_entropy(logits.float(), labels, label_smoothing=smoothing)


def make_training_step(network: Standardised, smoothing: float = 0.0) -> Work:
    """What a step does with a batch before the optimiser steps: the loss, and its gradients."""

    def work(images: Tensor, labels: Tensor) -> Float[Tensor, ""]:
        value = loss(network, images, labels, smoothing)
        value.backward()
        return value.detach()

    return work


def descent(
    work: Work, view: Callable[[Tensor], Batch], order: Iterator[Tensor], step_rule: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> Iterator[Float[Tensor, ""]]:  # fmt: skip
    """The one training loop: an endless iterator of steps, each of which yields its loss, still on the device.

    ``view`` renders the batch of some indices; what it depends on may have gradients of its own, which
    are left in place for whoever drives the loop. Nothing in it waits for the device.
    """
    for index in order:
        step_rule.zero_grad(set_to_none=True)
        value = work(*view(index))
        step_rule.step()
        schedule.step()
        yield value


def train(
    dataset: TensorDataset, recipe: Recipe, *, seed: int, on_step: OnStep = ignore_steps, treatment: Treatment | None = None,
    watch: Callable[[Standardised], None] | None = None, checkpoints: Path | None = None,
    by: AuthorizedNetwork | None = None,
) -> Standardised:  # fmt: skip
    """A network trained from scratch on ``images``, on their device; the recipe names one architecture.

    ``watch`` sees the network after every epoch, and may put it into evaluation mode. ``checkpoints``: a folder in which a
    training that was killed is found and goes on. ``by``: what the network has of its own, of the recipe's architecture.
    """
    device = dataset.images.device
    height, width = dataset.images.shape[2:]
    kernel = None if by is None else torch.from_numpy(by.kernel).to(device)
    initial = seed if by is None or by.seed is None else by.seed
    network = build(recipe.arch, dataset.classes, min(height, width), dataset.moments(), initial, kernel).train()
    epoch = steps_per_pass(len(dataset), recipe.batch_size)
    steps = recipe.epochs * epoch
    step_rule, schedule = make_optimiser(network, recipe, steps)
    generator = torch.Generator(device).manual_seed(seed)
    order = batches(len(dataset), recipe.batch_size, generator)

    def view(index: Tensor) -> Batch:
        images = dataset.images[index]
        if recipe.augmentation == "crop+flip":
            images = gather(images, draw_augmentation(len(index), height, width, generator))
        batch = images.float(), dataset.labels[index]
        return treatment(network, batch, generator) if treatment else batch

    work = capture_graph(network, make_training_step(network, recipe.label_smoothing))
    loop = descent(work, view, order, step_rule, schedule)
    kept = checkpoints and Checkpoint(checkpoints, dataset, recipe, seed, network, step_rule, schedule, generator)
    before = kept.restore() if kept else 0
    for done, _ in enumerate(islice(loop, steps - before), before + 1):
        on_step(done, steps)
        if done % epoch == 0 and watch:
            watch(network)
            network.train()
        if done % epoch == 0 and kept:
            kept.keep(done)
    if kept:
        kept.forget()
    return network.eval()


def estimate_seconds(dataset: TensorDataset, recipe: Recipe) -> float:
    """About how long ``train`` will take, from the median of a few steps of it, as long as they take now."""
    brief = replace(recipe, epochs=1, batch_size=min(recipe.batch_size, len(dataset)))
    few = dataset.subset(torch.arange(min(len(dataset), 8 * brief.batch_size), device=dataset.images.device))
    times: list[float] = []

    def on_step(done: int, total: int) -> None:
        if dataset.images.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter())

    train(few, brief, seed=0, on_step=on_step)
    steps = [after - before for before, after in pairwise(times)]
    step = median(steps) if steps else 0.0
    return recipe.epochs * steps_per_pass(len(dataset), recipe.batch_size) * step


@torch.no_grad()
def find_correct(network: Standardised, dataset: TensorDataset, batch_size: int = 1000) -> Bool[Tensor, " n"]:
    """Which images the network classifies correctly, on their device."""
    network.eval()
    found = []
    for images, labels in zip(dataset.images.split(batch_size), dataset.labels.split(batch_size), strict=True):
        with autocast(images.device):
            found.append(network(images.float()).argmax(1) == labels)
    return torch.cat(found)


def count_correct(network: Standardised, dataset: TensorDataset) -> int:
    """How many images the network classifies correctly."""
    return int(find_correct(network, dataset).sum())
