"""Ungeneralizable examples: masks of classes that everybody's network learns, but one that is authorised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from hideseek_cli.core.bilevel import Problem
from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.methods import Attempt, Task, TrainedPatterns, Training
from hideseek_cli.methods.emn import FINE, ClassWise
from hideseek_cli.training import secret_stem
from hideseek_cli.training.trainer import OnStep

SURROGATE = "cnn"
"""The network that masks are trained with first, whatever the recipe's is: of those tried, masks of this one hide from the
most others (docs/results/2026-11-method-experiments.md)."""
GAIN = 2.0
"""By which masks are amplified before ε bounds them: the few highest peaks of a mask decide how strong all of it may be."""


@dataclass(frozen=True, kw_only=True)
class Ungeneralizable(ClassWise):
    """Class-wise EMN by masks of which the authorised network's secret stem (``training.secret_stem``) sees nothing.

    This is Equation 2 of the paper solved without its generator: the first term as in class-wise EMN, the second zero.
    """

    name: ClassVar[str] = "uge"
    clippable: ClassVar[bool] = False
    coloured: ClassVar[bool] = True

    authorized: AuthorizedNetwork | None = None
    """Who is to learn from what is published."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.authorized is None:
            raise InputError(
                "`method='uge'` hides from networks but one: give its file as `authorized`; hideseek network makes one"
            )

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """Those of class-wise EMN, by SURROGATE and then by the recipe's network, made as strong as ε lets them be; similarity
        decides how much of that is used."""
        own = super().candidates(task)
        other = super().candidates(replace(task, arch=SURROGATE))[:1] if task.arch != SURROGATE else ()
        first = (replace(one, name=f"{one.name}, of {SURROGATE}") for one in other)
        return tuple(replace(one, train=partial(self._strengthen, task, one.train)) for one in (*first, *own))

    def _list_plain(self, task: Task) -> tuple[str, ...]:
        return FINE

    def _strengthen(self, task: Task, train: Training, on_step: OnStep) -> TrainedPatterns:
        patterns = torch.from_numpy(GAIN * train(on_step).patterns).permute(0, 3, 1, 2)
        strong = secret_stem.project_unseen(patterns, self._kernel, task.epsilon)
        return TrainedPatterns(patterns=strong.permute(0, 2, 3, 1).contiguous().numpy())

    def _problem(self, task: Task, rule: str = "sign", rounds: int = 1) -> Problem:
        kernel = self._kernel.to(task.dataset.images.device)
        unseen = partial(secret_stem.project_unseen, kernel=kernel, epsilon=task.epsilon)
        return replace(super()._problem(task, rule, rounds), confine=unseen)

    @property
    def _kernel(self) -> Float[Tensor, "3 k k"]:
        assert self.authorized is not None
        return torch.from_numpy(self.authorized.kernel)


METHODS = (Ungeneralizable,)
