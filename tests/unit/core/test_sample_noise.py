"""Noise of single images: what it does to the loss, whose it is, and that it stays within its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch

from hideseek_cli.core import bilevel
from hideseek_cli.core.bilevel import Problem
from hideseek_cli.core.bilevel import joint as class_wise
from hideseek_cli.core.sample_noise import SCHEDULES, Noises, alternating, measure_lag
from hideseek_cli.core.surrogate import clip_image
from hideseek_cli.errors import InputError
from hideseek_cli.methods import Task, emn
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.methods.emn_samplewise import PGD_STEPS, SampleWise
from hideseek_cli.training.architectures import Standardised, build
from hideseek_cli.training.tensors import gather
from hideseek_cli.training.trainer import ignore_steps, loss
from tests.helpers.toys import toy

DATA = toy(each=8)
SEEN, OTHERS = (torch.arange(24)[(torch.arange(24) % 3 == 0) == which] for which in (False, True))
PROBLEM = Problem(dataset=DATA.subset(SEEN), epsilon=8, arch="slim", batch_size=8, pgd_steps=3, rounds=4)


def noises(problem: Problem = PROBLEM) -> Noises:
    return Noises(DATA, SEEN, problem)


def losses(network: Standardised, state: Noises, index: torch.Tensor) -> tuple[float, float]:
    """Of the surrogate, without and with noise."""
    network.eval()
    images, labels = DATA.images[index].float(), DATA.labels[index]
    with torch.no_grad():
        return float(loss(network, images, labels)), float(loss(network, images + state.noise[index], labels))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("objective", ["error-min", "error-max"])
def test_noise_does_to_the_loss_what_its_objective_says_within_the_bound(schedule, objective):
    state = noises(replace(PROBLEM, objective=objective))
    network = list(islice(SCHEDULES[schedule](state), 3))[-1]
    before = state.noise.clone()
    assert not before[OTHERS].any() and before[SEEN].any() == (schedule == "alternating")
    assert torch.equal(state.others(), OTHERS)
    known = {name: value.clone() for name, value in network.state_dict().items()}
    state.attack(network, OTHERS)
    assert all(torch.equal(value, known[name]) for name, value in network.state_dict().items()), "frozen, its statistics too"
    assert torch.equal(state.noise[SEEN], before[SEEN]) and state.noise[OTHERS].flatten(1).any(1).all()
    assert float(state.noise.abs().max()) <= 8
    bare, masked = losses(network, state, OTHERS)
    assert masked < bare if objective == "error-min" else masked > bare, "noise from the frozen surrogate"


def test_masks_of_classes_that_raise_the_loss_are_others():
    def error(objective: str) -> float:
        problem = Problem(dataset=DATA, epsilon=8, arch="slim", batch_size=8, rounds=3, objective=objective)
        state = list(islice(class_wise(problem), 3))[-1]
        state.network.eval()
        clean = DATA.images.float()
        with torch.no_grad():
            masked, bare = (loss(state.network, images, DATA.labels) for images in (clean + state.mask[DATA.labels], clean))
        return float(masked - bare)

    assert error("error-min") < 0 < error("error-max")


def test_noise_has_a_gradient_where_the_network_is_sure_and_the_signs_of_cross_entropy():
    network = build("slim", 3, 16, DATA.moments(), 0).eval()
    labels = DATA.labels[:6]

    def signs(of: Callable[..., torch.Tensor]) -> torch.Tensor:
        images = DATA.images[:6].float().requires_grad_()
        of(network, images, labels).backward()
        assert images.grad is not None
        return images.grad.sign()

    assert (signs(measure_lag) == signs(loss)).float().mean() > 0.999
    with torch.no_grad():
        network.body.fc.weight *= 1e5
    assert not signs(loss)[network(DATA.images[:6].float()).argmax(1) == labels].any()
    assert signs(measure_lag).flatten(1).any(1).all()


def test_a_step_touches_the_noise_of_its_batch_alone():
    state = noises()
    state.mask_batch(torch.tensor([2, 5, 7])).sum().backward()
    state.descend(1.5)
    assert state.noise.flatten(1).any(1).nonzero()[:, 0].tolist() == [2, 5, 7]
    assert set(state.noise[state.index].unique().tolist()) <= {-1.5, 0.0}


def test_the_gradient_comes_back_to_the_images_own_pixels():
    """Of a flipped image to the pixel opposite; where a reflected border shows a pixel twice, the sum of both."""
    state = noises()
    rows = torch.arange(16).expand(2, 16)
    columns = torch.stack([torch.arange(16).flip(0), (torch.arange(16) - 2).abs()])
    weights = torch.rand(2, 3, 16, 16)
    (state.mask_batch(torch.tensor([3, 5]), (rows, columns)) * weights).sum().backward()
    found, seen = state.batch.grad, gather(DATA.images[[3, 5]], (rows, columns))
    assert found is not None and seen.shape == weights.shape
    flipped = weights[0].flip(2)
    assert torch.allclose(found[0], flipped)
    assert torch.allclose(found[1, :, :, 1], weights[1, :, :, 1] + weights[1, :, :, 3])
    assert not found[1, :, :, 14:].any(), "what the window does not show"


def test_gradients_that_lead_back_inside_pass_the_clip_by_either_objective():
    values = torch.tensor([-3.0, -3.0, 258.0, 258.0, 9.0]).view(1, 1, 1, 5)
    slopes = torch.tensor([1.0, -1.0, 1.0, -1.0, 1.0]).view(1, 1, 1, 5)
    for objective, expected in (("error-min", [0, -1, 1, 0, 1]), ("error-max", [-1, 0, 0, 1, -1])):
        leaf = values.clone().requires_grad_()
        out = clip_image(leaf, objective)
        assert out.flatten().tolist() == [0, 0, 255, 255, 9]
        (out * slopes).sum().backward()
        assert leaf.grad is not None and leaf.grad.flatten().tolist() == expected


@pytest.mark.slow
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_same_seed_gives_the_same_noise_and_another_another(schedule):
    def made(seed: int) -> np.ndarray:
        task = Task(dataset=DATA, seen=SEEN, epsilon=8, arch="slim", batch_size=8, seed=seed, shifts=None)
        return (
            SampleWise(schedule=schedule, passes=1, max_rounds=1, pgd_steps=2).candidates(task)[0].train(ignore_steps).patterns
        )

    assert np.array_equal(made(1), made(1)) and not np.array_equal(made(1), made(2))


@pytest.mark.slow
def test_by_joint_a_surrogate_that_does_not_know_the_masks_is_trained_on_unless_told_how_long(monkeypatch):
    """Three passes at least, however few make the planned steps."""
    monkeypatch.setattr(bilevel, "training_error", lambda problem, state: 0.02)
    monkeypatch.setattr(emn, "STEPS", 6)
    task = Task(dataset=DATA, epsilon=8, arch="slim", batch_size=8, seed=0, shifts=None)
    for options, last in (
        ({}, 10), ({"stop_error": 0.1}, 4), ({"passes": 2}, 3), ({"objective": "error-max"}, 4)
    ):  # fmt: skip
        ticks: list[tuple[int, int]] = []
        SampleWise(pgd_steps=1, **options).candidates(task)[0].train(lambda *step, heard=ticks: heard.append(step))
        assert [done for done, _ in ticks] == list(range(1, last + 1)) and all(done <= total for done, total in ticks)


def test_alternating_stops_at_the_error_or_after_its_rounds():
    task = Task(dataset=DATA, epsilon=8, arch="slim", batch_size=8, seed=0, shifts=None)
    for stop, expected in ((0.999, [1, 4]), (1e-9, [1, 2, 3, 4, 4])):
        ticks: list[int] = []
        method = SampleWise(schedule="alternating", inner_steps=1, pgd_steps=1, max_rounds=4, stop_error=stop)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Noises, "error", lambda self, network: 0.5)
            method.candidates(task)[0].train(lambda done, total, heard=ticks: heard.append(done))
        assert ticks == expected


def test_the_paper_s_settings():
    paper = SampleWise(schedule="alternating")
    assert (paper.inner_steps, paper.stop_error, PGD_STEPS["alternating"]) == (10, 0.01, 20)
    state = noises(replace(PROBLEM, pgd_steps=20))
    network = next(alternating(state))
    state.noise.zero_()
    steps: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Noises, "descend", lambda self, step: steps.append(step))
        state.attack(network, torch.arange(8))
    assert steps == [pytest.approx(0.8)] * 20


@pytest.mark.parametrize(
    "options", [{"schedule": "x"}, {"objective": "x"}, {"stop_error": 1.0}, {"passes": 0}, {"pgd_steps": 0}]
)
@pytest.mark.parametrize("method", [ClassWise, SampleWise])
def test_settings_out_of_range_are_refused(method, options):
    with pytest.raises(InputError):
        method(**options)
