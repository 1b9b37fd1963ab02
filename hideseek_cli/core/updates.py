"""How masks are updated from their gradient: five rules.

- ``sign``: Equation 4 of Hide-and-Seek.
- ``whitened``: the gradient in units of what images themselves have of each spatial frequency, normalised, with
  momentum, inside the ε-ball and inside a ball of root mean square ε/2. At equal similarity of the images such masks hide
  more: images are made of low frequencies, so without whitening a surrogate's gradient is too, and broad blobs come out
  that drown in the next network's images.
- ``unseen``: the same in units of what SSIM sees of each spatial frequency. Photographs have smooth areas, where SSIM
  takes any fine pattern amiss; slow waves may be several times as strong there.
- ``eye``: the same in units of what the eye sees of each spatial frequency and colour, as strong as may be seen.
- ``balanced``: slow waves by the last and fine ones by ``whitened``, for masks that are trained through changes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from hideseek_cli.core.eye import Sight, respond, see_waves
from hideseek_cli.images.similarity import WINDOW
from hideseek_cli.training.tensors import TensorDataset

MOMENTUM = 0.9
SLOW = 0.03
"""What SSIM is taken to see, of its variance, of the slowest waves."""

FINE = 1 / 8
"""Cycles a pixel from which waves count as fine: JPEG and blur take most of them off."""

Mask = Float[Tensor, "p c h w"]
Band = tuple[Float[Tensor, "#c h f"], float]
"""The unit of each spatial frequency (``torch.fft.rfft2``) of a gradient, infinite outside of the band, and the most root
mean square of a mask's part inside."""
Update = Callable[[float], None]
"""A step of a mask along the gradient that it holds, in proportion to what is left of the step size, 1 to 0."""


@torch.no_grad()
def descend(mask: Mask, epsilon: int, step: float) -> None:
    """Equation 4 for a mask that a whole class shares: its gradient is the sum over the class, already in .grad."""
    assert mask.grad is not None
    mask -= step * mask.grad.sign()
    mask.clamp_(-epsilon, epsilon)
    mask.grad = None


def rms(values: Mask) -> Float[Tensor, "p 1 1 1"]:
    """Root mean square of each pattern."""
    return values.square().mean((1, 2, 3), keepdim=True).sqrt()


def sign(mask: Mask, epsilon: int, dataset: TensorDataset, sight: Sight) -> Update:
    """Steps of ε/8, by Equation 4."""
    return lambda left: descend(mask, epsilon, epsilon / 8 * left)


def filtered(mask: Mask, epsilon: int, *bands: Band) -> Update:
    """Steps along each pattern's gradient, filtered and normalised, with momentum, projected to max |m| ≤ ε and, band by
    band, to a root mean square; bands have no frequency in common.

    Steps are long on purpose, twice that root mean square: a mask that is rebuilt every few steps must be one that networks
    pick up at once.
    """
    velocities = [torch.zeros_like(mask) for _ in bands]

    def inside(units: Tensor) -> Mask:
        alone = len(bands) == 1
        return mask.clone() if alone else torch.fft.irfft2(torch.fft.rfft2(mask) * units.isfinite(), s=mask.shape[2:])

    @torch.no_grad()
    def update(left: float) -> None:
        assert mask.grad is not None
        spectrum, parts = torch.fft.rfft2(mask.grad), []
        for (units, ball), velocity in zip(bands, velocities, strict=True):
            gradient = torch.fft.irfft2(spectrum / units, s=mask.shape[2:])
            velocity.mul_(MOMENTUM).add_(gradient / (rms(gradient) + 1e-12), alpha=1 - MOMENTUM)
            part = inside(units).sub_(velocity, alpha=2 * ball * left).clamp_(-epsilon, epsilon)
            parts.append(part * (ball / (rms(part) + 1e-12)).clamp(max=1))
        mask.copy_(torch.stack(parts).sum(0)).clamp_(-epsilon, epsilon)
        mask.grad = None

    return update


def whitened(mask: Mask, epsilon: int, dataset: TensorDataset, sight: Sight) -> Update:
    """In units of what images themselves have of each frequency: what a network picks up most easily."""
    return filtered(mask, epsilon, (dataset.amplitudes(), epsilon / 2))


