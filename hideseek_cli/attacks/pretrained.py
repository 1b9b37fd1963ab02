"""Learning on the features of a network that was trained on other images, which masks were not made against.

Neither trains that network: a linear classifier is laid on what it says of each image, or the nearest images vote.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.training.trainer import OnStep

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""Of the squares of the weights, beside the mean cross-entropy."""
FOLDS = 5
"""One in so many images is withheld to choose the penalty."""
STEPS = 200
"""Of L-BFGS at most."""
NEIGHBOURS, BATCH = 10, 500


def _get_features(exposed: Exposed) -> tuple[Float[Tensor, "n d"], Float[Tensor, "m d"]]:
    if exposed.features is None:
        raise ValueError("there is no pretrained network")
    for features in exposed.features:
        if not features.isfinite().all():
            raise ValueError("the pretrained network gives numbers that are not finite")
    return exposed.features


def fit_linear(
    features: Float[Tensor, "n d"], labels: Int[Tensor, " n"], classes: int, penalty: float
) -> tuple[Float[Tensor, "d k"], Float[Tensor, " k"]]:
    """Weights and biases of multinomial logistic regression, by L-BFGS from zero."""
    weights = torch.zeros(features.shape[1], classes, device=features.device, requires_grad=True)
    biases = torch.zeros(classes, device=features.device, requires_grad=True)
    rule = torch.optim.LBFGS([weights, biases], max_iter=STEPS, line_search_fn="strong_wolfe")

    def measure() -> Tensor:
        rule.zero_grad()
        lost = functional.cross_entropy(features @ weights + biases, labels) + penalty * weights.square().sum()
        lost.backward()
        return lost

    rule.step(measure)
    return weights.detach(), biases.detach()


def probe(exposed: Exposed, on_step: OnStep) -> list[float]:
    """A linear classifier on standardised features. Its penalty is the best for images that it is to learn from, withheld by
    the seed: nothing is chosen by the test images."""
    (features, tests), labels, classes = _get_features(exposed), exposed.dataset.labels, exposed.dataset.classes
    deviation, mean = torch.std_mean(features, 0, correction=0)
    scale = deviation.clamp_min(1e-6)
    features, tests = (features - mean) / scale, (tests - mean) / scale
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(exposed.seed)).to(labels.device)
    held, used = order[: len(order) // FOLDS], order[len(order) // FOLDS :]
    right = []
    for number, penalty in enumerate(PENALTIES):
        on_step(number, len(PENALTIES) + 1)
        right.append(_count_right(fit_linear(features[used], labels[used], classes, penalty), features[held], labels[held]))
    best = PENALTIES[right.index(max(right))]
    on_step(len(PENALTIES), len(PENALTIES) + 1)
    found = _count_right(fit_linear(features, labels, classes, best), tests, exposed.test.labels)
    return [100 * found / len(exposed.test)]


def _count_right(model: tuple[Tensor, Tensor], features: Float[Tensor, "n d"], labels: Int[Tensor, " n"]) -> int:
    weights, biases = model
    return int(((features @ weights + biases).argmax(1) == labels).sum())


def vote(exposed: Exposed, on_step: OnStep) -> list[float]:
    """The nearest images by the cosine of their features vote for their classes, each by its cosine."""
    features, tests = (functional.normalize(part, dim=1) for part in _get_features(exposed))
    labels, right = exposed.dataset.labels, 0
    kinds = functional.one_hot(labels, exposed.dataset.classes).to(features.dtype)
    batches = list(zip(tests.split(BATCH), exposed.test.labels.split(BATCH), strict=True))
    for number, (some, truth) in enumerate(batches):
        on_step(number, len(batches))
        near = (some @ features.T).topk(min(NEIGHBOURS, len(labels)), dim=1)
        votes = (near.values[:, :, None] * kinds[near.indices]).sum(1)
        right += int((votes.argmax(1) == truth).sum())
    return [100 * right / len(exposed.test)]


ATTACKS = (
    Attack(name="probe", knows="a pretrained network", needs="backbone", learn=probe),
    Attack(name="knn", knows="a pretrained network", needs="backbone", learn=vote),
)
