"""A fixed first layer that is blind to a family of noise: what tells an authorised network from all others.

Its kernel is v, a small filter for each of three colours. It makes of an image x the cross product v × x, in which the colours
of every wave that point along v are lost, and nothing else: noise v * s, for any s, gives v × (v * s) = 0, because filters
commute. v is symmetric, and images go on beyond their borders by reflection, as for crops; so flips and crops of such noise
are not seen either, but within v's reach of the border, which the layer leaves out.

So Equation 6 of the paper holds by construction: on images with such noise the network's gradients are those of clean
images, at each point of every trajectory. Who has another v sees the noise.

Source: the aim is that of Ye and Wang, Ungeneralizable Examples, Equation 2; the layer is ours (docs/guides/methods.md).
"""

from __future__ import annotations

import torch
from jaxtyping import Complex, Float
from torch import Tensor, nn
from torch.nn import functional

ROUNDS = 10
"""Projections of noise that must be of a kind and within a bound."""


class SecretStem(nn.Module):
    """v × x, and standardised: a network's first layer, which training does not change."""

    filters: Tensor

    def __init__(self, kernel: Float[Tensor, "3 k k"]) -> None:
        super().__init__()
        self.register_buffer("filters", _cross_filters(kernel))
        self.reach = kernel.shape[-1] // 2
        self.normal = nn.BatchNorm2d(3, affine=False)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        """In whole precision, whatever is asked for: rounded images and filters would let some of the noise be seen."""
        with torch.autocast(images.device.type, enabled=False):
            seen = functional.conv2d(images.float(), self.filters)
        found: Tensor = self.normal(functional.pad(seen, (self.reach,) * 4, "replicate"))
        return found


def _cross_filters(kernel: Float[Tensor, "3 k k"]) -> Float[Tensor, "3 3 k k"]:
    """The filters from each colour to each of three outputs that make a cross product."""
    filters = kernel.new_zeros(3, *kernel.shape)
    for one in range(3):
        after, before = (one + 1) % 3, (one + 2) % 3
        filters[one, before], filters[one, after] = kernel[after], -kernel[before]
    return filters


def project_unseen(noise: Float[Tensor, "p 3 h w"], kernel: Float[Tensor, "3 k k"], epsilon: int) -> Float[Tensor, "p 3 h w"]:
    """The part of noise that a secret stem with that v does not see, which is v * s for some s, within ±ε.

    What lies outside is cut off and what that leaves is projected again, ROUNDS times, so that noise is as strong as it may be
    almost everywhere; the rest is made fainter.
    """
    height, width = noise.shape[2:]
    rows, columns = (torch.arange(side) - side // 2 for side in kernel.shape[1:])
    grid = kernel.new_zeros(3, 2 * height - 2, 2 * width - 2)
    grid[:, (rows % grid.shape[1])[:, None], (columns % grid.shape[2])[None]] = kernel
    along = torch.fft.rfft2(grid)
    power = along.abs().square().sum(0).clamp_min(1e-12)
    for _ in range(ROUNDS):
        share = (along.conj() * to_waves(noise.clamp(-epsilon, epsilon))).sum(1, keepdim=True) / power
        noise = from_waves(along * share, height, width)
    return noise * (epsilon / noise.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12)).clamp(max=1)


def to_waves(images: Float[Tensor, "n 3 h w"]) -> Complex[Tensor, "n 3 a b"]:
    """Waves of images that go on by reflection until they come round."""
    rows, columns = (torch.cat([torch.arange(side), torch.arange(side - 2, 0, -1)]) for side in images.shape[2:])
    return torch.fft.rfft2(images[:, :, rows][:, :, :, columns])


def from_waves(spectrum: Complex[Tensor, "n 3 a b"], height: int, width: int) -> Float[Tensor, "n 3 h w"]:
    """The images of that size that have those waves."""
    return torch.fft.irfft2(spectrum, s=(2 * height - 2, 2 * width - 2))[:, :, :height, :width]
