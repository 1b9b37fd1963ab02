"""A secret stem is blind to noise along its own colours, whatever is done to images in training, and to no other noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.core.bilevel import Problem
from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.methods import Task, emn
from hideseek_cli.methods.ungeneralizable import Ungeneralizable
from hideseek_cli.recipe import preset
from hideseek_cli.training.architectures import build
from hideseek_cli.training.secret_stem import SecretStem, project_unseen
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather
from hideseek_cli.training.trainer import ignore_steps, train

SIDES = st.tuples(st.integers(8, 24), st.integers(8, 24))
KEYS = st.binary(min_size=32, max_size=32)
IMAGES = TensorDataset(
    torch.randint(0, 256, (16, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)),
    torch.arange(16) % 2, 2,
)  # fmt: skip


def kernel(key: bytes) -> torch.Tensor:
    return torch.from_numpy(AuthorizedNetwork.draw("slim", key).kernel)


def noise(sides: tuple[int, int], seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(4, 3, *sides, generator=torch.Generator().manual_seed(seed))


@given(KEYS, SIDES)
def test_a_secret_stem_sees_nothing_of_its_noise_through_any_crop_and_flip(key, sides):
    own, stem = project_unseen(noise(sides), kernel(key), 8), SecretStem(kernel(key)).eval()
    images = noise(sides, 1)
    window = draw_augmentation(4, *sides, torch.Generator().manual_seed(2))
    clean, masked = gather(images, window), gather(images + own, window)
    scale = stem(clean).detach().abs().mean()
    assert own.abs().mean() > 0.1
    assert (stem(masked) - stem(clean)).abs().max() < 1e-3 * scale


@given(KEYS, KEYS.filter(any), SIDES)
def test_another_secret_stem_sees_it(key, change, sides):
    other = bytes(a ^ b for a, b in zip(key, change, strict=True))
    own, stem = project_unseen(noise(sides), kernel(key), 8), SecretStem(kernel(other)).eval()
    seen = stem(own) - stem(torch.zeros_like(own))
    whole = stem(noise(sides)) - stem(torch.zeros_like(own))
    assert seen.abs().mean() > 0.02 * whole.abs().mean()


@pytest.mark.slow
@given(KEYS, SIDES)
def test_what_a_secret_stem_does_not_see_stays_as_it_is_and_is_within_the_bound(key, sides):
    own = project_unseen(noise(sides), kernel(key), 8)
    assert own.abs().max() <= 8 + 1e-4
    assert torch.allclose(project_unseen(own, kernel(key), 8), own, atol=1e-3)
    assert project_unseen(100 * own, kernel(key), 8).abs().amax((1, 2, 3)).allclose(torch.tensor(8.0))


@given(KEYS)
def test_a_kernel_is_symmetric_and_of_length_one_and_the_key_decides_it(key):
    whole = AuthorizedNetwork.draw("slim", key).kernel
    assert np.array_equal(whole, whole[:, ::-1]) and np.array_equal(whole, whole[:, :, ::-1])
    assert whole.shape == (3, 5, 5) and np.square(whole).sum() == pytest.approx(1, abs=1e-5)
    assert np.array_equal(whole, AuthorizedNetwork.draw("slim", key, seed=3).kernel)
    assert AuthorizedNetwork.draw("slim", key).identity != AuthorizedNetwork.draw("slim", bytes(31) + b"x").identity


def test_training_leaves_a_secret_stem_as_it_is_and_colours_are_seen_in_one_unit():
    network = build("slim", 2, 16, (torch.tensor([100.0, 90, 80]), torch.tensor([60.0, 50, 10])), 0, kernel(bytes(32)))
    assert not any("filters" in name for name, _ in network.named_parameters())
    assert any("filters" in name for name, _ in network.named_buffers())
    assert network.deviation.flatten().tolist() == [40, 40, 40] and network.mean.flatten().tolist() == [100, 90, 80]
    own = project_unseen(noise((16, 16)), kernel(bytes(32)), 8)
    images = 128 + noise((16, 16), 1)
    network.eval()
    with torch.no_grad():
        assert torch.allclose(network(images + own), network(images), atol=1e-3)
    other = build("slim", 2, 16, (torch.tensor([100.0, 90, 80]), torch.tensor([60.0, 50, 10])), 0).eval()
    with torch.no_grad():
        assert not torch.allclose(other(images + own), other(images), atol=1e-3)


def test_a_seed_of_its_own_decides_the_initial_weights_and_nothing_else():
    recipe = replace(preset("quick"), epochs=1, batch_size=16, learning_rate=1e-9, weight_decay=0.0)

    def weights(seed: int, own: int | None) -> torch.Tensor:
        network = train(IMAGES, recipe, seed=seed, by=AuthorizedNetwork.draw("slim", bytes(32), own))
        return next(weight for name, weight in network.named_parameters() if weight.dim() == 4)

    assert torch.allclose(weights(1, 7), weights(2, 7), atol=1e-6) and not torch.allclose(
        weights(1, 7), weights(1, 8), atol=1e-3
    )
    assert not torch.allclose(weights(1, None), weights(2, None), atol=1e-3)


@pytest.mark.parametrize("schedule", ["joint", "alternating"])
def test_masks_of_either_schedule_are_not_seen(schedule):
    network = AuthorizedNetwork.draw("slim", bytes(32))
    task = Task(dataset=IMAGES, epsilon=8, arch="slim", batch_size=8, seed=0, shifts=None)
    method = Ungeneralizable(authorized=network, schedule=schedule, passes=2, inner_steps=1, max_rounds=2)
    patterns = torch.from_numpy(method.candidates(task)[0].train(ignore_steps).patterns).permute(0, 3, 1, 2)
    assert torch.allclose(project_unseen(patterns, kernel(bytes(32)), 8), patterns, atol=1e-3) and patterns.abs().max() > 0.5


@pytest.mark.parametrize(("arch", "expected"), [("slim", ["cnn", "slim", "slim", "slim"]), ("cnn", ["cnn", "cnn", "cnn"])])
def test_masks_are_trained_with_the_network_that_hides_from_most_and_then_with_the_recipe_s(arch, expected, monkeypatch):
    built: list[str] = []

    def stopped(problem: Problem) -> None:
        built.append(problem.arch)
        raise InputError("enough")

    monkeypatch.setitem(emn.SCHEDULES, "joint", stopped)
    task = Task(dataset=IMAGES, epsilon=8, arch=arch, batch_size=8, seed=0, shifts=None)
    for attempt in Ungeneralizable(authorized=AuthorizedNetwork.draw("slim", bytes(32)), passes=1).candidates(task):
        with pytest.raises(InputError, match="enough"):
            attempt.train(ignore_steps)
    assert built == expected


def test_there_must_be_somebody_to_authorize():
    with pytest.raises(InputError, match="give its file as `authorized`"):
        Ungeneralizable()