def unseen(mask: Mask, epsilon: int, dataset: TensorDataset, sight: Sight) -> Update:
    """In units of what SSIM sees of each frequency: what costs the least similarity."""
    return filtered(mask, epsilon, (_seen(mask), epsilon / 2))


def _seen(mask: Mask) -> Float[Tensor, "1 h f"]:
    """How much of a wave of each frequency SSIM sees, 0 to 1.

    It compares windows of WINDOW × WINDOW pixels, each less its mean, so of a wave it sees what is left once the box of
    that size has been taken off: little of slow ones, and a constant counts as the slowest.
    """
    height, width = mask.shape[2:]

    def box(frequency: Tensor) -> Tensor:
        half = torch.pi * frequency
        return torch.where(half == 0, 1.0, torch.sin(WINDOW * half) / (WINDOW * torch.sin(half)))

    response = box(torch.fft.fftfreq(height))[:, None] * box(torch.fft.rfftfreq(width))[None]
    return (1 - response.square()).clamp_min(SLOW).sqrt()[None].to(mask.device)


def balanced(mask: Mask, epsilon: int, dataset: TensorDataset, sight: Sight) -> Update:
    """Slow waves by ``unseen``, which outlive compression and blur, and fine ones by ``whitened``, which outlive greyscale,
    each with a root mean square of its own: for masks that are trained through such changes. Left to one measure,
    either kind drives out the other (docs/results/2026-11-security.md)."""
    height, width = mask.shape[2:]
    frequency = torch.hypot(torch.fft.fftfreq(height)[:, None].expand(-1, width // 2 + 1), torch.fft.rfftfreq(width)[None])
    slow = (frequency < FINE).to(mask.device)
    waves, ripples = _seen(mask).where(slow, torch.inf), dataset.amplitudes().where(~slow, torch.inf)
    return filtered(mask, epsilon, (waves, 5 / 16 * epsilon), (ripples, 3 / 8 * epsilon))


def eye(mask: Mask, epsilon: int, dataset: TensorDataset, sight: Sight) -> Update:
    """In units of what the eye sees: what networks pick up most easily of all that is equally visible.

    Steps are long as those of ``filtered``, and what is stronger than ``sight.limit`` to the eye, or than a root mean square
    of ε/2, is made fainter as a whole.
    """
    height, width = mask.shape[2:]
    colour = dataset.images.double().mean((0, 2, 3)).cpu().numpy()
    response = respond(colour)
    turn = torch.from_numpy(response.astype(np.float32)).to(mask.device)
    back = torch.linalg.inv(turn)
    waves = torch.from_numpy(see_waves(height, width, sight.pixels, len(colour)).astype(np.float32)).to(mask.device)
    velocity = torch.zeros_like(mask)

    def mix(matrix: Tensor, values: Mask) -> Mask:
        return torch.einsum("oc,pchw->pohw", matrix, values)

    def filter_waves(values: Mask, factors: Tensor) -> Mask:
        return torch.fft.irfft2(torch.fft.rfft2(values) * factors, s=(height, width))

    def size(values: Mask) -> Float[Tensor, "p 1 1 1"]:
        """Of what may be, by the stricter of the two."""
        seen = filter_waves(mix(turn, values), waves).square().sum(1, keepdim=True).mean((2, 3), keepdim=True).sqrt()
        return torch.maximum(seen / sight.limit, rms(values) / (epsilon / 2))

    @torch.no_grad()
    def update(left: float) -> None:
        assert mask.grad is not None
        step = mix(back, filter_waves(mix(back.T, mask.grad), waves**-2))
        velocity.mul_(MOMENTUM).add_(step / (size(step) + 1e-12), alpha=1 - MOMENTUM)
        moved = (mask - 2 * left * velocity).clamp_(-epsilon, epsilon)
        mask.copy_(moved / size(moved).clamp_min(1))
        mask.grad = None

    return update


Rule = Callable[[Mask, int, TensorDataset, Sight], Update]
"""Given a mask, its bound ε, the images that it is for and how it is seen on them, how the mask is updated."""
RULES: dict[str, Rule] = {"eye": eye, "whitened": whitened, "unseen": unseen, "balanced": balanced, "sign": sign}
