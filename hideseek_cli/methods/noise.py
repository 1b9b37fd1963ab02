"""Random noise, uniform within ±ε: what masks are measured against (Unlearnable Examples, Section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from hideseek_cli import keys
from hideseek_cli.core.classifier import Tick
from hideseek_cli.methods import Made, Task, Training


def _drawn(task: Task, count: int, tick: Tick) -> Made:
    """So many patterns, each from a key of its own: noise that a seed makes could be taken off by whoever guesses the seed."""
    _, channels, height, width = task.pictures.images.shape
    found = np.empty((count, height, width, channels), np.float16)
    for number in range(count):
        uniform = keys.dither(keys.subkey(task.secret, str(number)), (height, width, channels))
        found[number] = task.epsilon * (2 * uniform - 1)
    tick(1, 1)
    return Made(patterns=found)


@dataclass(frozen=True, kw_only=True)
class ClassNoise:
    """One pattern a class, of each bank."""

    name: ClassVar[str] = "random"
    scope: ClassVar[str] = "class"
    changeable: ClassVar[bool] = False
    clippable: ClassVar[bool] = True
    robust: ClassVar[tuple[str, ...]] = ()

    def candidates(self, task: Task) -> tuple[Training, ...]:
        """A single one, which trains nothing."""
        return (partial(_drawn, task, task.banks * task.pictures.classes),)


@dataclass(frozen=True, kw_only=True)
class SampleNoise:
    """One pattern of each picture."""

    name: ClassVar[str] = "random"
    scope: ClassVar[str] = "sample"
    changeable: ClassVar[bool] = False
    clippable: ClassVar[bool] = True
    robust: ClassVar[tuple[str, ...]] = ()

    def candidates(self, task: Task) -> tuple[Training, ...]:
        """A single one, which trains nothing."""
        return (partial(_drawn, task, len(task.pictures)),)


METHODS = (ClassNoise, SampleNoise)
