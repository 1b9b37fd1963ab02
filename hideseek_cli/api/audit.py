"""``hs.audit``: what an adversary recovers from a folder, attack by attack."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hideseek_cli.api.machine import (
    RecipeLike,
    choose_device,
    given_recipe,
    keep_for_resume,
    open_progress,
    open_workers,
    split_names,
)
from hideseek_cli.images.layout import require_folder
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    from hideseek_cli.evaluation.audit_result import AuditResult


def audit(
    folder: str | Path, test: str | Path, *, clean: str | Path | None = None, other: str | Path | None = None,
    cleaners: Sequence[str | Path] = (), backbone: str | None = None, attacks: str | Sequence[str] = (), runs: int = 1,
    recipe: RecipeLike = None, arch: str | None = None, epochs: int | None = None, batch_size: int | None = None,
    split: str = "auto", seed: int | None = None, device: str = "auto", threads: int = 0, workers: int = 0,
    engine: str | None = None, progress: bool | Progress = True, resume: bool = False,
) -> AuditResult:  # fmt: skip
    """Retrain on a published folder, or a level that ``seek`` wrote, under each attack.

    An attack that fails is named and the others go on.

    Args:
        folder: What is attacked.
        test: Clean test images of the same classes.
        clean: The originals, for the same attacks on clean images, and for attacks that know a few of them.
        other: Another release of the same images.
        cleaners: Of this release, one of them that of the level that ``folder`` is.
        backbone: A pretrained network, for a classifier on its features: ``efficientnet-lite0`` (extra ``backbone``), or
            ``resnet18:weights.safetensors``, an architecture of torchvision and its ``state_dict()``. Nothing is fetched.
        attacks: Names; all that what is given allows unless named.
        runs: Trainings of each attack, 1 to 1000.
        recipe, arch, epochs, batch_size, split, seed, device, threads, workers, engine, progress, resume: As of ``hs.verify``.

    Raises:
        InputError: The folders do not fit together, there is no such attack, or an argument is out of range.
    """
    for one in (folder, test, clean, other):
        if one is not None:
            require_folder(as_path(one))
    from hideseek_cli.evaluation.audit import AuditConfig
    from hideseek_cli.evaluation.audit import audit as run

    chosen = choose_device(device, threads)
    config = AuditConfig(
        folder=as_path(folder), test=as_path(test), attacks=split_names(attacks),
        clean=None if clean is None else as_path(clean), other=None if other is None else as_path(other),
        cleaners=tuple(map(as_path, cleaners)), backbone=backbone,
        recipe=given_recipe(recipe, epochs, batch_size, chosen), arch=arch, runs=runs, split=split, seed=seed,
        threads=threads or 1, resume=resume,
    )  # fmt: skip
    with (
        open_progress(progress) as hears,
        open_workers(workers, engine) as executor,
        keep_for_resume(config.journal, hears),
    ):
        return run(config, chosen, executor, hears)
