"""A fixed first layer that is blind to a family of noise: what tells an authorised network from all others.

Its kernel is v, a small filter for each of three colours. It makes of a picture x the cross product v × x, in which the colours
of every wave that point along v are lost, and nothing else: noise v * s, for any s, gives v × (v * s) = 0, because filters
commute. v is symmetric, and pictures go on beyond their borders by reflection, as for crops; so flips and crops of such noise
are not seen either, but within v's reach of the border, which the layer leaves out.

So Equation 6 of the paper holds by construction: on pictures with such noise the network's gradients are those of clean
pictures, at each point of every trajectory. Who has another v sees the noise.

Source: the aim is that of Ye and Wang, Ungeneralizable Examples, Equation 2; the layer is ours (docs/methods.md).
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class Lens(nn.Module):
    """v × x, and standardised: a network's first layer, which training does not change."""

    kernel: Tensor

    def __init__(self, kernel: Float[Tensor, "3 k k"]) -> None:
        super().__init__()
        self.register_buffer("kernel", kernel)
        self.normal = nn.BatchNorm2d(3, affine=False)

    def forward(self, images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n 3 h w"]:
        seen = functional.conv2d(images, _crossed(self.kernel))
        reach = self.kernel.shape[-1] // 2
        padded = functional.pad(seen, (reach, reach, reach, reach), "replicate")
        found: Tensor = self.normal(padded)
        return found


def _crossed(kernel: Float[Tensor, "3 k k"]) -> Float[Tensor, "3 3 k k"]:
    """The filters from each colour to each of three outputs that make a cross product."""
    filters = kernel.new_zeros(3, *kernel.shape)
    for one in range(3):
        after, before = (one + 1) % 3, (one + 2) % 3
        filters[one, before], filters[one, after] = kernel[after], -kernel[before]
    return filters


def unseen(noise: Float[Tensor, "p 3 h w"], kernel: Float[Tensor, "3 k k"], epsilon: int) -> Float[Tensor, "p 3 h w"]:
    """The part of noise that a lens with that v does not see, which is v * s for some s; fainter where it is not within ±ε."""
    height, width = noise.shape[2:]
    size = 2 * height - 2, 2 * width - 2
    rows, columns = mirrored(height), mirrored(width)
    reach = kernel.shape[-1] // 2
    grid = kernel.new_zeros(3, *size)
    span = torch.arange(-reach, reach + 1)
    grid[:, (span % size[0])[:, None], (span % size[1])[None]] = kernel
    waves = torch.fft.rfft2(grid)
    spectrum = torch.fft.rfft2(noise[:, :, rows][:, :, :, columns])
    along = (waves.conj() * spectrum).sum(1, keepdim=True) / waves.abs().square().sum(0).clamp_min(1e-12)
    found = torch.fft.irfft2(waves * along, s=size)[:, :, :height, :width]
    return found * (epsilon / found.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12)).clamp(max=1)


def mirrored(side: int) -> Tensor:
    """Indices of a row that goes on by reflection until it comes round."""
    return torch.cat([torch.arange(side), torch.arange(side - 2, 0, -1)])
