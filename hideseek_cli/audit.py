"""What an adversary can recover: retrain under each attack, beside what the same attack gives on clean pictures."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hideseek_cli import manifest as manifests
from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.bundle import Cleaner
from hideseek_cli.cache import Cache, code_digest, default_folder
from hideseek_cli.core.classifier import Tick, correct, train
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import pictures, seed_of
from hideseek_cli.core.networks import Standardised
from hideseek_cli.core.rounds import side_by_side
from hideseek_cli.errors import InputError
from hideseek_cli.folder import pixels, scan, splits
from hideseek_cli.journal import beside, opened
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.stack import Stack
from hideseek_cli.subject import Subject, digests, load

Curve = list[float]
"""Accuracy in percent after each epoch."""
OPTIONS = {"originals": "--clean", "release": "--other", "cleaner": "--cleaner"}
REFERENCED = ("nothing", "originals")
"""Attacks with such needs mean something on clean pictures too."""
PACKAGES = tuple(Path(__file__).with_name(name) for name in ("core", "attacks", "methods"))
"""The code that decides what an attack gives on clean pictures."""
FAULTS = (RuntimeError, ValueError, ArithmeticError, IndexError, MemoryError, InputError)
"""What may go wrong in one attack without ending the others."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one attack gives."""

    attack: Attack
    paid: float
    """What training gives without an attack, by the folder's own promise: chance, or the level that was bought."""
    curves: tuple[Curve, ...]
    """Of each run."""
    clean: tuple[Curve, ...]
    """The same attack on clean pictures; empty without them."""
    failure: str | None = None

    @property
    def accuracy(self) -> float:
        """Final, in percent; the mean over runs."""
        return float(np.mean([curve[-1] for curve in self.curves]))

    @property
    def peak(self) -> float:
        """Of the best epoch: what stopping early would give to whoever has clean test pictures."""
        return float(np.mean([max(curve) for curve in self.curves]))

    @property
    def clean_accuracy(self) -> float | None:
        return float(np.mean([curve[-1] for curve in self.clean])) if self.clean else None

    @property
    def gain(self) -> float:
        """Points above what was paid for."""
        return self.accuracy - self.paid


@dataclass(frozen=True)
class _Job:
    """One training that is wanted."""

    attack: Attack
    run: int
    clean: bool

    def name(self) -> str:
        return f"{self.attack.name} {self.run} {'clean' if self.clean else 'exposed'}"


def attacked(attack: Attack, exposed: Exposed, recipe: Recipe, tick: Tick, *, seed: int) -> Curve:
    """Train as the adversary would, and test after every epoch."""
    data, test = attack.prepare(exposed)
    curve: Curve = []

    def watch(network: Standardised) -> None:
        curve.append(100 * correct(network, test) / len(test))

    chosen = recipe if attack.augmented else replace(recipe, augmentation="none")
    train(data, chosen, seed=seed, tick=tick, treatment=attack.treatment, watch=watch)
    return curve


def journal_of(folder: Path) -> Path:
    """Where finished trainings are kept until all are done."""
    return beside(folder, "audit")


