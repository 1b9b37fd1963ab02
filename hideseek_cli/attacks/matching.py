"""Finding a known pattern on pictures and taking it off: the whitened matched filter that other attacks share."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from hideseek_cli.core.data import Pictures, cyclic, read


def without(pictures: Pictures, noise: Float[Tensor, "n c h w"]) -> Pictures:
    """The pictures less an estimate of what was added."""
    return replace(pictures, images=(pictures.images.float() - noise).clamp(0, 255).round().to(torch.uint8))


def shifts_of(
    images: Float[Tensor, "n c h w"], patterns: Float[Tensor, "n c h w"], amplitudes: Float[Tensor, "c h f"], *,
    keyed: bool = True,
) -> tuple[Int[Tensor, "n 2"], Float[Tensor, " n"]]:  # fmt: skip
    """The cyclic shift, down and right, at which each pattern fits its picture best, and how strong it is there: a whitened
    matched filter, whose answer is 1 on average where the pattern is and 0 where it is not. Unless ``keyed`` no shift."""
    height, width = images.shape[2:]
    spectrum = torch.fft.rfft2(images) * torch.fft.rfft2(patterns).conj() / amplitudes.square()
    energy = torch.fft.irfft2(torch.fft.rfft2(patterns).abs().square() / amplitudes.square(), s=(height, width))[..., 0, 0]
    score = torch.fft.irfft2(spectrum, s=(height, width)).sum(1).flatten(1) / energy.sum(1, keepdim=True).clamp_min(1e-9)
    strength, best = (score if keyed else score[:, :1]).max(1)
    return torch.stack([best // width, best % width], 1), strength


def stripped(
    pictures: Pictures, patterns: Float[Tensor, "k c h w"], which: Bool[Tensor, " n"], *, keyed: bool = True,
    least: float = -torch.inf,
) -> Pictures:  # fmt: skip
    """The pictures of ``which`` less their class's pattern, where it fits best and is ``least`` strong."""
    height, width = pictures.images.shape[2:]
    amplitudes = pictures.amplitudes()
    noise = torch.zeros_like(pictures.images, dtype=torch.float32)
    chosen = which.nonzero().flatten()
    for first in range(0, len(chosen), 500):
        index = chosen[first : first + 500]
        images, own = pictures.images[index].float(), patterns[pictures.labels[index]]
        shifts, strength = shifts_of(images, own, amplitudes, keyed=keyed)
        noise[index] = read(own, cyclic(shifts, height, width)) * (strength >= least)[:, None, None, None]
    return without(pictures, noise)


def everything(pictures: Pictures) -> Bool[Tensor, " n"]:
    """All of them, for ``stripped``."""
    return torch.ones(len(pictures), dtype=torch.bool, device=pictures.images.device)
