"""The systems of the papers behind one small interface: a method turns a data set into patterns within ±ε."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float32

from hideseek_cli.core.classifier import Tick
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
    banks: int = 1
    """Patterns a class, each of them told from all others."""
    robust: tuple[str, ...] = ()
    """Names of ``core.changes.ROBUST`` that the patterns must survive."""


Patterns = Float32[np.ndarray, "p h w c"]
"""Bank after bank of one pattern a class, in grey levels within ±ε."""
Training = Callable[[Tick], Patterns]


@runtime_checkable
class Method(Protocol):
    """A way to make masks that hide what the pictures teach."""

    def candidates(self, task: Task) -> tuple[Training, ...]:
        """Trainings of patterns to publish, the one that is expected to hide best first; later ones are fallbacks."""
