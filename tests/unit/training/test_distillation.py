"""Who is taught by an authorised network hears what it says and no labels."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.recipe import preset
from hideseek_cli.training import distillation
from hideseek_cli.training.distillation import distill
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import train

RECIPE = replace(preset("quick"), epochs=6, batch_size=16)
TEACHER = AuthorizedNetwork.draw("cnn", bytes(32))


def stripes(count: int, seed: int) -> TensorDataset:
    """Class 0 has rows, class 1 columns."""
    labels = torch.arange(count) % 2
    wave = 90 * (torch.arange(16) % 4 > 1).float() - 45
    images = torch.where(labels[:, None, None, None] == 0, wave[:, None], wave[None, :]).expand(count, 3, 16, 16)
    noise = 20 * torch.randn(images.shape, generator=torch.Generator().manual_seed(seed))
    return TensorDataset((128 + images + noise).clamp(0, 255).to(torch.uint8), labels, 2)


@pytest.mark.slow
def test_what_a_network_knows_is_learnt_from_it():
    steps: list[tuple[int, int]] = []
    found = distill(stripes(96, 0), stripes(40, 1), RECIPE, lambda *done: steps.append(done), teacher=TEACHER, seed=3)
    assert found.accuracy > 80 and sum(found.right) == pytest.approx(0.4 * found.accuracy)
    assert steps == [(number, 72) for number in range(1, 73)], "six batches, six passes, twice"


def test_batches_carry_what_the_teacher_says_in_place_of_labels(monkeypatch):
    data = stripes(32, 0)
    trainings: list[dict] = []

    def watched(dataset, recipe, **options):
        trainings.append({"arch": recipe.arch, **options})
        return train(dataset, recipe, **options)

    monkeypatch.setattr(distillation, "train", watched)
    distill(data, data, RECIPE, teacher=TEACHER, seed=3)
    teacher, student = trainings
    assert (teacher["arch"], teacher["by"], student["arch"], student.get("by")) == ("cnn", TEACHER, "slim", None)
    network = train(data, replace(RECIPE, arch="cnn"), seed=3, by=TEACHER)
    batch = data.images[:8].float(), data.labels[:8]
    images, said = student["treatment"](network, batch, torch.Generator())
    assert torch.equal(images, batch[0]) and torch.allclose(said, network(batch[0]).softmax(1), atol=1e-5)
    assert not said.requires_grad
