"""How masks are updated from their gradient: three rules, measured in docs/benchmarks.md and docs/levels.md.

- ``sign``: Equation 4 of Hide-and-Seek.
- ``whitened``: the gradient in units of what pictures themselves have of each spatial frequency, normalised, with
  momentum, inside the ε-ball and inside a ball of root mean square ε/2. At equal likeness of the pictures such masks hide
  more: pictures are made of low frequencies, so without whitening a surrogate's gradient is too, and broad blobs come out
  that drown in the next network's pictures.
- ``unseen``: the same in units of what SSIM sees of each spatial frequency. Photographs have smooth areas, where SSIM
  takes any fine pattern amiss; slow waves may be several times as strong there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from hideseek_cli.core.data import Pictures
from hideseek_cli.metrics import WINDOW

MOMENTUM = 0.9
SLOW = 0.03
"""What SSIM is taken to see, of its variance, of the slowest waves."""

Mask = Float[Tensor, "p c h w"]
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


def sign(mask: Mask, epsilon: int, pictures: Pictures) -> Update:
    """Steps of ε/8, by Equation 4."""
    return lambda left: descend(mask, epsilon, epsilon / 8 * left)


def filtered(mask: Mask, epsilon: int, units: Float[Tensor, "#c h f"]) -> Update:
    """Steps of ε along each pattern's gradient, each spatial frequency divided by ``units``, with momentum, projected to
    max |m| ≤ ε and rms(m) ≤ ε/2.

    They are long on purpose: a mask that is rebuilt every few steps must be one that networks pick up at once.
    """
    velocity = torch.zeros_like(mask)

    @torch.no_grad()
    def update(left: float) -> None:
        assert mask.grad is not None
        gradient = torch.fft.irfft2(torch.fft.rfft2(mask.grad) / units, s=mask.shape[2:])
        velocity.mul_(MOMENTUM).add_(gradient / (rms(gradient) + 1e-12), alpha=1 - MOMENTUM)
        mask.sub_(velocity, alpha=epsilon * left).clamp_(-epsilon, epsilon)
        mask.mul_((epsilon / 2 / (rms(mask) + 1e-12)).clamp(max=1))
        mask.grad = None

    return update


def whitened(mask: Mask, epsilon: int, pictures: Pictures) -> Update:
    """In units of what pictures themselves have of each frequency: what a network picks up most easily."""
    return filtered(mask, epsilon, pictures.amplitudes())


def unseen(mask: Mask, epsilon: int, pictures: Pictures) -> Update:
    """In units of what SSIM sees of each frequency: what costs the least likeness.

    SSIM compares windows of WINDOW × WINDOW pixels, each less its mean, so of a wave it sees what is left once the box of
    that size has been taken off: little of slow ones, and a constant counts as the slowest.
    """
    height, width = mask.shape[2:]

    def box(frequency: Tensor) -> Tensor:
        half = torch.pi * frequency
        return torch.where(half == 0, 1.0, torch.sin(WINDOW * half) / (WINDOW * torch.sin(half)))

    response = box(torch.fft.fftfreq(height))[:, None] * box(torch.fft.rfftfreq(width))[None]
    seen = (1 - response.square()).clamp_min(SLOW).sqrt()
    return filtered(mask, epsilon, seen[None].to(mask.device))


RULES: dict[str, Callable[[Mask, int, Pictures], Update]] = {"whitened": whitened, "unseen": unseen, "sign": sign}
"""Given a mask, its bound ε and the pictures that it is for, how the mask is updated; those that hide best first."""
