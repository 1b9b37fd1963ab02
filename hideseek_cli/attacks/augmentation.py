"""Training otherwise: without augmentation, with cutout, mixup or CutMix, on the worst of several augmentations, or on
pictures moved against the network.

Sources: Madry et al. (adversarial training), DeVries & Taylor (cutout), Zhang et al. (mixup), Yun et al. (CutMix), Qin et
al. (UEraser, whose augmentations are brightness, contrast, hue and noise here).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack
from hideseek_cli.core.changes import coloured
from hideseek_cli.core.classifier import Batch, autocast, loss
from hideseek_cli.core.networks import Standardised

VIEWS = 5
"""Augmentations of each picture, of which UEraser trains on the worst."""
REACH, ASCENTS = 8, 3
"""How far adversarial training moves pictures, in grey levels, and in how many steps."""


def _box(images: Tensor, side: Tensor, generator: torch.Generator) -> Tensor:
    """A mask (n, 1, h, w), true inside a box of those relative sides (n,) at a random centre of each picture."""
    count, _, height, width = images.shape
    device = images.device
    centre = torch.rand(2, count, 1, device=device, generator=generator)
    half = side[:, None] / 2
    rows = (torch.arange(height, device=device) / height - centre[0]).abs() < half
    columns = (torch.arange(width, device=device) / width - centre[1]).abs() < half
    return (rows[:, :, None] & columns[:, None, :])[:, None]


def cutout(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """A grey square of half the side."""
    images, labels = batch
    box = _box(images, torch.full((len(images),), 0.5, device=images.device), generator)
    return torch.where(box, images.mean((0, 2, 3), keepdim=True), images), labels


def _mixed(labels: Tensor, other: Tensor, share: Tensor, classes: int) -> Tensor:
    one, two = (functional.one_hot(part, classes).float() for part in (labels, other))
    return share[:, None] * one + (1 - share[:, None]) * two


def mixup(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Pairs of pictures, mixed by a share drawn evenly."""
    images, labels = batch
    other = torch.randperm(len(images), device=images.device, generator=generator)
    share = torch.rand(len(images), device=images.device, generator=generator)
    weight = share[:, None, None, None]
    return weight * images + (1 - weight) * images[other], _mixed(labels, labels[other], share, network.classes)


def cutmix(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """A box of another picture, of an area drawn evenly; the label by area."""
    images, labels = batch
    other = torch.randperm(len(images), device=images.device, generator=generator)
    box = _box(images, torch.rand(len(images), device=images.device, generator=generator).sqrt(), generator)
    share = 1 - box.float().mean((1, 2, 3))
    return torch.where(box, images[other], images), _mixed(labels, labels[other], share, network.classes)


@torch.no_grad()
def ueraser(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Of several strong augmentations of each picture, the one on which the network errs most."""
    images, labels = batch
    views = torch.stack([coloured(images, generator) for _ in range(VIEWS)])
    network.eval()
    with autocast(images.device):
        logits = network(views.flatten(0, 1))
    network.train()
    losses = functional.cross_entropy(logits.float(), labels.repeat(VIEWS), reduction="none").view(VIEWS, -1)
    return views[losses.argmax(0), torch.arange(len(images), device=images.device)], labels


def adversarial(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Pictures moved by up to REACH grey levels to where the network errs most, by projected gradient ascent."""
    images, labels = batch
    moved = images + REACH * (2 * torch.rand(images.shape, device=images.device, generator=generator) - 1)
    network.eval()
    for _ in range(ASCENTS):
        moved.requires_grad_()
        (gradient,) = torch.autograd.grad(loss(network, moved, labels), moved)
        moved = moved.detach() + 2 * REACH / ASCENTS * gradient.sign()
        moved = torch.minimum(torch.maximum(moved, images - REACH), images + REACH).clamp(0, 255)
    network.train()
    return moved, labels


ATTACKS = (
    Attack(name="none"),
    Attack(name="no-augmentation", augmented=False),
    Attack(name="cutout", treatment=cutout),
    Attack(name="mixup", treatment=mixup),
    Attack(name="cutmix", treatment=cutmix),
    Attack(name="ueraser", treatment=ueraser),
    Attack(name="adversarial", treatment=adversarial),
)
