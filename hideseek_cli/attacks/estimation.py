"""Estimating masks from published pictures: averages, flat areas, alignment, a linear model, known originals.

Whoever estimates a mask knows that it is not larger than ε, which the manifest tells, and takes no more than that off.

Sources: Sandoval-Segura et al. (orthogonal projection); multi-reference alignment by expectation and maximisation, with one
shift for each picture, is textbook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
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
GROUPS, SORTINGS = 4, 30
"""Into how many groups a class is sorted, and how often their centres are moved."""


def _of_classes(pictures: Pictures, estimate: Callable[[Float[Tensor, "n c h w"]], Float[Tensor, "c h w"]]) -> Tensor:
    """(k, c, h, w): an estimate from the pictures of each class; zero for a class without any."""
    found = torch.zeros(pictures.classes, *pictures.images.shape[1:], device=pictures.images.device)
    for label in pictures.labels.unique():
        found[label] = estimate(pictures.images[pictures.labels == label].float())
    return found


def _cleared(exposed: Exposed, noise: Float[Tensor, "n c h w"]) -> tuple[Pictures, Pictures]:
    """The pictures less what was estimated, within ±ε."""
    return without(exposed.pictures, noise.clamp(-exposed.epsilon, exposed.epsilon)), exposed.test


def class_mean(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Fine detail of each class's average is taken for its mask."""
    means = _of_classes(exposed.pictures, lambda images: images.mean(0))
    return _cleared(exposed, (means - gaussian(means, 2.0))[exposed.pictures.labels])


def class_average(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """All in which a class's average differs from that of the other classes is taken for its mask."""
    means = _of_classes(exposed.pictures, lambda images: images.mean(0))
    return _cleared(exposed, (means - means.mean(0))[exposed.pictures.labels])


def flat_areas(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Like ``class_mean``, with areas counting for the more the flatter they are: there a mask lies open."""

    def estimate(images: Tensor) -> Tensor:
        fine = images - gaussian(images, 2.0)
        weights = 1 / (gaussian(fine.square(), 2.0) + 16)
        return (fine * weights).sum(0) / weights.sum(0)

    return _cleared(exposed, _of_classes(exposed.pictures, estimate)[exposed.pictures.labels])


def _groups(points: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
    """Which of GROUPS centres each point is nearest to (Lloyd), starting from points that are far from each other."""
    chosen = [points.norm(dim=1).argmax()]
    while len(chosen) < GROUPS:
        chosen.append(torch.cdist(points, points[torch.stack(chosen)]).amin(1).argmax())
    centres = points[torch.stack(chosen)]
    for _ in range(SORTINGS):
        nearest = torch.cdist(points, centres).argmin(1)
        members = functional.one_hot(nearest, GROUPS).float()
        centres = (members.T @ points) / members.sum(0)[:, None].clamp_min(1)
    return torch.cdist(points, centres).argmin(1)


def _common(images: Float[Tensor, "n c h w"], amplitudes: Float[Tensor, "c h f"]) -> Float[Tensor, "c h w"]:
    """What the pictures have in common: their mean, less what chance makes of each frequency (Wiener)."""
    mean = torch.fft.rfft2(images.mean(0))
    chance = amplitudes.square() / len(images)
    return torch.fft.irfft2(mean * (1 - chance / mean.abs().square().clamp_min(1e-9)).clamp_min(0), s=images.shape[2:])


def _together(pictures: Pictures, points: Callable[[Tensor], Float[Tensor, "m d"]]) -> Iterator[Int[Tensor, " g"]]:
    """The numbers of the pictures in each group of each class, by the points that its pictures are given."""
    for label in pictures.labels.unique():
        members = (pictures.labels == label).nonzero().flatten()
        groups = _groups(points(members))
        yield from (members[groups == group] for group in groups.unique())


def sorting(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Like ``class_average`` where a class has several patterns: its pictures are sorted by what they have in common, in
    the few directions in which they differ most once all frequencies count alike, and each group has a mean of its own."""
    pictures = exposed.pictures
    size = pictures.images.shape[2:]
    amplitudes, common = pictures.amplitudes(), pictures.images.float().mean(0)

    def directions(members: Tensor) -> Tensor:
        images = pictures.images[members].float()
        alike = torch.fft.irfft2(torch.fft.rfft2(images - images.mean(0)) / amplitudes, s=size).flatten(1)
        values, vectors = torch.linalg.eigh(alike @ alike.T)
        return vectors[:, -GROUPS:] * values[-GROUPS:].clamp_min(0).sqrt()

    noise = torch.zeros_like(pictures.images, dtype=torch.float32)
    for same in _together(pictures, directions):
        noise[same] = _common(pictures.images[same].float() - common, amplitudes)
    return _cleared(exposed, noise)


def releases(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Halfway between two releases each mask is half as strong; differences tell which pictures carry the same masks, and
    what pictures with the same ones have in common goes as well."""
    assert exposed.other is not None
    pictures = exposed.pictures
    apart = pictures.images.float() - exposed.other.images.float()
    noise, amplitudes = apart / 2, pictures.amplitudes()
    common = (pictures.images.float() - noise).mean(0)
    for same in _together(pictures, lambda members: apart[members].flatten(1)):
        left = _common(pictures.images[same].float() - noise[same] - common, amplitudes)
        noise[same] += left.clamp(-exposed.epsilon, exposed.epsilon)
    return without(pictures, noise), exposed.test


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
        return read(few, back).mean(0).clamp(-exposed.epsilon, exposed.epsilon)

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
    return _cleared(exposed, learnt.view(pictures.images.shape))


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
    Attack(name="sorting", prepare=sorting),
    Attack(name="flat-areas", prepare=flat_areas),
    Attack(name="alignment", prepare=alignment),
    Attack(name="projection", prepare=projection),
    Attack(name="releases", knows="another release of the same pictures", needs="release", prepare=releases),
    Attack(name="plaintext", knows=f"{KNOWN} originals of each class", needs="originals", prepare=plaintext),
)
