"""Throwing away what the eye hardly misses, on training and test pictures alike: colour, JPEG's rest, low bits, detail.

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
from hideseek_cli.core.changes import gaussian, greyscale
from hideseek_cli.core.data import Pictures

Change = Callable[[Tensor], Tensor]


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Through Pillow's encoder, 4:2:0, and back."""
    found = []
    for picture in images.clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy():
        file = io.BytesIO()
        Image.fromarray(picture.squeeze()).save(file, "JPEG", quality=quality)
        decoded = np.asarray(Image.open(file))
        found.append(decoded if decoded.ndim == 3 else decoded[:, :, None])
    return torch.from_numpy(np.stack(found)).permute(0, 3, 1, 2).to(images.device).float()


def bits(images: Tensor, count: int) -> Tensor:
    """Rounded to 2 ** count grey levels."""
    step = 255 / (2**count - 1)
    return (images / step).round() * step


def standardised(images: Tensor) -> Tensor:
    """Every channel of every picture to the same mean and deviation: no colour cast survives."""
    deviation, mean = torch.std_mean(images, (2, 3), keepdim=True)
    return 128 + 50 * (images - mean) / deviation.clamp_min(1)


def _neighbours(images: Tensor, reach: int) -> Tensor:
    """(n, c, k, h, w): each pixel's square neighbourhood, borders reflected."""
    count, channels, height, width = images.shape
    side = 2 * reach + 1
    padded = functional.pad(images, (reach,) * 4, mode="reflect")
    return functional.unfold(padded, side).view(count, channels, side * side, height, width)


def median(images: Tensor) -> Tensor:
    """Of 3×3 pixels."""
    return _neighbours(images, 1).median(2).values


def bilateral(images: Tensor) -> Tensor:
    """Of 5×5 pixels, weighted by distance (σ = 1.5 pixels) and by difference of colour (σ = 25 grey levels)."""
    near = _neighbours(images, 2)
    offsets = torch.arange(-2, 3, device=images.device) ** 2
    distance = (offsets[:, None] + offsets[None, :]).flatten().view(1, 1, -1, 1, 1) / (2 * 1.5**2)
    colour = (near - images[:, :, None]).square().mean(1, keepdim=True) / (2 * 25**2)
    weights = torch.exp(-distance - colour)
    return (near * weights).sum(2) / weights.sum(2)


def _both(change: Change, exposed: Exposed) -> tuple[Pictures, Pictures]:
    def changed(pictures: Pictures) -> Pictures:
        parts = [change(part.float()).clamp(0, 255).round().to(torch.uint8) for part in pictures.images.split(500)]
        return replace(pictures, images=torch.cat(parts).contiguous())

    return changed(exposed.pictures), changed(exposed.test)


CHANGES: dict[str, Change] = {
    "greyscale": greyscale,
    "standardised": standardised,
    "jpeg-10": partial(jpeg, quality=10),
    "jpeg-50": partial(jpeg, quality=50),
    "two-bits": partial(bits, count=2),
    "gaussian": partial(gaussian, sigma=1.0),
    "median": median,
    "bilateral": bilateral,
}
ATTACKS = tuple(Attack(name=name, prepare=partial(_both, change)) for name, change in CHANGES.items())
