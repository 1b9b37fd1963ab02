"""Images that live on the device, and the one indexing rule behind cyclic shifts, crops and flips.

A *window* is a pair of index maps, rows (n, h) and columns (n, w): image i of the result is image i of the input
read at ``rows[i]`` and ``columns[i]``. A cyclic shift, a crop with reflected border and a horizontal flip are all
windows, and windows compose by indexing, so one batched gather augments images and places masks alike.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int, Int64, Num, UInt8
from torch import Tensor

from hideseek_cli.images.codec import Images

Window = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class TensorDataset:
    """A labelled data set on one device; ``images`` in grey levels 0..255."""

    images: UInt8[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]
    classes: int

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> TensorDataset:
        return TensorDataset(self.images.to(device), self.labels.to(device), self.classes)

    def __reduce__(self) -> tuple[Any, ...]:
        """As arrays, which are handed to another process without a copy in the stream."""
        arrays = self.images.cpu().numpy(), self.labels.cpu().numpy()
        return _rebuild, (*arrays, self.classes, str(self.images.device))

    def digest(self) -> str:
        """SHA-256 over shape, pixels and labels."""
        whole = hashlib.sha256(repr((tuple(self.images.shape), self.classes)).encode())
        for tensor in (self.images, self.labels):
            whole.update(tensor.cpu().numpy().tobytes())
        return whole.hexdigest()

    def subset(self, index: Int[Tensor, " m"]) -> TensorDataset:
        return TensorDataset(self.images[index], self.labels[index], self.classes)

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each channel, in grey levels, each of shape (c,)."""
        counts = torch.stack([torch.bincount(ch.flatten(), minlength=256) for ch in self.images.unbind(1)])
        levels = torch.arange(256, dtype=torch.float64, device=counts.device)
        share = counts.double() / counts.sum(1, keepdim=True)
        mean = share @ levels
        variance = share @ levels.square() - mean.square()
        return mean.float(), variance.clamp_min(1.0).sqrt().float()

    def amplitudes(self) -> Float[Tensor, "c h f"]:
        """Mean amplitude of each spatial frequency of each channel (``torch.fft.rfft2``), in grey levels.

        At least what rounding to grey levels makes of an empty frequency; the mean grey level, which is no frequency,
        counts as the lowest one.
        """
        height, width = self.images.shape[2:]
        total = sum(torch.fft.rfft2(part.float()).abs().sum(0) for part in self.images.split(1000))
        mean = torch.as_tensor(total) / len(self)
        mean[:, 0, 0] = mean[:, 0, 1]
        return mean.clamp_min((height * width / 12) ** 0.5)


def _rebuild(images: UInt8[np.ndarray, "n c h w"], labels: Int[np.ndarray, " n"], classes: int, device: str) -> TensorDataset:
    return TensorDataset(torch.tensor(images, device=device), torch.tensor(labels, device=device), classes)


def gather(images: Num[Tensor, "n c h w"], window: Window) -> Num[Tensor, "n c a b"]:
    """The images seen through a window, one gather for the batch."""
    rows, columns = window
    count, channels, _, width = images.shape
    size = rows.shape[1], columns.shape[1]
    flat = (rows[:, :, None] * width + columns[:, None, :]).view(count, 1, size[0] * size[1])
    return images.flatten(2).gather(2, flat.expand(-1, channels, -1)).view(count, channels, *size)


def draw_augmentation(count: int, height: int, width: int, generator: torch.Generator) -> Window:
    """Random crops (an eighth of the side as reflected border) and horizontal flips for ``count`` images."""
    device = generator.device

    def crop(side: int) -> Tensor:
        border = side // 8
        offset = torch.randint(-border, border + 1, (count, 1), device=device, generator=generator)
        position = torch.arange(side, device=device) + offset
        return (side - 1) - ((side - 1) - position.abs()).abs()

    rows, columns = crop(height), crop(width)
    flip = torch.rand(count, 1, device=device, generator=generator) < 0.5
    return rows, torch.where(flip, columns.flip(1), columns)


def cyclic_window(shifts: Int[Tensor, "n 2"], height: int, width: int) -> Window:
    """The window that shifts image i down by ``shifts[i, 0]`` and right by ``shifts[i, 1]``, cyclically."""
    rows = (torch.arange(height, device=shifts.device) - shifts[:, :1]) % height
    columns = (torch.arange(width, device=shifts.device) - shifts[:, 1:]) % width
    return rows, columns


def compose(first: Window, then: Window) -> Window:
    """The window equal to reading through ``first`` and the result through ``then``."""
    return first[0].gather(1, then[0]), first[1].gather(1, then[1])


def make_dataset(images: Images, labels: Int64[np.ndarray, " n"], classes: int, device: torch.device) -> TensorDataset:
    """Images on the device, from NumPy's layout."""
    tensor = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return TensorDataset(tensor.to(device), torch.from_numpy(labels).to(device), classes)
