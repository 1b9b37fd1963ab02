"""Losses of short runs with fixed seeds, committed, so that speed never changes results unnoticed.

Rounding differs between processors and numbers of threads, and grows from step to step, tenfold where a sign flips. Only
the steps before that are compared (between one thread and two, AVX2 and AVX-512 they agree within a hundredth of a
percent) and must agree within a tenth of a percent. To write them anew, after a change that is meant to change them:
``python tests/unit/training/test_golden.py``.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from hideseek_cli.core import surrogate
from hideseek_cli.core.bilevel import SCHEDULES, Problem
from hideseek_cli.recipe import Recipe
from hideseek_cli.training import trainer
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import train

GOLDEN = Path(__file__).with_name("golden.json")
RECIPE = Recipe(name="custom", arch="slim", epochs=3, batch_size=16, learning_rate=0.05, label_smoothing=0.1)
DESCENT = trainer.descent


def data() -> TensorDataset:
    """Gratings of three directions under noise: from a formula, so that no generator's version matters."""
    side, each = 16, 21
    row, column = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    labels = torch.arange(3 * each) % 3
    waves = torch.stack([torch.sin(row * 0.9), torch.sin(column * 0.9), torch.sin((row + column) * 0.7)])
    number = torch.arange(3 * each).view(-1, 1, 1, 1)
    noise = torch.sin(number * 7.3 + torch.arange(3).view(-1, 1, 1) * 1.9 + row * 3.1 + column * 5.7)
    images = 128 + 40 * waves[labels][:, None] + 60 * noise
    return TensorDataset(images.clamp(0, 255).to(torch.uint8), labels, 3)


def recording(losses: list[float]) -> Callable[..., Iterator[torch.Tensor]]:
    """``descent`` that notes the loss of each step."""

    def descent(*arguments: object) -> Iterator[torch.Tensor]:
        for value in DESCENT(*arguments):  # type: ignore[arg-type]
            losses.append(float(value))
            yield value

    return descent


def run(name: str) -> list[float]:
    """The losses of the first steps of a retraining, or of masks by a schedule and a rule (alternating has one)."""
    losses: list[float] = []
    with pytest.MonkeyPatch.context() as patched:
        for module in (trainer, surrogate):
            patched.setattr(module, "descent", recording(losses))
        if name == "retraining":
            train(data(), RECIPE, seed=0)
        else:
            schedule, rule = name.split()
            problem = Problem(dataset=data(), epsilon=8, arch="slim", batch_size=16, rule=rule, inner_steps=4)
            list(itertools.islice(SCHEDULES[schedule](problem), 3))
    return losses[: STEPS[name]]


STEPS = {"retraining": 8, "joint sign": 8, "joint eye": 8, "joint whitened": 8, "joint unseen": 8, "alternating sign": 5}
"""Of the alternating schedule, four steps of θ, a pass for m and one more of θ."""


@pytest.mark.parametrize("name", STEPS)
def test_losses_are_as_committed(name):
    assert run(name) == pytest.approx(json.loads(GOLDEN.read_text())[name], rel=0.001)


if __name__ == "__main__":
    torch.set_num_threads(1)
    rows = [f' "{name}": {json.dumps([round(loss, 5) for loss in run(name)])}' for name in STEPS]
    GOLDEN.write_text("{\n" + ",\n".join(rows) + "\n}\n")
