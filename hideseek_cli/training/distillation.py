"""Learning from what an authorised network says, without its secret stem: Ungeneralizable Examples, Equation 10."""

from __future__ import annotations

from dataclasses import replace

import torch

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.recipe import Recipe
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.score import Score
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import Batch, OnStep, find_correct, ignore_steps, train


def distill(
    data: TensorDataset, test: TensorDataset, recipe: Recipe, on_step: OnStep = ignore_steps, *,
    teacher: AuthorizedNetwork, seed: int,
) -> Score:  # fmt: skip
    """What the recipe's network, which learns on ``data`` what a trained ``teacher`` says, gets right of ``test``.

    Its loss is the divergence from the teacher's shares of the classes, image by image; labels have no part in it.
    """

    def half(part: int) -> OnStep:
        return lambda done, total: on_step(part * total + done, 2 * total)

    knowing = train(data, replace(recipe, arch=teacher.arch), seed=seed, by=teacher, on_step=half(0))
    return Score.of([find_correct(train_student(data, recipe, knowing, half(1), seed=seed), test)], test)


def train_student(
    data: TensorDataset, recipe: Recipe, knowing: Standardised, on_step: OnStep = ignore_steps, *, seed: int
) -> Standardised:
    """The recipe's network, trained on what a trained one says of ``data``."""

    @torch.no_grad()
    def told(student: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
        return batch[0], knowing(batch[0]).softmax(1)

    return train(data, recipe, seed=seed, treatment=told, on_step=on_step)
