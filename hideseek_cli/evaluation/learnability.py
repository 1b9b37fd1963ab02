"""What networks still learn from a masked folder: one is trained on it, and looks at its images and at the originals.

Its last layer tells: confidence and gradients, before and after masking. The gradient of the cross-entropy of one image in
the weights W of that layer is (p - y) h, with p the probabilities, y the class as a one-hot vector and h what the layer
sees; so its norm is the product of theirs, and needs no backward pass.

Source: Tian et al., ConfounderGAN, Appendix A, Equations 6 and 7.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.errors import InputError
from hideseek_cli.evaluation.loading import load_evaluation
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.layout import find_layout
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.fields import PATH, Place, settle
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import train

LEAST = 1e-12
"""Norm below which a gradient counts as this much."""


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """CAR and GCR, in percent."""

    confidence_ascent: float
    """CAR: of the images whose class the network is surer of with the mask than without."""
    gradient_compression: float
    """GCR: mean over images of the gradient's norm with the mask, as a share of that without."""


@torch.no_grad()
def measure_ratios(network: Standardised, clean: TensorDataset, masked: TensorDataset) -> Ratios:
    """Of images without and with masks, in the same order. ``network``: in evaluation mode, its last layer linear."""
    (before, norm), (after, masked_norm) = _look(network, clean), _look(network, masked)
    return Ratios(
        confidence_ascent=100 * float((after > before).double().mean()),
        gradient_compression=100 * float((masked_norm / norm.clamp_min(LEAST)).mean()),
    )


def _look(network: Standardised, dataset: TensorDataset) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """The probability of each image's class, and the norm of its gradient in W."""
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    seen: list[Tensor] = []

    def hook(layer: Any, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0])

    sure, norms = [], []
    with last.register_forward_pre_hook(hook):
        for images, labels in zip(dataset.images.split(500), dataset.labels.split(500), strict=True):
            chances = network(images.float()).double().softmax(1)
            off = chances - functional.one_hot(labels, chances.shape[1])
            sure.append(chances.gather(1, labels[:, None])[:, 0])
            norms.append(off.norm(dim=1) * seen.pop().double().norm(dim=1))
    return torch.cat(sure), torch.cat(norms)


@dataclass(frozen=True, kw_only=True)
class LearnabilityConfig:
    """What is compared, and by which network."""

    clean: Place = field(metadata=PATH)
    masked: Place = field(metadata=PATH)
    recipe: Recipe | None = None
    """How the network is trained, in place of the manifest's."""
    fallback: Recipe
    """Of a folder without a manifest."""
    size: int | None = None
    """Side in pixels to which images are brought; None: the manifest's, or what fits them."""
    split: str = "auto"
    """Whether folders that are named as parts of a data set are parts, as of ``images.layout``."""
    seed: int = 0

    def __post_init__(self) -> None:
        settle(self)


def measure_learnability(config: LearnabilityConfig, device: torch.device, executor: Executor, progress: Progress) -> Ratios:
    """CAR and GCR of a network that is trained on the masked folder; of several the first.

    Raises InputError where the folders do not hold the same images.
    """
    data = load_evaluation(config.masked, config.clean, executor, progress, device, config.size, same=True, split=config.split)
    originals = scan(find_layout(config.clean, config.split).train)
    if [*originals.records.keys()] != [*data.folder.records.keys()]:
        raise InputError(
            f"{config.clean} and {config.masked} have not the same images, as gradients need; give both folders whole"
        )
    recipe = data.choose_recipe(config.recipe, config.fallback).each()[0]
    on_step = partial(progress.step, "training a network on what is published")
    network = train(data.dataset, recipe, seed=config.seed, on_step=on_step)
    return measure_ratios(network, data.test, data.dataset)
