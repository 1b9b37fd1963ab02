"""The network that makes noise of an image in one forward pass: four convolutions and four deconvolutions.

Source: Tian et al., ConfounderGAN, Section 4.3.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.core.surrogate import clip_noise
from hideseek_cli.training.tensors import TensorDataset

WIDTHS = (64, 128, 256, 256)
"""Channels after each of the four convolutions."""
FACTOR = 2 ** len(WIDTHS)
"""By which the convolutions shrink images."""
RMS = 0.5
"""Root mean square of noise before it is clipped, as a share of ε."""


def halving_layers(channels: int, widths: tuple[int, ...]) -> list[nn.Module]:
    """Convolutions, each of which halves the sides."""
    parts: list[nn.Module] = []
    for one, other in pairwise((channels, *widths)):
        parts += [nn.Conv2d(one, other, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(other), nn.LeakyReLU(0.2)]
    return parts


def _up(channels: int) -> list[nn.Module]:
    """Deconvolutions, each of which doubles the sides."""
    parts: list[nn.Module] = []
    for one, other in pairwise((*WIDTHS[::-1], channels)):
        parts += [nn.ConvTranspose2d(one, other, 2, stride=2), nn.BatchNorm2d(other), nn.ReLU()]
    return parts[:-2]


class GeneratorNetwork(nn.Module):
    """G: noise within ±ε of images in grey levels, of any size."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Float[Tensor, " c"], deviation: Float[Tensor, " c"], epsilon: int) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.down, self.up = nn.Sequential(*halving_layers(len(mean), WIDTHS)), nn.Sequential(*_up(len(mean)))
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("deviation", deviation.view(1, -1, 1, 1))

    def features(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k a b"]:
        """What the convolutions make of images, whose sides are brought to multiples of FACTOR by repeating their borders."""
        height, width = images.shape[2:]
        whole = (0, -width % FACTOR, 0, -height % FACTOR)
        images = functional.pad((images - self.mean) / self.deviation, whole, "replicate")
        found: Tensor = self.down(images.contiguous(memory_format=torch.channels_last))
        return found

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        height, width = images.shape[2:]
        return self.normalise(self.up(self.features(images))[:, :, :height, :width])

    def normalise(self, raw: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        """Each brought to no mean and to RMS times ε as root mean square, then within ±ε."""
        raw = raw - raw.mean((1, 2, 3), keepdim=True)
        size = raw.square().mean((1, 2, 3), keepdim=True).sqrt().clamp_min(1e-6)
        return clip_noise(self.epsilon * RMS / size * raw, self.epsilon)


@torch.no_grad()
def make_noise(maker: GeneratorNetwork, dataset: TensorDataset) -> Float[Tensor, "n c h w"]:
    """The noise of all images."""
    return torch.cat([maker(part.float()) for part in dataset.images.split(500)])
