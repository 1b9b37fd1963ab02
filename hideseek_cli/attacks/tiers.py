"""What buyers try, alone or together: to take off more than their cleaners do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.attacks.matching import stripped
from hideseek_cli.bundle import NONE, Cleaner
from hideseek_cli.core.data import Pictures
from hideseek_cli.packed import Packed

PRESENT = 0.5
"""How strong the matched filter must find a pattern that may be there or not."""


def _known(cleaner: Cleaner, pictures: Pictures) -> Iterator[tuple[Tensor, Tensor]]:
    """Each pattern that a cleaner gives away (k, c, h, w), and the pictures of its class; where pictures have their own, what
    those of a class have in common."""
    masks = cleaner.patterns.get(pictures.images.shape[1])
    if masks is None:
        raise ValueError("the cleaner has no pattern for pictures with so many channels")
    device = pictures.images.device
    which = torch.from_numpy(cleaner.which).to(device)
    own = isinstance(masks, Packed)
    for numbers in _alike(pictures.labels[which != NONE]) if own else np.arange(len(masks))[:, None]:
        pattern = -torch.from_numpy(masks[numbers].mean(0, dtype=np.float32)).permute(2, 0, 1).to(device)
        label = pictures.labels[which == int(numbers[0])][0]
        yield pattern.expand(pictures.classes, -1, -1, -1), pictures.labels == label


def _alike(labels: Tensor) -> list[Int64[np.ndarray, " _"]]:
    """The masks of each class, where those of pictures that have their own are numbered in the pictures' order."""
    known = labels.cpu().numpy()
    return [np.flatnonzero(known == label) for label in np.unique(known)]


def _taken_off(exposed: Exposed, least: float) -> tuple[Pictures, Pictures]:
    touched = np.logical_or.reduce([cleaner.touched for cleaner in exposed.cleaners])
    others = torch.from_numpy(~touched).to(exposed.pictures.images.device)
    found = exposed.pictures
    for cleaner in exposed.cleaners:
        for patterns, own in _known(cleaner, exposed.pictures):
            found = stripped(found, patterns, own & others, keyed=cleaner.shifts is not None, least=least)
    return found, exposed.test


def matched(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """What the cleaners take off their own pictures is looked for on all others of the class, and taken off where found."""
    return _taken_off(exposed, PRESENT)


def extrapolated(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """What the cleaners take off their own pictures is taken off all others of the class."""
    return _taken_off(exposed, -torch.inf)


ATTACKS = (
    Attack(name="cleaner", knows="cleaners and what they clean", needs="cleaner", prepare=matched),
    Attack(name="extrapolation", knows="cleaners and what they clean", needs="cleaner", prepare=extrapolated),
)
