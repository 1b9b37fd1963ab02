"""Noise that knows nothing of images."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from hideseek_cli.methods import Task, select
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import ignore_steps

MASTER = bytes(range(32))


@pytest.mark.parametrize("scope", ["class", "sample"])
def test_random_noise_is_drawn_from_the_key_and_not_from_the_seed(scope):
    images = torch.zeros(4, 1, 8, 8, dtype=torch.uint8)
    task = Task(dataset=TensorDataset(images, torch.tensor([0, 1, 0, 1]), 2), epsilon=8, arch="slim", batch_size=8, seed=0,
                shifts=None, secret=MASTER)  # fmt: skip

    def drawn(task: Task) -> np.ndarray:
        return select("random", scope).candidates(task)[0].train(ignore_steps).patterns

    assert np.array_equal(drawn(task), drawn(replace(task, seed=1)))
    assert not np.array_equal(drawn(task), drawn(replace(task, secret=bytes(32))))
    assert abs(drawn(task).mean()) < 1 and 4 < drawn(task).std() < 5.2, "uniform within the bound"
