"""The systems of the papers behind one small interface: a method turns a data set into patterns within ±ε."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32

from hideseek_cli.core.data import Pictures


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a method is given."""

    pictures: Pictures
    epsilon: int
    arch: str
    batch_size: int
    seed: int
    shifts: torch.Tensor | None
    """(n, 2) cyclic shifts of keyed placement, or None."""


@dataclass(frozen=True)
class Trained:
    """What a method made: one pattern a class, in grey levels within ±ε, for each of two purposes."""

    strongest: Float32[np.ndarray, "k h w c"]
    """Made for the published folder: leaves as little to learn as it can."""
    graded: Float32[np.ndarray, "k h w c"]
    """For the levels: accuracy falls gradually with its strength. May be the same."""


@runtime_checkable
class Method(Protocol):
    """A way to make masks that hide what the pictures teach."""

    def patterns(self, task: Task, tick: Callable[[int, int], None]) -> Trained:
        """Train the masks of a data set."""
