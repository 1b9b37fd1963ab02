"""Estimating masks from published images: averages, flat areas, alignment, a linear model, known originals.

Whoever estimates a mask knows that it is not larger than ε, which the manifest tells, and takes no more than that off.

Sources: Sandoval-Segura et al. (orthogonal projection); multi-reference alignment by expectation and maximisation, with one
shift for each image, is textbook.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.attacks.matching import find_shifts, select_all, strip_patterns, subtract
from hideseek_cli.training.tensors import TensorDataset, cyclic_window, gather
from hideseek_cli.training.transforms import blur_gaussian

KNOWN = 10
"""Originals of each class that the adversary with known plaintext has."""
ALIGNED, ALIGNMENTS = 1000, 10
"""Images of a class that alignment looks at, and how often."""
GROUPS, SORTINGS = 4, 30
"""Into how many groups a class is sorted, and how often their centres are moved."""


def _estimate_by_class(
    dataset: TensorDataset, estimate: Callable[[Float[Tensor, "n c h w"]], Float[Tensor, "c h w"]]
) -> Tensor:
    """(k, c, h, w): an estimate from the images of each class; zero for a class without any."""
    found = torch.zeros(dataset.classes, *dataset.images.shape[1:], device=dataset.images.device)
    for label in dataset.labels.unique():
        found[label] = estimate(dataset.images[dataset.labels == label].float())
    return found


def _subtract_within_bound(exposed: Exposed, noise: Float[Tensor, "n c h w"]) -> tuple[TensorDataset, TensorDataset]:
    """The images less what was estimated, within ±ε."""
    return subtract(exposed.dataset, noise.clamp(-exposed.epsilon, exposed.epsilon)), exposed.test


def class_mean(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Fine detail of each class's average is taken for its mask."""
    means = _estimate_by_class(exposed.dataset, lambda images: images.mean(0))
    return _subtract_within_bound(exposed, (means - blur_gaussian(means, 2.0))[exposed.dataset.labels])


