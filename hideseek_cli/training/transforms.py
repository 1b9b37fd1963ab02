"""Changes of images that gradients pass through: masks are trained through them, and adversaries try them.

Images are float tensors in grey levels, 0 to 255, of one channel or three. Greyscale and blur are written here and not
torchvision's, whose weights of colours (0.2989 for red) and order of summation differ: training makes other masks of that.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import cos, pi

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

LUMA = (0.299, 0.587, 0.114)
"""Weights of red, green and blue in a grey level (ITU-R BT.601)."""
ImageTensor = Float[Tensor, "n c h w"]
Change = Callable[[ImageTensor, torch.Generator], ImageTensor]

BRIGHT = """
16 11 10 16 24 40 51 61 12 12 14 19 26 58 60 55 14 13 16 24 40 57 69 56 14 17 22 29 51 87 80 62
18 22 37 56 68 109 103 77 24 35 55 64 81 104 113 92 49 64 78 87 103 121 120 101 72 92 95 98 112 100 103 99
"""
COLOUR = (
    """
17 18 24 47 99 99 99 99 18 21 26 66 99 99 99 99 24 26 56 99 99 99 99 99 47 66 99 99 99 99 99 99
"""
    + 32 * " 99"
)
"""Steps of each frequency of 8x8 pixels at quality 50 (ITU-T T.81, Annex K)."""


def to_greyscale(images: ImageTensor) -> ImageTensor:
    if images.shape[1] == 1:
        return images
    weights = torch.tensor(LUMA, device=images.device).view(1, 3, 1, 1)
    return (images * weights).sum(1, keepdim=True).expand(-1, 3, -1, -1)


def blur_gaussian(images: ImageTensor, sigma: float) -> ImageTensor:
    reach = round(3 * sigma)
    kernel = torch.exp(-(torch.arange(-reach, reach + 1, device=images.device) ** 2) / (2 * sigma**2)).float()
    kernel = kernel / kernel.sum()
    flat = functional.pad(images.flatten(0, 1)[:, None], (reach,) * 4, mode="reflect")
    flat = functional.conv2d(functional.conv2d(flat, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return flat.view_as(images)


def jitter_colours(images: ImageTensor, generator: torch.Generator) -> ImageTensor:
    """Random brightness, contrast, weights of the channels, and noise."""
    count, device = len(images), images.device

    def draw(low: float, high: float, channels: int = 1) -> Tensor:
        return low + (high - low) * torch.rand(count, channels, 1, 1, device=device, generator=generator)

    mean = images.mean((1, 2, 3), keepdim=True)
    changed = (images - mean) * draw(0.5, 1.5) * draw(0.6, 1.4, images.shape[1]) + mean * draw(0.6, 1.4)
    grey = changed.mean(1, keepdim=True)
    changed = grey + (changed - grey) * draw(0.0, 1.5)
    noise = torch.randn(changed.shape, device=device, generator=generator) * draw(0.0, 16.0)
    return (changed + noise).clamp(0, 255)


@cache
def _make_cosine_transform() -> Float[Tensor, "8 8"]:
    """The orthonormal cosine transform of eight values."""
    rows = [[cos(pi * (2 * n + 1) * k / 16) * ((2 if k else 1) / 8) ** 0.5 for n in range(8)] for k in range(8)]
    return torch.tensor(rows)


def _scale_steps(table: str, quality: int) -> Float[Tensor, "8 8"]:
    """As libjpeg scales them."""
    scale = 5000 / quality if quality < 50 else 200 - 2 * quality
    values = torch.tensor([float(word) for word in table.split()]).view(8, 8)
    return ((values * scale + 50) / 100).floor().clamp(1, 255)


def _quantise_blocks(plane: Float[Tensor, "n 1 h w"], steps: Float[Tensor, "8 8"]) -> Float[Tensor, "n 1 h w"]:
    """Through blocks of 8×8; rounding passes the gradient of the cube of what it takes off (Shin & Song)."""
    count, _, height, width = plane.shape
    padded = functional.pad(plane, (0, -width % 8, 0, -height % 8), mode="replicate")
    rows, columns = padded.shape[2] // 8, padded.shape[3] // 8
    blocks = padded.view(count, rows, 8, columns, 8).transpose(2, 3) - 128
    transform, steps = _make_cosine_transform().to(plane.device), steps.to(plane.device)
    exact = transform @ blocks @ transform.T / steps
    kept = exact.round().detach() + (exact - exact.round().detach()) ** 3
    back = transform.T @ (kept * steps) @ transform + 128
    return back.transpose(2, 3).reshape(padded.shape)[:, :, :height, :width]


def compress_softly(images: ImageTensor, quality: int) -> ImageTensor:
    """Like JPEG with colour at half the resolution, but differentiable."""
    if images.shape[1] == 1:
        return _quantise_blocks(images, _scale_steps(BRIGHT, quality)).clamp(0, 255)
    red, green, blue = images.split(1, 1)
    bright = LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue
    colours = torch.cat([128 + 0.564 * (blue - bright), 128 + 0.713 * (red - bright)])
    halved = functional.avg_pool2d(colours, 2, ceil_mode=True)
    size = images.shape[2:]
    restored = functional.interpolate(_quantise_blocks(halved, _scale_steps(COLOUR, quality)), size, mode="bilinear") - 128
    to_blue, to_red = restored.chunk(2)
    bright = _quantise_blocks(bright, _scale_steps(BRIGHT, quality))
    found = [bright + 1.403 * to_red, bright - 0.714 * to_red - 0.344 * to_blue, bright + 1.773 * to_blue]
    return torch.cat(found, 1).clamp(0, 255)


ROBUST: dict[str, tuple[Change, ...]] = {
    "greyscale": (lambda images, _: to_greyscale(images),),
    "jpeg": (lambda images, _: compress_softly(images, 10), lambda images, _: compress_softly(images, 30)),
    "blur": (lambda images, _: blur_gaussian(images, 1.0),),
    "augment": (jitter_colours,),
}
"""What masks may be trained through."""