def audit(
    folder: Path, test: Path, attacks: Sequence[Attack], executor: Executor, progress: Progress, device: torch.device, *,
    clean: Path | None = None, other: Path | None = None, cleaners: Sequence[Path] = (), recipe: Recipe | None = None,
    arch: str | None = None, runs: int = 1, seed: int | None = None, threads: int = 1, resume: bool = False,
) -> tuple[Finding, ...]:  # fmt: skip
    """Retrain on ``folder`` under each attack that what is given allows; the others are left out, and it is said.

    ``clean``: the originals, for the same attack on clean pictures, and for attacks that know a few of them. ``other``:
    another release of the same pictures. ``cleaners``: of this release, one of them that of the level that ``folder`` is.
    ``recipe`` and ``arch``: in place of the manifest's; of several networks the first trains. An attack that fails is
    reported and the others go on. Finished trainings are kept beside the folder until all are done, and those on clean
    pictures for other audits with the same seed; ``resume`` goes on with them. Raises InputError for unusable input.
    """
    if not 1 <= runs <= 1000:
        raise InputError(f"--runs {runs} is out of range: 1 to 1000")
    if not manifests.exists(folder):
        raise InputError(f"{folder} has no manifest; audit what hide published, or what seek wrote")
    subject = load(folder, test, executor, progress, device, None)
    promise = subject.promise
    assert promise is not None
    originals = None if clean is None else _alike(splits(clean)["train"], "the originals", subject, executor, progress, device)
    second = None if other is None else _alike(other, "a release", subject, executor, progress, device)
    bought = _bought(cleaners, subject)
    paid = 100.0 if promise.accuracy is None else promise.accuracy
    given = {"nothing": True, "originals": originals is not None, "release": second is not None, "cleaner": bool(bought)}
    for attack in attacks:
        if not given[attack.needs]:
            progress.say(f"{attack.name} is left out: it needs {attack.knows}; give {OPTIONS[attack.needs]}")
    used = [attack for attack in attacks if given[attack.needs]]
    base = recipe.for_pictures(len(subject.pictures)) if recipe else promise.recipe
    chosen = replace(base, arch=arch or base.arch).each()[0]
    binding = {
        "release": promise.release, "level": promise.level, "recipe": chosen.to_json(), "device": str(device),
        "threads": threads, "test": digests(subject.test), "clean": digests(originals), "other": digests(second),
    }  # fmt: skip
    journal = opened(journal_of(folder), binding if seed is None else {**binding, "seed": seed}, progress, resume=resume)
    if journal.value("seed") is None:
        journal.remember("seed", secrets.randbits(31) if seed is None else seed)
    first = int(journal.value("seed"))
    progress.say(f"{chosen.arch}, {chosen.account(len(subject.pictures), len(subject.test), first)}")
    jobs = [
        _Job(attack, run, of_clean)
        for attack in used
        for of_clean in ((False, True) if originals is not None and attack.needs in REFERENCED else (False,))
        for run in range(runs)
    ]

    # Of a fresh seed nothing is ever asked again.
    cache = Cache(default_folder() if seed is not None else None, {
        "pictures": digests(originals, subject.test), "recipe": chosen.to_json(), "seed": first,
        "epsilon": promise.epsilon, "device": str(device), "threads": threads, "torch": torch.__version__,
        "code": code_digest(*PACKAGES),
    })  # fmt: skip

    def carry_out(job: _Job, tick: Tick) -> Curve | str:
        data = originals if job.clean and originals is not None else subject.pictures
        exposed = Exposed(pictures=data, test=subject.test, originals=originals, other=second, cleaners=bought,
                          epsilon=promise.epsilon, seed=first + job.run)  # fmt: skip
        try:
            return attacked(job.attack, exposed, chosen, tick, seed=seed_of(first, 0xA77A, job.run))
        except FAULTS as error:
            return f"{type(error).__name__}: {error}"

    known = {job: journal.value(job.name()) or (cache.values(job.name()) if job.clean else None) for job in jobs}
    results: dict[_Job, Curve | str] = {job: curve for job, curve in known.items() if curve}
    todo = [job for job in jobs if job not in results]
    for job, curve in results.items():
        progress.say(_told(job, curve))
    about = f"{len(todo)} trainings of {chosen.arch}"
    trainings = [partial(carry_out, job) for job in todo]
    for job, result in zip(
        todo, side_by_side(trainings, executor, device, threads=threads, tick=partial(progress.step, about)), strict=True
    ):
        results[job] = result
        if not isinstance(result, str):
            journal.remember(job.name(), result)
            if job.clean:
                cache.remember(job.name(), result)
        progress.say(_told(job, result))
    journal.close()
    return tuple(_finding(attack, paid, [job for job in jobs if job.attack is attack], results) for attack in used)


def _told(job: _Job, result: Curve | str) -> str:
    if isinstance(result, str):
        return f"{job.attack.name} failed: {result}"
    return f"{job.attack.name}{' on clean pictures' if job.clean else ''}: {result[-1]:.1f} %, at best {max(result):.1f} %"


def _finding(attack: Attack, paid: float, jobs: Sequence[_Job], results: dict[_Job, Curve | str]) -> Finding:
    outcome = [(job.clean, results[job]) for job in jobs]
    curves = {
        of_clean: tuple(c for which, c in outcome if which == of_clean and not isinstance(c, str)) for of_clean in (False, True)
    }
    failure = next((result for _, result in outcome if isinstance(result, str)), None)
    return Finding(attack=attack, paid=paid, curves=curves[False], clean=curves[True], failure=failure)


def _alike(root: Path, what: str, subject: Subject, executor: Executor, progress: Progress, device: torch.device) -> Pictures:
    """The same pictures from elsewhere, in the order of the folder; refuses a folder of others."""
    part, here = scan(root), subject.folder
    if [entry.key for entry in part.entries] != [entry.key for entry in here.entries]:
        raise InputError(f"{root} does not hold {what} of the pictures of {here.root}: names or classes differ")
    stack = Stack.of(part, pixels(part, executor, progress, subject.size))
    if stack.shape != subject.stack.shape or stack.channels != subject.stack.channels:
        raise InputError(f"the pictures of {root} are not of the size of those of {here.root}")
    return pictures(stack.clean(), part.labels, subject.pictures.classes, device)


def _bought(paths: Sequence[Path], subject: Subject) -> tuple[Cleaner, ...]:
    """The cleaners of buyers who have the folder; refuses those that do not lead to it."""
    found = tuple(Cleaner.load(path) for path in paths)
    promise = subject.promise
    for path, one in zip(paths, found, strict=True):
        if promise is None or one.release != promise.release:
            raise InputError(f"{path} is a cleaner of another release than {subject.folder.root}")
    if found and promise and promise.level not in {one.level for one in found}:
        levels = ", ".join(one.level for one in found)
        raise InputError(f"{subject.folder.root} is level {promise.level}, which no cleaner of level {levels} makes")
    return found
