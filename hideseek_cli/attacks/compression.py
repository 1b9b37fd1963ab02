"""Throwing away what the eye hardly misses, on training and test images alike: colour, JPEG's rest, low bits, detail.

Source: Liu et al., Image Shortcut Squeezing (greyscale, JPEG at quality 10, two bits), and the filters of APBench.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.transforms import blur_gaussian, to_greyscale

Change = Callable[[Tensor], Tensor]


def compress_jpeg(images: Tensor, quality: int) -> Tensor:
    """Through Pillow's encoder, 4:2:0, and back."""
    found = []
    for image in images.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy():
        file = io.BytesIO()
        Image.fromarray(image.squeeze()).save(file, "JPEG", quality=quality)
        decoded = np.asarray(Image.open(file))
        found.append(decoded if decoded.ndim == 3 else decoded[:, :, None])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).to(images.device).float()


def reduce_bits(images: Tensor, count: int) -> Tensor:
    """Rounded to 2 ** count grey levels."""
    step = 255 / (2**count - 1)
    return (images / step).round() * step


def standardise(images: Tensor) -> Tensor:
    """Every channel of every image to the same mean and deviation: no colour cast survives."""
    deviation, mean = torch.std_mean(images, (2, 3), keepdim=True)
    return 128 + 50 * (images - mean) / deviation.clamp_min(1)


def _neighbours(images: Tensor, reach: int) -> Tensor:
    """(n, c, k, h, w): each pixel's square neighbourhood, borders reflected."""
    count, channels, height, width = images.shape
    side = 2 * reach + 1
    padded = functional.pad(images, (reach,) * 4, mode="reflect")
    return functional.unfold(padded, side).view(count, channels, side * side, height, width)


def filter_median(images: Tensor) -> Tensor:
    """Of 3×3 pixels."""
    return _neighbours(images, 1).median(2).values


def filter_bilateral(images: Tensor) -> Tensor:
    """Of 5×5 pixels, weighted by distance (σ = 1.5 pixels) and by difference of colour (σ = 25 grey levels)."""
    near = _neighbours(images, 2)
    offsets = torch.arange(-2, 3, device=images.device) ** 2
    distance = (offsets[:, None] + offsets[None, :]).flatten().view(1, 1, -1, 1, 1) / (2 * 1.5**2)
    colour = (near - images[:, :, None]).square().mean(1, keepdim=True) / (2 * 25**2)
    weights = torch.exp(-distance - colour)
    return (near * weights).sum(2) / weights.sum(2)


def _change_both(change: Change, exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    def changed(dataset: TensorDataset) -> TensorDataset:
        parts = [change(part.float()).clamp(0, 255).round().to(torch.uint8) for part in dataset.images.split(500)]
        return replace(dataset, images=torch.cat(parts).contiguous())

    return changed(exposed.dataset), changed(exposed.test)


CHANGES: dict[str, Change] = {
    "greyscale": to_greyscale,
    "standardised": standardise,
    "jpeg-10": partial(compress_jpeg, quality=10),
    "jpeg-50": partial(compress_jpeg, quality=50),
    "two-bits": partial(reduce_bits, count=2),
    "gaussian": partial(blur_gaussian, sigma=1.0),
    "median": filter_median,
    "bilateral": filter_bilateral,
}
ATTACKS = tuple(Attack(name=name, prepare=partial(_change_both, change)) for name, change in CHANGES.items())
