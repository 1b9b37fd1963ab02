"""Estimating the masks and taking them off: from class averages, from a linear model, from originals, from a cleaner.

Where a pattern is known, its cyclic shift on each picture is found by a whitened matched filter, so keyed placement
alone does not stop it. Sources: Sandoval-Segura et al. (orthogonal projection); the matched filter is textbook.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.attacks.compression import gaussian
from hideseek_cli.core.data import Pictures, cyclic, read

KNOWN = 10
"""Originals of each class that the adversary with known plaintext has."""
PRESENT = 0.5
"""How strong the matched filter must find a pattern that may be there or not."""


def without(pictures: Pictures, noise: Float[Tensor, "n c h w"]) -> Pictures:
    """The pictures less an estimate of what was added."""
    return replace(pictures, images=(pictures.images.float() - noise).clamp(0, 255).round().to(torch.uint8))


def class_mean(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Fine detail of each class's average is taken for its mask."""
    pictures = exposed.pictures
    images = pictures.images.float()
    means = torch.stack([
        images[pictures.labels == label].mean(0) if (pictures.labels == label).any() else torch.zeros_like(images[0])
        for label in range(pictures.classes)
    ])  # fmt: skip
    return without(pictures, (means - gaussian(means, 2.0))[pictures.labels]), exposed.test


def projection(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """What a linear model of the pixels has learnt is projected out of the training pictures."""
    pictures = exposed.pictures
    flat = pictures.images.flatten(1).float() / 255
    centre = flat.mean(0)
    weights = torch.zeros(flat.shape[1], pictures.classes, device=flat.device, requires_grad=True)
    rule = torch.optim.SGD([weights], lr=0.1, momentum=0.9)
    generator = torch.Generator(flat.device).manual_seed(exposed.seed)
    for _ in range(20):
        for index in torch.randperm(len(flat), generator=generator, device=flat.device).split(128):
            rule.zero_grad()
            functional.cross_entropy((flat[index] - centre) @ weights, pictures.labels[index]).backward()
            rule.step()
    basis, _ = torch.linalg.qr(weights.detach())
    learnt = ((flat - centre) @ basis) @ basis.T * 255
    return without(pictures, learnt.view(pictures.images.shape)), exposed.test


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
    pictures: Pictures, patterns: Float[Tensor, "k c h w"], which: Tensor, *, keyed: bool = True, least: float = -torch.inf
) -> Pictures:
    """The pictures of ``which`` (bool) less their class's pattern, where it fits best and is ``least`` strong."""
    height, width = pictures.images.shape[2:]
    amplitudes = pictures.amplitudes()
    noise = torch.zeros_like(pictures.images, dtype=torch.float32)
    for index in which.nonzero().flatten().split(500):
        images, own = pictures.images[index].float(), patterns[pictures.labels[index]]
        shifts, strength = shifts_of(images, own, amplitudes, keyed=keyed)
        noise[index] = read(own, cyclic(shifts, height, width)) * (strength >= least)[:, None, None, None]
    return without(pictures, noise)


def plaintext(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Differences to the known originals of a class, laid over each other, are its pattern."""
    assert exposed.originals is not None
    pictures, generator = exposed.pictures, torch.Generator().manual_seed(exposed.seed)
    height, width = pictures.images.shape[2:]
    patterns = torch.zeros(pictures.classes, *pictures.images.shape[1:], device=pictures.images.device)
    for label in pictures.labels.unique():
        members = (pictures.labels == label).nonzero().flatten()
        known = members[torch.randperm(len(members), generator=generator)[:KNOWN]]
        apart = pictures.images[known].float() - exposed.originals.images[known].float()
        flat = torch.ones_like(pictures.amplitudes())
        back = -shifts_of(apart, apart[:1].expand_as(apart), flat)[0]
        patterns[label] = read(apart, cyclic(back, height, width)).median(0).values
    return stripped(pictures, patterns, torch.ones(len(pictures), dtype=torch.bool)), exposed.test


def with_cleaner(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """What the cleaner takes off its own pictures is looked for on all others of their class, and taken off where found."""
    assert exposed.cleaner is not None
    cleaner, pictures = exposed.cleaner, exposed.pictures
    masks = cleaner.patterns.get(pictures.images.shape[1])
    if masks is None:
        raise ValueError("the cleaner has no pattern for pictures with so many channels")
    device = pictures.images.device
    patterns = -torch.from_numpy(masks).permute(0, 3, 1, 2).float().to(device)
    which = torch.from_numpy(cleaner.which).to(device)
    found = pictures
    for number, pattern in enumerate(patterns):
        label = pictures.labels[which == number][0]
        others = (pictures.labels == label) & torch.from_numpy(~cleaner.touched).to(device)
        found = stripped(
            found, pattern.expand(pictures.classes, -1, -1, -1), others, keyed=cleaner.shifts is not None, least=PRESENT
        )
    return found, exposed.test


ATTACKS = (
    Attack(name="class-mean", prepare=class_mean),
    Attack(name="projection", prepare=projection),
    Attack(name="plaintext", knows=f"{KNOWN} originals of each class", needs="originals", prepare=plaintext),
    Attack(name="cleaner", knows="a cleaner and what it cleans", needs="cleaner", prepare=with_cleaner),
)
