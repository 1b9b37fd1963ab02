"""Learning on features: what is separable is learnt, the test images choose nothing, and the nearest images vote."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from hideseek_cli.attacks import Exposed, list_attacks, pretrained
from hideseek_cli.attacks.pretrained import fit_linear, probe, vote
from hideseek_cli.training.trainer import ignore_steps
from tests.helpers.toys import toy

TRAIN, TEST = toy(each=20), toy(each=10)


def features(apart: float, width: int = 8) -> tuple[Tensor, Tensor]:
    """Gaussian clouds, one a class."""
    generator = torch.Generator().manual_seed(0)
    centres = apart * torch.randn(3, width, generator=generator)
    train, test = (centres[one.labels] + torch.randn(len(one), width, generator=generator) for one in (TRAIN, TEST))
    return train, test


def exposed(apart: float, width: int = 8) -> Exposed:
    return Exposed(dataset=TRAIN, test=TEST, features=features(apart, width), seed=3)


@pytest.mark.parametrize("attack", ["probe", "knn"])
def test_what_the_features_tell_is_learnt_and_nothing_else(attack):
    learn = list_attacks()[attack].learn
    assert learn(exposed(8.0), ignore_steps) == [100.0]
    assert learn(exposed(0.0), ignore_steps)[-1] < 60
    assert learn(exposed(1.0), ignore_steps) == learn(exposed(1.0), ignore_steps)


def test_the_scale_of_a_feature_does_not_matter_to_the_probe():
    plain = exposed(1.0)
    factors = 10.0 ** torch.tensor([-3, -3, -3, -3, -3, -3, 3, 3])
    scaled = tuple(factors * (part + 7) for part in plain.features)
    assert probe(replace(plain, features=scaled), ignore_steps) == probe(plain, ignore_steps)


def test_the_penalty_is_chosen_without_the_test_images(monkeypatch):
    """Of many features and few images a strong one helps; other labels of the test images change no model."""
    fitted: list[float] = []

    def noted(features: Tensor, labels: Tensor, classes: int, penalty: float) -> tuple[Tensor, Tensor]:
        fitted.append(penalty)
        return fit_linear(features, labels, classes, penalty)

    monkeypatch.setattr(pretrained, "fit_linear", noted)
    case = exposed(0.4, width=60)
    right = probe(case, ignore_steps)
    assert fitted[:-1] == list(pretrained.PENALTIES)
    chosen = fitted[-1]
    fitted.clear()
    wrong = replace(case, test=replace(TEST, labels=(TEST.labels + 1) % 3))
    assert probe(wrong, ignore_steps) != right and fitted[-1] == chosen


@settings(max_examples=20, deadline=None)
@given(st.floats(0.001, 0.1), st.integers(0, 99))
def test_a_fit_is_where_no_weight_helps(penalty, seed):
    """The gradient at the fit is nothing: mean (p - y) x + 2 λ w."""
    x = torch.randn(40, 5, generator=torch.Generator().manual_seed(seed))
    y = torch.arange(40) % 3
    weights, biases = fit_linear(x, y, 3, penalty)
    off = (x @ weights + biases).softmax(1) - torch.nn.functional.one_hot(y, 3)
    assert float((x.T @ off / 40 + 2 * penalty * weights).abs().max()) < 2e-3
    assert float(off.mean(0).abs().max()) < 2e-3


def test_ten_neighbours_vote_by_direction_and_not_by_length():
    """Four long ones in that very direction are outvoted by six of another class beside it; fifty farther off do not vote."""
    ahead, beside, away = torch.tensor([1.0, 0.0]), torch.tensor([0.9, 0.1]), torch.tensor([0.5, 0.8])
    points = torch.stack([100 * ahead] * 4 + [beside] * 6 + [away] * 50)
    data = replace(TRAIN, labels=torch.tensor([0] * 4 + [1] * 6 + [2] * 50))
    one = replace(TEST, images=TEST.images[:1], labels=torch.tensor([1]))
    assert vote(Exposed(dataset=data, test=one, features=(points, ahead[None])), ignore_steps) == [100.0]


@pytest.mark.parametrize("learn", [probe, vote])
def test_numbers_that_are_not_finite_fail_aloud(learn):
    case = exposed(1.0)
    case.features[1][0, 0] = float("inf")
    with pytest.raises(ValueError, match="not finite"):
        learn(case, ignore_steps)
