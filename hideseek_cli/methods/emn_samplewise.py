"""Sample-wise error-minimising noise: a pattern of its own for every image (Unlearnable Examples, EMN)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch

from hideseek_cli.core.bilevel import LONGEST, STOP_ERROR, Problem
from hideseek_cli.core.sample_noise import SCHEDULES, Noises, alternating, joint
from hideseek_cli.core.surrogate import OBJECTIVES
from hideseek_cli.methods import Attempt, Task, TrainedPatterns
from hideseek_cli.methods.emn import COUNT, SHARE, passes_for, plan_attempts
from hideseek_cli.runtime.fields import one_of, settle
from hideseek_cli.training.trainer import OnStep

PGD_STEPS = {"joint": 5, "alternating": 20}
"""Steps of Equation 4 on each image; those of ``alternating`` are the paper's."""
FEWEST = 3
"""Passes by ``joint``: a θ that sees each image of a large folder once makes noise that hides little
(docs/results/2026-11-method-experiments.md)."""


@dataclass(frozen=True, kw_only=True)
class SampleWise:
    """Sample-wise EMN by either schedule of ``core.sample_noise``."""

    name: ClassVar[str] = "emn"
    scope: ClassVar[str] = "sample"
    changeable: ClassVar[bool] = True
    clippable: ClassVar[bool] = True
    coloured: ClassVar[bool] = False
    robust: ClassVar[tuple[str, ...]] = ()

    schedule: str = field(default="joint", metadata=one_of(*SCHEDULES))
    objective: str = field(default="error-min", metadata=one_of(*OBJECTIVES))
    """What noise does to the surrogate's loss: ``error-min``, or ``error-max``, to compare with."""
    passes: int | None = field(default=None, metadata=COUNT)
    """Passes over the images that train the surrogate (joint). None: as many as make STEPS, at least FEWEST, and more where
    the surrogate does not know the masks by then."""
    stop_error: float = field(default=STOP_ERROR, metadata=SHARE)
    """Share of masked training images that the surrogate may still get wrong when its training stops: EMN's rule."""
    inner_steps: int = field(default=10, metadata=COUNT)
    """M: steps of θ between passes for the noise (alternating)."""
    pgd_steps: int | None = field(default=None, metadata=COUNT)
    """Steps of Equation 4 on each image. None: PGD_STEPS."""
    max_rounds: int = field(default=60, metadata=COUNT)
    """Rounds after which ``alternating`` gives up waiting for its stop."""

    def __post_init__(self) -> None:
        settle(self)

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """By ``joint`` from surrogates of each rule of class-wise masks, later ones where those before do not hide; by
        ``alternating``, and of noise that raises the loss, one of each kind."""
        if self.schedule == "joint" and self.objective == "error-min":
            return plan_attempts(task, self._train_joint)
        return plan_attempts(task, self._train_joint if self.schedule == "joint" else self._train_alternating, "sign")

    def _train_joint(self, task: Task, rule: str, on_step: OnStep) -> TrainedPatterns:
        passes = passes_for(task, self.passes, FEWEST)
        noises = self._noises(task, rule, passes)
        longest = 1 if self.passes or self.objective == "error-max" else LONGEST
        for number, found in enumerate(joint(noises, self.stop_error, longest), 1):
            on_step(number, max(number, passes) + 1)
            network = found
        noises.attack(network, torch.arange(len(task.dataset), device=noises.seen.device))
        on_step(number + 1, number + 1)
        return TrainedPatterns(patterns=noises.patterns())

    def _train_alternating(self, task: Task, rule: str, on_step: OnStep) -> TrainedPatterns:
        """Until the training error falls to ``stop_error``, as it never may where noise raises the loss."""
        noises = self._noises(task, rule, 1)
        for number, network in enumerate(alternating(noises), 1):
            on_step(number, self.max_rounds)
            if number == self.max_rounds or noises.error(network) <= self.stop_error:
                break
        noises.attack(network, noises.others())
        on_step(self.max_rounds, self.max_rounds)
        return TrainedPatterns(patterns=noises.patterns())

    def _noises(self, task: Task, rule: str, rounds: int) -> Noises:
        problem = Problem(
            dataset=task.shown, epsilon=task.epsilon, arch=task.arch, batch_size=task.batch_size, seed=task.seed,
            through=task.robust, inner_steps=self.inner_steps, pgd_steps=self.pgd_steps or PGD_STEPS[self.schedule],
            rule=rule, objective=self.objective, rounds=rounds,
        )  # fmt: skip
        seen = torch.arange(len(task.dataset), device=task.dataset.images.device) if task.seen is None else task.seen
        return Noises(task.dataset, seen, problem)


METHODS = (SampleWise,)
