"""Data sets and a recipe small enough for a moment's training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from hideseek_cli.recipe import preset
from hideseek_cli.training.tensors import TensorDataset
from tests.helpers.folders import draw

CPU = torch.device("cpu")
TINY = replace(preset("quick"), name="custom", epochs=4, batch_size=16)


def toy(each: int = 24, classes: int = 3, channels: int = 3) -> TensorDataset:
    pairs = [(draw(label, number, 16, channels), label) for label in range(classes) for number in range(each)]
    images = torch.from_numpy(np.stack([image for image, _ in pairs])).permute(0, 3, 1, 2).contiguous()
    return TensorDataset(images, torch.tensor([label for _, label in pairs]), classes)


def apart(one: TensorDataset, other: TensorDataset) -> float:
    return float((one.images.float() - other.images.float()).abs().mean())
