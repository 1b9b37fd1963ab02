"""``hs.verify``: what a folder trains to, and whether that is what it promises."""

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
    usual_recipe,
)
from hideseek_cli.images.layout import require_folder
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    from hideseek_cli.evaluation.verify_result import VerifyResult


def verify(
    folder: str | Path, test: str | Path, *, level: float | None = None, tolerance: float | None = None, runs: int = 4,
    recipe: RecipeLike = None, arch: str | Sequence[str] | None = None, epochs: int | None = None,
    batch_size: int | None = None, size: int | None = None, split: str = "auto", seed: int | None = None,
    authorized: str | Path | None = None, distill_from: str | Path | None = None, device: str = "auto", threads: int = 0,
    workers: int = 0, engine: str | None = None, progress: bool | Progress = True, resume: bool = False,
) -> VerifyResult:  # fmt: skip
    """Train networks from scratch on a folder, test them on clean images, and judge the promise of its manifest.

    A level passes where the 90 % interval lies within the tolerance (two one-sided tests at 5 %), fails where the 95 %
    interval lies outside of it, and is inconclusive otherwise. A published folder promises at most chance.

    Args:
        folder: What ``seek`` or ``hide`` wrote, or any labelled folder.
        test: Clean test images of the same classes.
        level: Accuracy promised, in percent, in place of the manifest's.
        tolerance: Percentage points by which it may be missed, above 0 and below 100. Usual: 4, and 8 of chance.
        runs: Trainings with fresh seeds, 1 to 1000.
        recipe: In place of the manifest's: ``quick``, ``standard``, ``paper`` or an ``hs.Recipe``.
        arch: Networks in place of the recipe's, each judged by itself.
        epochs, batch_size: In place of the recipe's.
        size: Side, in pixels, at which networks see the central square of images.
        split: Whether folders named train, val and test are parts of a data set: ``auto`` looks, ``none`` takes them for
            classes, ``parts`` for parts.
        seed: Of the first run; fresh from the operating system unless given, so that calibration never saw a run.
        authorized: A network file whose network learns as well.
        distill_from: A network file from whose network others learn, as an attack.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        threads: Processor threads of each training; 0: one.
        workers, engine, progress: As of ``hs.seek``.
        resume: Go on with runs that were interrupted.

    Raises:
        InputError: The folders do not fit together, or an argument is out of range.
    """
    for one in (folder, test):
        require_folder(as_path(one))
    from hideseek_cli.evaluation.verify import VerifyConfig
    from hideseek_cli.evaluation.verify import verify as run
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork

    chosen = choose_device(device, threads)
    networks = [None if path is None else AuthorizedNetwork.load(as_path(path)) for path in (authorized, distill_from)]
    config = VerifyConfig(
        folder=as_path(folder), test=as_path(test), level=level, tolerance=tolerance, runs=runs,
        recipe=given_recipe(recipe, epochs, batch_size, chosen), fallback=usual_recipe(chosen), archs=split_names(arch),
        authorized=networks[0], teacher=networks[1], size=size, split=split, seed=seed, threads=threads or 1, resume=resume,
    )  # fmt: skip
    with (
        open_progress(progress) as hears,
        open_workers(workers, engine) as executor,
        keep_for_resume(config.journal, hears),
    ):
        return run(config, chosen, executor, hears)
