"""Estimating masks from published pictures: averages, flat areas, alignment, a linear model, known originals.

Sources: Sandoval-Segura et al. (orthogonal projection); multi-reference alignment by expectation and maximisation, with one
shift for each picture, is textbook.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.attacks.matching import everything, shifts_of, stripped, without
from hideseek_cli.core.changes import gaussian
from hideseek_cli.core.data import Pictures, cyclic, read

KNOWN = 10
"""Originals of each class that the adversary with known plaintext has."""
ALIGNED, ALIGNMENTS = 1000, 10
"""Pictures of a class that alignment looks at, and how often."""


def _of_classes(pictures: Pictures, estimate: Callable[[Float[Tensor, "n c h w"]], Float[Tensor, "c h w"]]) -> Tensor:
    """(k, c, h, w): an estimate from the pictures of each class; zero for a class without any."""
    found = torch.zeros(pictures.classes, *pictures.images.shape[1:], device=pictures.images.device)
    for label in pictures.labels.unique():
        found[label] = estimate(pictures.images[pictures.labels == label].float())
    return found


def class_mean(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Fine detail of each class's average is taken for its mask."""
    means = _of_classes(exposed.pictures, lambda images: images.mean(0))
    return without(exposed.pictures, (means - gaussian(means, 2.0))[exposed.pictures.labels]), exposed.test


def class_average(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """All in which a class's average differs from that of the other classes is taken for its mask."""
    means = _of_classes(exposed.pictures, lambda images: images.mean(0))
    return without(exposed.pictures, (means - means.mean(0))[exposed.pictures.labels]), exposed.test


def flat_areas(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Like ``class_mean``, with areas counting for the more the flatter they are: there a mask lies open."""

    def estimate(images: Tensor) -> Tensor:
        fine = images - gaussian(images, 2.0)
        weights = 1 / (gaussian(fine.square(), 2.0) + 16)
        return (fine * weights).sum(0) / weights.sum(0)

    return without(exposed.pictures, _of_classes(exposed.pictures, estimate)[exposed.pictures.labels]), exposed.test


def alignment(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Unknown patterns at unknown shifts: pictures of a class are laid over each other where they fit best, again and
    again, and what comes out is taken for the class's pattern."""
    pictures = exposed.pictures
    height, width = pictures.images.shape[2:]
    amplitudes, flat = pictures.amplitudes(), torch.ones_like(pictures.amplitudes())
    common = pictures.images.float().mean((0, 2, 3), keepdim=True)

    def estimate(images: Tensor) -> Tensor:
        few = images[:ALIGNED] - common
        whitened = torch.fft.irfft2(torch.fft.rfft2(few) / amplitudes, s=(height, width))
        pattern = whitened[:1]
        for _ in range(ALIGNMENTS):
            back = cyclic(-shifts_of(whitened, pattern.expand_as(whitened), flat)[0], height, width)
            pattern = read(whitened, back).mean(0, keepdim=True)
        return read(few, back).mean(0)

    return stripped(pictures, _of_classes(pictures, estimate), everything(pictures)), exposed.test


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
    return stripped(pictures, patterns, everything(pictures)), exposed.test


ATTACKS = (
    Attack(name="class-mean", prepare=class_mean),
    Attack(name="class-average", prepare=class_average),
    Attack(name="flat-areas", prepare=flat_areas),
    Attack(name="alignment", prepare=alignment),
    Attack(name="projection", prepare=projection),
    Attack(name="plaintext", knows=f"{KNOWN} originals of each class", needs="originals", prepare=plaintext),
)
