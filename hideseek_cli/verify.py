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

from hideseek_cli.contenders import Contender, anybody, knowing, labelled, students
from hideseek_cli.core.evaluator import seed_of
from hideseek_cli.core.rounds import side_by_side
from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.journal import beside, opened
from hideseek_cli.manifest import PUBLISHED
from hideseek_cli.network import Network
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.stats import Estimate, Verdict, check_tolerance, estimate, mixed_apart, more_runs
from hideseek_cli.subject import Subject, digests, load


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
        return labelled(self.recipe, self.kind)


def journal_of(folder: Path) -> Path:
    """Where finished runs are kept until all are done."""
    return beside(folder, "verify")


def verify(
    folder: Path, test: Path, executor: Executor, progress: Progress, device: torch.device, *,
    recipe: Recipe | None = None, archs: Sequence[str] = (), level: float | None = None, tolerance: float = 8.0,
    runs: int = 4, seed: int | None = None, size: int | None = None, threads: int = 1, fallback: Recipe, resume: bool = False,
    authorized: Network | None = None, teacher: Network | None = None,
) -> tuple[Verification, ...]:  # fmt: skip
    """Train ``runs`` networks from scratch on ``folder`` and test them on the pictures of ``test``; for each of ``archs``.

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
    subject = load(folder, test, executor, progress, device, size)
    data, tests, promise = subject.pictures, subject.test, subject.promise
    _warn_of_mix(folder, test, subject, progress)
    one_sided = level is None and promise is not None and promise.level == PUBLISHED
    if promise is not None and level is None:
        level = promise.accuracy
    base = recipe.for_pictures(len(data)) if recipe else promise.recipe if promise else fallback.for_pictures(len(data))
    if promise is not None and base != promise.recipe:
        progress.say(f"{folder} was calibrated by another recipe than this, so it may well train to something else")
    allowed = promise.authorized if promise else None
    if authorized is not None and allowed is not None and allowed.lens != authorized.identity:
        progress.say(f"{folder} was published for a network with another lens than that of --authorized")
    recipes = [replace(base, arch=arch) for arch in archs or (base.arch,)]
    field = [
        *anybody(data, tests, recipes, level, one_sided=one_sided),
        *([] if authorized is None else [knowing(data, tests, base, authorized, allowed)]),
        *([] if teacher is None else students(data, tests, recipes, teacher)),
    ]
    binding = {"pictures": digests(data, tests), "recipe": base.to_json(), "device": str(device), "threads": threads}
    journal = opened(journal_of(folder), binding if seed is None else {**binding, "seed": seed}, progress, resume=resume)

    def remember(name: str, value: int | float) -> None:
        """Where nothing can be written an interrupted verification starts again: no reason to fail."""
        with suppress(DiskError):
            journal.remember(name, value)

    if journal.value("seed") is None:
        remember("seed", secrets.randbits(31) if seed is None else seed)
    first = int(journal.value("seed"))

    def measured(one: Contender) -> Verification:
        names = [f"{one.name} {run}" for run in range(runs)]
        known = [journal.value(name) for name in names]
        todo = [partial(one.train, seed=seed_of(first, 0x7E57, run)) for run in range(runs) if known[run] is None]
        label = labelled(one.recipe, one.kind)
        found = side_by_side(
            todo, executor, device, threads=threads, tick=partial(progress.step, f"{runs} trainings of {label}")
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


def _warn_of_mix(folder: Path, test: Path, subject: Subject, progress: Progress) -> None:
    """Say so where the test pictures' classes are mixed otherwise than those of the folder."""
    trained, tested = (
        np.bincount(part.labels.cpu().numpy(), minlength=part.classes) for part in (subject.pictures, subject.test)
    )
    mix = mixed_apart(trained, tested)
    if mix is not None:
        name, (here, there) = subject.folder.classes[mix.widest], mix.shares
        progress.say(
            f"{test} mixes the classes otherwise than {folder} ({name}: {there:.0f} % and {here:.0f} %), which alone can move "
            f"an accuracy by up to {mix.points:.0f} points; a level is a promise for pictures mixed as the folder is"
        )
