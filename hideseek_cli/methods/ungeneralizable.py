"""Ungeneralizable examples: masks of classes that everybody's network learns, but one that is authorised."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import torch

from hideseek_cli.core import lens
from hideseek_cli.core.bilevel import Problem
from hideseek_cli.errors import InputError
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.network import Network


@dataclass(frozen=True, kw_only=True)
class Ungeneralizable(ClassWise):
    """Class-wise EMN by masks of which the authorised network's lens (``core.lens``) sees nothing.

    This is Equation 2 of the paper solved without its generator: the first term as in class-wise EMN, the second zero.
    """

    name: ClassVar[str] = "uge"
    clippable: ClassVar[bool] = False

    authorized: Network | None = None
    """Who is to learn from what is published."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.authorized is None:
            raise InputError(
                "--method uge hides from all networks but one: give it as --authorized net.safetensors, and make it by "
                "`hideseek network resnet18 -o net.safetensors`"
            )

    def _problem(self, task: Task, rule: str = "sign", rounds: int = 1) -> Problem:
        assert self.authorized is not None
        images = task.pictures.images
        if images.shape[1] != 3:
            raise InputError("--method uge hides in colours that a network does not see, and all pictures here are grey")
        kernel = torch.from_numpy(self.authorized.kernel).to(images.device)
        return replace(super()._problem(task, rule, rounds), confined=partial(lens.unseen, kernel=kernel, epsilon=task.epsilon))


METHODS = (Ungeneralizable,)
