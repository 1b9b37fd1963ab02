"""Sample-wise error-minimising noise: a pattern of its own for every picture (Unlearnable Examples, EMN)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch

from hideseek_cli.core.classifier import Tick
from hideseek_cli.core.samples import SCHEDULES, Samples
from hideseek_cli.core.surrogate import checked
from hideseek_cli.errors import InputError
from hideseek_cli.methods import Made, Task, Training

PASSES = 6
"""Passes of ``joint`` over the pictures (docs/methods.md)."""


@dataclass(frozen=True, kw_only=True)
class SampleWise:
    """Sample-wise EMN by either schedule of ``core.samples``."""

    name: ClassVar[str] = "emn"
    scope: ClassVar[str] = "sample"
    changeable: ClassVar[bool] = True
    robust: ClassVar[tuple[str, ...]] = ()

    schedule: str = "joint"
    objective: str = "error-min"
    """What noise does to the surrogate's loss: ``error-min``, or ``error-max``, to compare with."""
    passes: int | None = None
    """Passes over the pictures (joint); None: PASSES."""
    stop_error: float = 0.01
    """Share of masked training pictures that the surrogate may still get wrong when ``alternating`` stops: EMN's rule."""
    inner_steps: int = 10
    """M: steps of θ between passes for the noise (alternating)."""
    pgd_steps: int = 20
    """Steps of Equation 4 on each batch."""
    max_rounds: int = 60
    """Rounds after which ``alternating`` gives up waiting for its stop."""

    def __post_init__(self) -> None:
        checked(self.objective)
        if self.schedule not in SCHEDULES:
            raise InputError(f"unknown schedule {self.schedule!r}: choose one of {', '.join(SCHEDULES)}")
        if not 0 < self.stop_error < 1:
            raise InputError(f"--stop-error {self.stop_error} is out of range: it is a share between 0 and 1")
        if min(self.passes or 1, self.inner_steps, self.pgd_steps, self.max_rounds) < 1:
            raise InputError("passes, inner steps, PGD steps and rounds of mask training must be at least 1")

    def candidates(self, task: Task) -> tuple[Training, ...]:
        """A single one."""
        return (partial(self._trained, task),)

    def _trained(self, task: Task, tick: Tick) -> Made:
        """By ``joint`` for so many passes; by ``alternating`` until the training error has fallen, as it never does where noise
        raises the loss."""
        count, device = len(task.pictures), task.pictures.images.device
        most = (self.passes or PASSES) if self.schedule == "joint" else self.max_rounds
        problem = Samples(
            pictures=task.pictures, seen=torch.arange(count, device=device) if task.seen is None else task.seen,
            epsilon=task.epsilon, arch=task.arch, batch_size=task.batch_size, seed=task.seed, objective=self.objective,
            through=task.robust, inner_steps=self.inner_steps, pgd_steps=self.pgd_steps, rounds=most,
        )  # fmt: skip
        for number, state in enumerate(SCHEDULES[self.schedule](problem), 1):
            tick(number, most)
            if number == most or (self.schedule == "alternating" and state.error() <= self.stop_error):
                break
        state.complete()
        tick(most, most)
        return Made(patterns=state.patterns())


METHODS = (SampleWise,)
