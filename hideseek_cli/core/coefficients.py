"""What is left of masks in the coefficients of JPEGs, so that they are trained for the files in which they will lie.

As ``masks.jpeg_seen``, of many masks at once and with a gradient: rounding has none of its own, and lets that of its result
through (straight-through estimator; Bengio, Léonard and Courville 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from hideseek_cli.images.jpeg import Grid
from hideseek_cli.masks.jpeg_grid import BACK, COLOURS, FINE, WHOLE, tile_steps, weigh_transform
from hideseek_cli.masks.jpeg_seen import weigh_decoding


@dataclass(frozen=True)
class _Component:
    """One component of a grid: both directions of its matrices, there and back, and the steps of its coefficients."""

    there: tuple[Float32[Tensor, "b s"], Float32[Tensor, "d t"]]
    back: tuple[Float32[Tensor, "s b"], Float32[Tensor, "t d"]]
    steps: Float32[Tensor, "b d"]

    def round(self, plane: Float[Tensor, "p s t"]) -> Float[Tensor, "p s t"]:
        exact = self.there[0] @ plane @ self.there[1].T
        rounded = torch.round(exact.detach() / self.steps) * self.steps
        return self.back[0] @ (exact + (rounded - exact.detach())) @ self.back[1].T


@dataclass(frozen=True)
class Coefficients:
    """The way of masks into coefficients of a grid, and back to networks."""

    components: tuple[_Component, ...]
    colours: Float32[Tensor, "k c"]
    """Brightness, blue and red from channels."""
    channels: Float32[Tensor, "c k"]
    """The opposite."""

    @classmethod
    def of(cls, grid: Grid, size: tuple[int, int], device: torch.device) -> Coefficients:
        """``size``: height and width of masks, as images lie in their files."""

        def tensor(values: np.ndarray) -> Tensor:
            return torch.tensor(values, dtype=torch.float32, device=device)

        components = []
        for number in range(grid.channels):
            height, width = (8 * count for count in grid.blocks(number))
            left, right = weigh_transform(grid, number, size)
            there = tensor(left[:height] / FINE), tensor(right[:width] / FINE)
            back = weigh_decoding(grid, number, size)
            steps = tensor(tile_steps(grid, number)[:height, :width])
            components.append(_Component(there, (tensor(back[0]), tensor(back[1])), steps))
        one, grey = np.eye(1), grid.channels == 1
        channels = one if grey else np.array([[1.0, blue, red] for blue, red in BACK])
        return cls(tuple(components), tensor(one if grey else COLOURS / WHOLE), tensor(channels))

    def __call__(self, noise: Float[Tensor, "p c s t"]) -> Float[Tensor, "p c s t"]:
        """What networks see of masks of as many channels."""
        planes = torch.einsum("kc,pcst->kpst", self.colours, noise)
        left = torch.stack([one.round(plane) for one, plane in zip(self.components, planes, strict=True)])
        return torch.einsum("ck,kpst->pcst", self.channels, left)
