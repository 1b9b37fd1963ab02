"""Everything that trains, on every device that there is: the same code, so the same laws."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from hideseek_cli.attacks import Exposed, denoising, list_attacks
from hideseek_cli.core.bilevel import SCHEDULES, Problem
from hideseek_cli.evaluation.adversary import train_under_attack
from hideseek_cli.methods import Task, emn, select
from hideseek_cli.training import checkpoint, trainer
from hideseek_cli.training.architectures import build
from hideseek_cli.training.trainer import count_correct, ignore_steps, loss, train
from tests.helpers.commands import FAST, inside
from tests.helpers.methods import METHODS
from tests.helpers.toys import TINY, toy


@pytest.fixture(params=["cpu", "cuda"])
def device(request):
    if request.param == "cuda" and not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    return torch.device(request.param)


def test_a_network_starts_with_the_same_loss_everywhere_and_learns(device):
    here, there = toy(), toy().to(device)
    first = [
        loss(build("resnet10", 3, 16, data.moments(), 0), data.images.float(), data.labels).item() for data in (here, there)
    ]
    assert first[0] == pytest.approx(first[1], rel=0.02), "bfloat16 has 8 bits"
    assert count_correct(train(there, replace(TINY, epochs=12), seed=0), there) / len(there) > 0.9


@pytest.mark.parametrize("name", ["none", "mixup", "adversarial"])
def test_steps_that_are_recorded_are_the_steps_that_are_not(device, name, monkeypatch):
    """In passes whose last batch is smaller, and with treatments that ask the network."""
    data, recipe = toy(each=20).to(device), replace(TINY, epochs=3, learning_rate=0.02)
    networks = []
    for way in (trainer.capture_graph, lambda network, work: work):
        monkeypatch.setattr(trainer, "capture_graph", way)
        networks.append(train(data, recipe, seed=0, treatment=list_attacks()[name].treatment))
    one, other = (torch.cat([weight.flatten() for weight in network.state_dict().values()]).float() for network in networks)
    start = torch.cat([weight.flatten() for weight in build("slim", 3, 16, data.moments(), 0).state_dict().values()]).float()
    assert (one - other).norm() < 0.1 * (one - start).norm(), "bfloat16 and sums in no fixed order"


def test_a_killed_training_goes_on(device, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    data, steps = toy().to(device), []

    def killed(done: int, total: int) -> None:
        if done == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(data, TINY, seed=1, on_step=killed, checkpoints=tmp_path)
    network = train(data, TINY, seed=1, on_step=lambda done, total: steps.append(done), checkpoints=tmp_path)
    assert 1 < steps[0] <= 8 and count_correct(network, data) / len(data) > 0.9


@pytest.mark.parametrize("robust", [(), ("greyscale", "jpeg", "blur", "augment")])
@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("name", SCHEDULES)
def test_masks_are_trained(device, name, keyed, robust):
    data = toy().to(device)
    shifts = torch.arange(2 * len(data), device=device).view(-1, 2) % 16 if keyed else None
    rule = "balanced" if robust else "whitened"
    problem = Problem(dataset=data, epsilon=8, arch="slim", batch_size=24, shifts=shifts, rule=rule, through=robust, rounds=2)
    rounds = SCHEDULES[name](problem)
    mask = [next(rounds) for _ in range(2)][-1].pattern()
    assert mask.any() and np.isfinite(mask).all() and np.abs(mask).max() <= 8


@pytest.mark.parametrize("kind", METHODS)
def test_every_method_makes_masks(device, kind):
    name, scope, options = METHODS[kind]
    data = toy().to(device)
    seen = torch.arange(0, len(data), 2, device=device)
    task = Task(dataset=data, seen=seen, epsilon=8, arch="slim", batch_size=8, seed=0, shifts=None)
    patterns = select(name, scope, options).candidates(task)[0].train(ignore_steps).patterns
    assert patterns.any() and np.abs(patterns).max() <= 8


@pytest.mark.parametrize(
    "name", [name for name, attack in list_attacks().items() if attack.learn is None and attack.needs != "cleaner"]
)
def test_every_attack_trains(device, name, monkeypatch):
    monkeypatch.setattr(denoising, "STEPS", 2)
    monkeypatch.setattr(emn, "STEPS", 2)
    data = toy().to(device)
    other = replace(data, images=data.images.flip(2))
    exposed = Exposed(dataset=other, test=data, alpha=(other, data), originals=data, other=data)
    (accuracy,) = train_under_attack(list_attacks()[name], exposed, replace(TINY, epochs=1), ignore_steps, seed=0)
    assert 0 <= accuracy <= 100


def test_the_main_job(device, make_folder, tmp_path):
    make_folder(classes=2, each=24)
    on = ("--device", device, "-q")
    inside("hide", "data", "--levels", "55", "--max-runs", "13", "--robust", "none", *FAST, *on, cwd=tmp_path, code=None)
    inside("cleaner", "masks.safetensors", "--level", "clean", cwd=tmp_path)
    sought = inside("seek", "published", "cleaner_clean.safetensors", "--json", "-q", cwd=tmp_path)
    assert json.loads(sought.stdout)["exact"]
    inside("verify", "cleaned", "--test", "data", *on, cwd=tmp_path, code=None)
    known = ("--cleaner", "cleaner_clean.safetensors", "--attacks", "cleaner,extrapolation")
    assert "failed" not in inside("audit", "cleaned", "--test", "data", *known, *on, cwd=tmp_path).stdout