def class_average(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """All in which a class's average differs from that of the other classes is taken for its mask."""
    means = _estimate_by_class(exposed.dataset, lambda images: images.mean(0))
    return _subtract_within_bound(exposed, (means - means.mean(0))[exposed.dataset.labels])


def flat_areas(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Like ``class_mean``, with areas counting for the more the flatter they are: there a mask lies open."""

    def estimate(images: Tensor) -> Tensor:
        fine = images - blur_gaussian(images, 2.0)
        weights = 1 / (blur_gaussian(fine.square(), 2.0) + 16)
        return (fine * weights).sum(0) / weights.sum(0)

    return _subtract_within_bound(exposed, _estimate_by_class(exposed.dataset, estimate)[exposed.dataset.labels])


def _cluster(points: Float[Tensor, "n d"]) -> Int[Tensor, " n"]:
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


def _estimate_common(images: Float[Tensor, "n c h w"], amplitudes: Float[Tensor, "c h f"]) -> Float[Tensor, "c h w"]:
    """What the images have in common: their mean, less what chance makes of each frequency (Wiener)."""
    mean = torch.fft.rfft2(images.mean(0))
    chance = amplitudes.square() / len(images)
    return torch.fft.irfft2(mean * (1 - chance / mean.abs().square().clamp_min(1e-9)).clamp_min(0), s=images.shape[2:])


def _iterate_clusters(dataset: TensorDataset, points: Callable[[Tensor], Float[Tensor, "m d"]]) -> Iterator[Int[Tensor, " g"]]:
    """The numbers of the images in each group of each class, by the points that its images are given."""
    for label in dataset.labels.unique():
        members = (dataset.labels == label).nonzero().flatten()
        groups = _cluster(points(members))
        yield from (members[groups == group] for group in groups.unique())


def sorting(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Like ``class_average`` where a class has several patterns: its images are sorted by what they have in common, in
    the few directions in which they differ most once all frequencies count alike, and each group has a mean of its own."""
    dataset = exposed.dataset
    size = dataset.images.shape[2:]
    amplitudes, common = dataset.amplitudes(), dataset.images.float().mean(0)

    def directions(members: Tensor) -> Tensor:
        images = dataset.images[members].float()
        alike = torch.fft.irfft2(torch.fft.rfft2(images - images.mean(0)) / amplitudes, s=size).flatten(1)
        values, vectors = torch.linalg.eigh(alike @ alike.T)
        return vectors[:, -GROUPS:] * values[-GROUPS:].clamp_min(0).sqrt()

    noise = torch.zeros_like(dataset.images, dtype=torch.float32)
    for same in _iterate_clusters(dataset, directions):
        noise[same] = _estimate_common(dataset.images[same].float() - common, amplitudes)
    return _subtract_within_bound(exposed, noise)


def releases(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Halfway between two releases each mask is half as strong; differences tell which images carry the same masks, and
    what images with the same ones have in common goes as well."""
    assert exposed.other is not None
    dataset = exposed.dataset
    apart = dataset.images.float() - exposed.other.images.float()
    noise, amplitudes = apart / 2, dataset.amplitudes()
    common = (dataset.images.float() - noise).mean(0)
    for same in _iterate_clusters(dataset, lambda members: apart[members].flatten(1)):
        left = _estimate_common(dataset.images[same].float() - noise[same] - common, amplitudes)
        noise[same] += left.clamp(-exposed.epsilon, exposed.epsilon)
    return subtract(dataset, noise), exposed.test


def alignment(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Unknown patterns at unknown shifts: images of a class are laid over each other where they fit best, again and
    again, and what comes out is taken for the class's pattern."""
    dataset = exposed.dataset
    height, width = dataset.images.shape[2:]
    amplitudes, flat = dataset.amplitudes(), torch.ones_like(dataset.amplitudes())
    common = dataset.images.float().mean((0, 2, 3), keepdim=True)

    def estimate(images: Tensor) -> Tensor:
        few = images[:ALIGNED] - common
        whitened = torch.fft.irfft2(torch.fft.rfft2(few) / amplitudes, s=(height, width))
        pattern = whitened[:1]
        for _ in range(ALIGNMENTS):
            back = cyclic_window(-find_shifts(whitened, pattern.expand_as(whitened), flat)[0], height, width)
            pattern = gather(whitened, back).mean(0, keepdim=True)
        return gather(few, back).mean(0).clamp(-exposed.epsilon, exposed.epsilon)

    return strip_patterns(dataset, _estimate_by_class(dataset, estimate), select_all(dataset)), exposed.test


def projection(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """What a linear model of the pixels has learnt is projected out of the training images."""
    dataset = exposed.dataset
    flat = dataset.images.flatten(1).float() / 255
    centre = flat.mean(0)
    weights = torch.zeros(flat.shape[1], dataset.classes, device=flat.device, requires_grad=True)
    rule = torch.optim.SGD([weights], lr=0.1, momentum=0.9)
    generator = torch.Generator(flat.device).manual_seed(exposed.seed)
    for _ in range(20):
        for index in torch.randperm(len(flat), generator=generator, device=flat.device).split(128):
            rule.zero_grad()
            functional.cross_entropy((flat[index] - centre) @ weights, dataset.labels[index]).backward()
            rule.step()
    basis, _ = torch.linalg.qr(weights.detach())
    learnt = ((flat - centre) @ basis) @ basis.T * 255
    return _subtract_within_bound(exposed, learnt.view(dataset.images.shape))


def plaintext(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Differences to the known originals of a class, laid over each other, are its pattern."""
    assert exposed.originals is not None
    dataset, generator = exposed.dataset, torch.Generator().manual_seed(exposed.seed)
    height, width = dataset.images.shape[2:]
    patterns = torch.zeros(dataset.classes, *dataset.images.shape[1:], device=dataset.images.device)
    for label in dataset.labels.unique():
        members = (dataset.labels == label).nonzero().flatten()
        known = members[torch.randperm(len(members), generator=generator)[:KNOWN]]
        apart = dataset.images[known].float() - exposed.originals.images[known].float()
        flat = torch.ones_like(dataset.amplitudes())
        back = -find_shifts(apart, apart[:1].expand_as(apart), flat)[0]
        patterns[label] = gather(apart, cyclic_window(back, height, width)).median(0).values
    return strip_patterns(dataset, patterns, select_all(dataset)), exposed.test


ATTACKS = (
    Attack(name="class-mean", prepare=class_mean),
    Attack(name="class-average", prepare=class_average),
    Attack(name="sorting", prepare=sorting),
    Attack(name="flat-areas", prepare=flat_areas),
    Attack(name="alignment", prepare=alignment),
    Attack(name="projection", prepare=projection),
    Attack(name="releases", knows="another release of the same images", needs="release", prepare=releases),
    Attack(name="plaintext", knows=f"{KNOWN} originals of each class", needs="originals", prepare=plaintext),
)
