"""What a pretrained network says of sets of images, once for all attacks that ask."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor

from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.backbones import Backbone
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import OnStep

BATCH, PIECE = 100, 1000
"""Images that the network sees at once, and those that are handed to one worker."""


def extract_features(
    backbone: Backbone, sets: Mapping[str, TensorDataset], executor: Executor, device: torch.device, progress: Progress,
    *, threads: int,
) -> dict[str, Tensor]:  # fmt: skip
    """Features (n, d) of the images of each set, on the device; the same on any number of cores."""
    pieces = [(name, piece.cpu().numpy()) for name, part in sets.items() for piece in part.images.split(PIECE)]
    looks = [partial(_look, backbone, piece, device) for _, piece in pieces]
    on_step = partial(progress.step, f"looking at images with {backbone.name}")
    found = [*train_in_parallel(looks, executor, device, threads=threads, on_step=on_step)]
    return {
        name: torch.cat([torch.from_numpy(part) for (of, _), part in zip(pieces, found, strict=True) if of == name]).to(device)
        for name in sets
    }


def _look(
    backbone: Backbone, images: UInt8[np.ndarray, "n c h w"], device: torch.device, on_step: OnStep
) -> Float32[np.ndarray, "n d"]:
    found = []
    batches = torch.tensor(images).split(BATCH)
    for number, batch in enumerate(batches):
        on_step(number, len(batches))
        found.append(backbone.describe(batch.to(device)).cpu().numpy())
    return np.concatenate(found)
