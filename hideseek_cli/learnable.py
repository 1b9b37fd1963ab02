"""What networks still learn from a masked folder: one is trained on it, and looks at its pictures and at the originals."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import torch

from hideseek_cli.core.classifier import train
from hideseek_cli.core.gradients import Ratios, ratios
from hideseek_cli.errors import InputError
from hideseek_cli.folder import scan
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.subject import load


def learnable(
    clean: Path, masked: Path, executor: Executor, progress: Progress, device: torch.device, *, recipe: Recipe,
    size: int | None = None, seed: int = 0,
) -> Ratios:  # fmt: skip
    """CAR and GCR of a network that is trained on ``masked`` by the recipe, or by that of its manifest.

    Raises InputError where the folders do not hold the same pictures.
    """
    subject = load(masked, clean, executor, progress, device, size)
    if [*scan(clean).entries.keys()] != [*subject.folder.entries.keys()]:
        raise InputError(f"{clean} and {masked} have not the same pictures, as gradients need; give both folders whole")
    recipe = subject.promise.recipe.each()[0] if subject.promise else recipe.for_pictures(len(subject.pictures))
    network = train(subject.pictures, recipe, seed=seed, tick=partial(progress.step, "training a network on what is published"))
    return ratios(network, subject.test, subject.pictures)
