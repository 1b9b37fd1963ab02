"""What buyers try, alone or together: to take off more than their cleaners do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.attacks.matching import strip_patterns
from hideseek_cli.formats.cleaner import NONE, Cleaner
from hideseek_cli.masks.chunked import ChunkedMasks
from hideseek_cli.training.tensors import TensorDataset

PRESENT = 0.5
"""How strong the matched filter must find a pattern that may be there or not."""


def _known_patterns(cleaner: Cleaner, dataset: TensorDataset) -> Iterator[tuple[Tensor, Tensor]]:
    """Each pattern that a cleaner gives away (k, c, h, w), and the images of its class; where images have their own, what
    those of a class have in common."""
    masks = cleaner.patterns.get(dataset.images.shape[1])
    if masks is None:
        raise ValueError("the cleaner has no pattern for images with so many channels")
    device = dataset.images.device
    which = torch.from_numpy(cleaner.which).to(device)
    own = isinstance(masks, ChunkedMasks)
    for numbers in _group_by_class(dataset.labels[which != NONE]) if own else np.arange(len(masks))[:, None]:
        pattern = -torch.from_numpy(masks[numbers].mean(0, dtype=np.float32)).permute(2, 0, 1).to(device)
        label = dataset.labels[which == int(numbers[0])][0]
        yield pattern.expand(dataset.classes, -1, -1, -1), dataset.labels == label


def _group_by_class(labels: Tensor) -> list[Int64[np.ndarray, " _"]]:
    """The masks of each class, where those of images that have their own are numbered in the images' order."""
    known = labels.cpu().numpy()
    return [np.flatnonzero(known == label) for label in np.unique(known)]


def _strip_others(exposed: Exposed, least: float) -> tuple[TensorDataset, TensorDataset]:
    touched = np.logical_or.reduce([cleaner.touched for cleaner in exposed.cleaners])
    others = torch.from_numpy(~touched).to(exposed.dataset.images.device)
    found = exposed.dataset
    for cleaner in exposed.cleaners:
        for patterns, own in _known_patterns(cleaner, exposed.dataset):
            found = strip_patterns(found, patterns, own & others, keyed=cleaner.shifts is not None, least=least)
    return found, exposed.test


def strip_matched(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """What the cleaners take off their own images is looked for on all others of the class, and taken off where found."""
    return _strip_others(exposed, PRESENT)


def strip_extrapolated(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """What the cleaners take off their own images is taken off all others of the class."""
    return _strip_others(exposed, -torch.inf)


ATTACKS = (
    Attack(name="cleaner", knows="cleaners and what they clean", needs="cleaner", prepare=strip_matched),
    Attack(name="extrapolation", knows="cleaners and what they clean", needs="cleaner", prepare=strip_extrapolated),
)
