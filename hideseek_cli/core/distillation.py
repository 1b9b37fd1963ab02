"""Learning from what an authorised network says, without its lens: the attack of Ungeneralizable Examples, Equation 10."""

from __future__ import annotations

from dataclasses import replace

import torch

from hideseek_cli.core.classifier import Batch, Tick, correct, silent, train
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.networks import Standardised
from hideseek_cli.network import Network
from hideseek_cli.recipe import Recipe


def distilled(
    data: Pictures, test: Pictures, recipe: Recipe, tick: Tick = silent, *, teacher: Network, seed: int
) -> float:  # fmt: skip
    """Accuracy in percent on ``test`` of the recipe's network, which learns on ``data`` what a trained ``teacher`` says.

    Its loss is the divergence from the teacher's shares of the classes, picture by picture; labels have no part in it.
    """

    def half(part: int) -> Tick:
        return lambda done, total: tick(part * total + done, 2 * total)

    knowing = train(data, replace(recipe, arch=teacher.arch), seed=seed, by=teacher, tick=half(0))
    return 100 * correct(taught(data, recipe, knowing, half(1), seed=seed), test) / len(test)


def taught(data: Pictures, recipe: Recipe, knowing: Standardised, tick: Tick = silent, *, seed: int) -> Standardised:
    """The recipe's network, trained on what a trained one says of ``data``."""

    @torch.no_grad()
    def told(student: Standardised, batch: Batch, generator: torch.Generator) -> Batch:
        return batch[0], knowing(batch[0]).softmax(1)

    return train(data, recipe, seed=seed, treatment=told, tick=tick)
