"""What a method is given."""

from __future__ import annotations

import torch

from hideseek_cli.methods import Task
from hideseek_cli.training.tensors import TensorDataset


def test_what_may_be_trained_on_is_shown_and_nothing_else():
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 1, 4, 4).contiguous()
    task = Task(dataset=TensorDataset(images, torch.tensor([0, 1, 0, 1, 0]), 2), seen=torch.tensor([1, 4]), epsilon=8,
                arch="slim", batch_size=8, seed=0, shifts=torch.arange(10).view(5, 2))  # fmt: skip
    assert task.shown.images[:, 0, 0, 0].tolist() == [1, 4] and task.shown.labels.tolist() == [1, 0]
    assert task.shown_shifts is not None and task.shown_shifts.tolist() == [[2, 3], [8, 9]]
