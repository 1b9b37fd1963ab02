"""Proof for a buyer: retrain the recipe's network on a folder and see whether it reaches the level that was sold."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.evaluation.loading import EvaluationData, digest_parts, load_evaluation
from hideseek_cli.evaluation.models import EvaluatedModel, authorized_model, distilled_models, model_label, public_models
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.manifest import PUBLISHED
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.journal import open_journal, path_beside
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import Estimate, Verdict, check_tolerance, compare_mix, estimate, more_runs
from hideseek_cli.training.evaluator import derive_seed
from hideseek_cli.training.parallel import train_in_parallel


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a folder trains to, and whether that is what it promises."""

    found: Estimate
    accuracies: tuple[float, ...]
    level: float | None
    """The promise, in percent: a level, or chance for a published folder; None where there is nothing to compare."""
    tolerance: float
    one_sided: bool
    """A published folder promises at most chance; every other level promises neither more nor less."""
    verdict: Verdict | None
    more: int | None
    """Runs that would settle an inconclusive verdict if mean and spread stay; None where none would, or it is settled."""
    recipe: Recipe
    seed: int
    images: int
    tested: int
    kind: str
    """How the network learns, where not as anybody: ``authorized`` or ``distilled``."""

    @property
    def label(self) -> str:
        """Which network, and how it learns."""
        return model_label(self.recipe, self.kind)


def journal_path(folder: Path) -> Path:
    """Where finished runs are kept until all are done."""
    return path_beside(folder, "verify")


def verify(
    folder: Path, test: Path, executor: Executor, progress: Progress, device: torch.device, *,
    recipe: Recipe | None = None, archs: Sequence[str] = (), level: float | None = None, tolerance: float = 8.0,
    runs: int = 4, seed: int | None = None, size: int | None = None, threads: int = 1, fallback: Recipe, resume: bool = False,
    authorized: AuthorizedNetwork | None = None, teacher: AuthorizedNetwork | None = None,
) -> tuple[Verification, ...]:  # fmt: skip
    """Train ``runs`` networks from scratch on ``folder`` and test them on the images of ``test``; for each of ``archs``.

    The recipe is that of the folder's manifest unless one is given; ``fallback`` serves a folder without manifest. The
    runs stand side by side, each on ``threads`` processor threads. ``archs`` take the place of the recipe's network.
    ``authorized``: a network that is to learn as well; ``teacher``: one of which the others are to learn besides.
    ``seed``: of the first run; fresh from the operating system unless given, so that no run was seen by calibration.
    Finished runs are kept beside the folder until all are done; ``resume`` goes on with them.
    Raises InputError where the folders do not fit together.
    """
    if runs < 1 or runs > 1000:
        raise InputError(f"--runs {runs} is out of range: 1 to 1000")
    check_tolerance(tolerance)
    if level is not None and not 0 < level <= 100:
        raise InputError(f"--level {level:g} is out of range: a test accuracy in percent")
    subject = load_evaluation(folder, test, executor, progress, device, size)
    data, tests, promise = subject.dataset, subject.test, subject.promise
    _warn_of_mix(folder, test, subject, progress)
    one_sided = level is None and promise is not None and promise.level == PUBLISHED
    if promise is not None and level is None:
        level = promise.accuracy
    base = recipe.for_images(len(data)) if recipe else promise.recipe if promise else fallback.for_images(len(data))
    if promise is not None and base != promise.recipe:
        progress.say(f"{folder} was calibrated by another recipe than this, so it may well train to something else")
    allowed = promise.authorized if promise else None
    if authorized is not None and allowed is not None and allowed.lens != authorized.identity:
        progress.say(f"{folder} was published for a network with another lens than that of --authorized")
    recipes = [replace(base, arch=arch) for arch in archs or (base.arch,)]
    field = [
        *public_models(data, tests, recipes, level, one_sided=one_sided),
        *([] if authorized is None else [authorized_model(data, tests, base, authorized, allowed)]),
        *([] if teacher is None else distilled_models(data, tests, recipes, teacher)),
    ]
    binding = {
        "folder": digest_parts(data), "test": digest_parts(tests), "recipe": base.to_json(), "device": str(device),
        "threads": threads,
    }  # fmt: skip
    journal = open_journal(
        journal_path(folder), binding if seed is None else {**binding, "seed": seed}, progress, resume=resume
    )

    def remember(name: str, value: int | float) -> None:
        """Where nothing can be written an interrupted verification starts again: no reason to fail."""
        with suppress(DiskError):
            journal.remember(name, value)

    if journal.value("seed") is None:
        remember("seed", secrets.randbits(31) if seed is None else seed)
    first = int(journal.value("seed"))

    def measured(one: EvaluatedModel) -> Verification:
        names = [f"{one.name} {run}" for run in range(runs)]
        known = [journal.value(name) for name in names]
        todo = [partial(one.train, seed=derive_seed(first, 0x7E57, run)) for run in range(runs) if known[run] is None]
        label = model_label(one.recipe, one.kind)
        found = train_in_parallel(
            todo, executor, device, threads=threads, on_step=partial(progress.step, f"{runs} trainings of {label}")
        )
        accuracies: list[float] = []
        for name, noted in zip(names, known, strict=True):
            accuracies.append(next(found) if noted is None else noted)
            remember(name, accuracies[-1])
            progress.say(f"{label}, run {len(accuracies)} of {runs}: {accuracies[-1]:.2f} %")
        whole, judge = estimate(accuracies, len(tests)), partial(one.judge, tolerance=tolerance)
        verdict = None if one.level is None else judge(whole)
        return Verification(
            found=whole, accuracies=tuple(accuracies), level=one.level, tolerance=tolerance, one_sided=one.one_sided,
            verdict=verdict, more=more_runs(accuracies, len(tests), judge) if verdict == "inconclusive" else None,
            recipe=one.recipe, seed=first, images=len(data), tested=len(tests), kind=one.kind,
        )  # fmt: skip

    verified = tuple(measured(one) for one in field)
    with suppress(OSError):
        journal.close()
    return verified


def _warn_of_mix(folder: Path, test: Path, subject: EvaluationData, progress: Progress) -> None:
    """Say so where the test images' classes are mixed otherwise than those of the folder."""
    trained, tested = (
        np.bincount(part.labels.cpu().numpy(), minlength=part.classes) for part in (subject.dataset, subject.test)
    )
    mix = compare_mix(trained, tested)
    if mix is not None:
        name, (here, there) = subject.folder.classes[mix.widest], mix.shares
        progress.say(
            f"{test} mixes the classes otherwise than {folder} ({name}: {there:.0f} % and {here:.0f} %), which alone can move "
            f"an accuracy by up to {mix.points:.0f} points; a level is a promise for images mixed as the folder is"
        )
