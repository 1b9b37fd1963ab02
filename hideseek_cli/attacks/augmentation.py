"""Training otherwise: without augmentation, with cutout, mixup, CutMix or policies of geometry and colour, on the worst of
several augmentations, or on images moved against the network.

Sources: Madry et al. (adversarial training), DeVries & Taylor (cutout), Zhang et al. (mixup), Yun et al. (CutMix), Lim et
al. (Fast AutoAugment, whose operations are drawn evenly here), Qin et al. (UEraser, whose augmentations are brightness,
contrast, hue and noise here).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms.v2 import functional as changes

from hideseek_cli.attacks import Attack
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.trainer import Batch, autocast, loss
from hideseek_cli.training.transforms import jitter_colours

VIEWS = 3
"""Augmentations of each image, of which UEraser trains on the worst."""
REACH, ASCENTS = 2, 3
"""How far adversarial training moves images, in grey levels, and in how many steps."""
OPERATIONS: tuple[Callable[[Tensor], Tensor], ...] = (
    *(partial(changes.rotate, angle=angle) for angle in (-20.0, 20.0)),
    *(
        partial(changes.affine, angle=0.0, translate=[0, 0], scale=1.0, shear=shear)
        for shear in ([-15.0, 0.0], [15.0, 0.0], [0.0, -15.0], [0.0, 15.0])
    ),
    *(partial(changes.adjust_brightness, brightness_factor=factor) for factor in (0.5, 1.5)),
    *(partial(changes.adjust_contrast, contrast_factor=factor) for factor in (0.5, 1.5)),
    *(partial(changes.adjust_saturation, saturation_factor=factor) for factor in (0.2, 1.8)),
    *(partial(changes.adjust_sharpness, sharpness_factor=factor) for factor in (0.2, 1.8)),
    partial(changes.posterize, bits=4),
    partial(changes.solarize, threshold=160.0),
    changes.autocontrast,
    changes.equalize,
)
"""What a policy is made of; each takes images of 8 bits."""


def _draw_box(images: Tensor, side: Tensor, generator: torch.Generator) -> Tensor:
    """A mask (n, 1, h, w), true inside a box of those relative sides (n,) at a random centre of each image."""
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
    box = _draw_box(images, torch.full((len(images),), 0.5, device=images.device), generator)
    return torch.where(box, images.mean((0, 2, 3), keepdim=True), images), labels


def _mix_labels(labels: Tensor, other: Tensor, share: Tensor, classes: int) -> Tensor:
    one, two = (functional.one_hot(part, classes).float() for part in (labels, other))
    return share[:, None] * one + (1 - share[:, None]) * two


def mixup(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Pairs of images, mixed by a share drawn evenly."""
    images, labels = batch
    other = torch.randperm(len(images), device=images.device, generator=generator)
    share = torch.rand(len(images), device=images.device, generator=generator)
    weight = share[:, None, None, None]
    return weight * images + (1 - weight) * images[other], _mix_labels(labels, labels[other], share, network.classes)


def cutmix(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """A box of another image, of an area drawn evenly; the label by area."""
    images, labels = batch
    other = torch.randperm(len(images), device=images.device, generator=generator)
    box = _draw_box(images, torch.rand(len(images), device=images.device, generator=generator).sqrt(), generator)
    share = 1 - box.float().mean((1, 2, 3))
    return torch.where(box, images[other], images), _mix_labels(labels, labels[other], share, network.classes)


@torch.no_grad()
def policies(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Two operations on each image, drawn evenly, each left out half of the time."""
    images, labels = batch
    found = images.clamp(0, 255).round().to(torch.uint8)
    for _ in range(2):
        drawn = torch.randperm(len(images), device=images.device, generator=generator)
        for index, operation in zip(drawn.tensor_split(2 * len(OPERATIONS)), OPERATIONS, strict=False):
            if len(index):
                found[index] = operation(found[index])
    return found.float(), labels


@torch.no_grad()
def ueraser(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Of several strong augmentations of each image, the one on which the network errs most."""
    images, labels = batch
    views = torch.stack([jitter_colours(images, generator) for _ in range(VIEWS)])
    network.eval()
    with autocast(images.device):
        logits = network(views.flatten(0, 1))
    network.train()
    losses = functional.cross_entropy(logits.float(), labels.repeat(VIEWS), reduction="none").view(VIEWS, -1)
    return views[losses.argmax(0), torch.arange(len(images), device=images.device)], labels


def adversarial(network: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
    """Images moved by up to REACH grey levels to where the network errs most, by projected gradient ascent."""
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
    Attack(name="policies", treatment=policies),
    Attack(name="ueraser", treatment=ueraser),
    Attack(name="adversarial", treatment=adversarial),
)
