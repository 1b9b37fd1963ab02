"""Random noise, uniform within ±ε: what masks are measured against (Unlearnable Examples, Section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import numpy as np

from hideseek_cli.masks import keys
from hideseek_cli.methods import Attempt, Task, TrainedPatterns
from hideseek_cli.training.trainer import OnStep


def _draw_noise(task: Task, count: int, on_step: OnStep) -> TrainedPatterns:
    """So many patterns, each from a key of its own: noise that a seed makes could be taken off by whoever guesses the seed."""
    _, channels, height, width = task.dataset.images.shape
    found = np.empty((count, height, width, channels), np.float16)
    for number in range(count):
        uniform = keys.draw_thresholds(keys.derive_subkey(task.secret, str(number)), (height, width, channels))
        found[number] = task.epsilon * (2 * uniform - 1)
    on_step(1, 1)
    return TrainedPatterns(patterns=found)


@dataclass(frozen=True, kw_only=True)
class ClassNoise:
    """One pattern a class, of each pattern set."""

    name: ClassVar[str] = "random"
    scope: ClassVar[str] = "class"
    changeable: ClassVar[bool] = False
    clippable: ClassVar[bool] = True
    coloured: ClassVar[bool] = False
    robust: ClassVar[tuple[str, ...]] = ()

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """A single one, which trains nothing."""
        return (Attempt(name="random noise", train=partial(_draw_noise, task, task.pattern_sets * task.dataset.classes)),)


@dataclass(frozen=True, kw_only=True)
class SampleNoise:
    """One pattern of each image."""

    name: ClassVar[str] = "random"
    scope: ClassVar[str] = "sample"
    changeable: ClassVar[bool] = False
    clippable: ClassVar[bool] = True
    coloured: ClassVar[bool] = False
    robust: ClassVar[tuple[str, ...]] = ()

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """A single one, which trains nothing."""
        return (Attempt(name="random noise", train=partial(_draw_noise, task, len(task.dataset))),)


METHODS = (ClassNoise, SampleNoise)
