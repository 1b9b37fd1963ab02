"""A training that was killed goes on where it was, and ends with the same network to the last bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.recipe import preset
from hideseek_cli.training import checkpoint
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import train

RECIPE = replace(preset("quick"), epochs=4, batch_size=8)


class KilledError(Exception):
    """Stands for SIGKILL."""


@pytest.fixture
def dataset() -> TensorDataset:
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (30, 3, 16, 16), dtype=torch.uint8, generator=generator)
    return TensorDataset(images, torch.arange(30) % 3, 3)


def killed_at(step: int):
    def on_step(done: int, total: int) -> None:
        if done == step:
            raise KilledError

    return on_step


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("schedule", ["onecycle", "cosine"])
def test_a_killed_training_goes_on_and_ends_with_the_same_network(dataset, tmp_path, monkeypatch, schedule):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    recipe = replace(RECIPE, schedule=schedule)
    whole = train(dataset, recipe, seed=1)
    steps: list[int] = []
    with pytest.raises(KilledError):
        train(dataset, recipe, seed=1, on_step=killed_at(11), checkpoints=tmp_path)
    (kept,) = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o077 == 0
    resumed = train(dataset, recipe, seed=1, on_step=lambda done, total: steps.append(done), checkpoints=tmp_path)
    assert same(whole, resumed)
    assert steps == list(range(9, 17)), "two of four passes were done"
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_another_training_does_not_take_it(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    with pytest.raises(KilledError):
        train(dataset, RECIPE, seed=1, on_step=killed_at(11), checkpoints=tmp_path)
    (kept,) = tmp_path.iterdir()
    changed = TensorDataset(dataset.images ^ (torch.arange(30) == 7)[:, None, None, None], dataset.labels, 3)
    others = [
        (dataset, RECIPE, 2), (dataset, replace(RECIPE, learning_rate=0.01), 1), (changed, RECIPE, 1),
        (TensorDataset(dataset.images, dataset.labels.roll(1), 3), RECIPE, 1),
    ]  # fmt: skip
    for data, recipe, seed in others:
        assert same(train(data, recipe, seed=seed), train(data, recipe, seed=seed, checkpoints=tmp_path))
    authorized = AuthorizedNetwork.draw("slim", bytes(32))
    assert same(
        train(dataset, RECIPE, seed=1, by=authorized), train(dataset, RECIPE, seed=1, by=authorized, checkpoints=tmp_path)
    )
    assert list(tmp_path.iterdir()) == [kept]


@pytest.mark.slow
@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(path.read_bytes()[:100]), lambda path: path.write_bytes(b"")])
def test_a_damaged_one_counts_for_nothing(dataset, tmp_path, monkeypatch, damage):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    with pytest.raises(KilledError):
        train(dataset, RECIPE, seed=1, on_step=killed_at(11), checkpoints=tmp_path)
    damage(next(tmp_path.iterdir()))
    assert same(train(dataset, RECIPE, seed=1), train(dataset, RECIPE, seed=1, checkpoints=tmp_path))


def test_where_nothing_can_be_written_it_trains_all_the_same(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    (tmp_path / "file").touch()
    assert same(train(dataset, RECIPE, seed=1), train(dataset, RECIPE, seed=1, checkpoints=tmp_path / "file" / "below"))


def test_a_short_training_leaves_the_disk_alone(dataset, tmp_path: Path):
    with pytest.raises(KilledError):
        train(dataset, RECIPE, seed=1, on_step=killed_at(16), checkpoints=tmp_path)
    assert not list(tmp_path.iterdir())
