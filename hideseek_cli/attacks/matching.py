"""Finding a known pattern on images and taking it off: the whitened matched filter that other attacks share."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from hideseek_cli.training.tensors import TensorDataset, cyclic_window, gather


def subtract(dataset: TensorDataset, noise: Float[Tensor, "n c h w"]) -> TensorDataset:
    """The images less an estimate of what was added."""
    return replace(dataset, images=(dataset.images.float() - noise).clamp(0, 255).round().to(torch.uint8))


def find_shifts(
    images: Float[Tensor, "n c h w"], patterns: Float[Tensor, "n c h w"], amplitudes: Float[Tensor, "c h f"], *,
    keyed: bool = True,
) -> tuple[Int[Tensor, "n 2"], Float[Tensor, " n"]]:  # fmt: skip
    """The cyclic shift, down and right, at which each pattern fits its image best, and how strong it is there: a whitened
    matched filter, whose answer is 1 on average where the pattern is and 0 where it is not. Unless ``keyed`` no shift."""
    height, width = images.shape[2:]
    spectrum = torch.fft.rfft2(images) * torch.fft.rfft2(patterns).conj() / amplitudes.square()
    energy = torch.fft.irfft2(torch.fft.rfft2(patterns).abs().square() / amplitudes.square(), s=(height, width))[..., 0, 0]
    score = torch.fft.irfft2(spectrum, s=(height, width)).sum(1).flatten(1) / energy.sum(1, keepdim=True).clamp_min(1e-9)
    strength, best = (score if keyed else score[:, :1]).max(1)
    return torch.stack([best // width, best % width], 1), strength


def strip_patterns(
    dataset: TensorDataset, patterns: Float[Tensor, "k c h w"], which: Bool[Tensor, " n"], *, keyed: bool = True,
    least: float = -torch.inf,
) -> TensorDataset:  # fmt: skip
    """The images of ``which`` less their class's pattern, where it fits best and is ``least`` strong."""
    height, width = dataset.images.shape[2:]
    amplitudes = dataset.amplitudes()
    noise = torch.zeros_like(dataset.images, dtype=torch.float32)
    chosen = which.nonzero().flatten()
    for first in range(0, len(chosen), 500):
        index = chosen[first : first + 500]
        images, own = dataset.images[index].float(), patterns[dataset.labels[index]]
        shifts, strength = find_shifts(images, own, amplitudes, keyed=keyed)
        noise[index] = gather(own, cyclic_window(shifts, height, width)) * (strength >= least)[:, None, None, None]
    return subtract(dataset, noise)


def select_all(dataset: TensorDataset) -> Bool[Tensor, " n"]:
    """All of them, for ``strip_patterns``."""
    return torch.ones(len(dataset), dtype=torch.bool, device=dataset.images.device)
