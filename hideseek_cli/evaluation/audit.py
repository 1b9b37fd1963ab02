"""What an adversary can recover: retrain under each attack, beside what the same attack gives on clean images."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.errors import InputError
from hideseek_cli.evaluation.loading import EvaluationData, digest_parts, load_evaluation
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.images.dataset import find_splits, load_pixels, scan
from hideseek_cli.masks.image_stack import ImageStack
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code
from hideseek_cli.runtime.journal import open_journal, path_beside
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.evaluator import derive_seed
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import OnStep, count_correct, train

Curve = list[float]
"""Accuracy in percent after each epoch."""
OPTIONS = {"originals": "--clean", "release": "--other", "cleaner": "--cleaner"}
REFERENCED = ("nothing", "originals")
"""Attacks with such needs mean something on clean images too."""
PACKAGES = tuple(Path(__file__).parents[1] / name for name in ("training", "core", "methods", "attacks"))
"""The code that decides what an attack gives on clean images."""
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
    """The same attack on clean images; empty without them."""
    failure: str | None = None

    @property
    def accuracy(self) -> float:
        """Final, in percent; the mean over runs."""
        return float(np.mean([curve[-1] for curve in self.curves]))

    @property
    def peak(self) -> float:
        """Of the best epoch: what stopping early would give to whoever has clean test images."""
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


def train_under_attack(attack: Attack, exposed: Exposed, recipe: Recipe, on_step: OnStep, *, seed: int) -> Curve:
    """Train as the adversary would, and test after every epoch."""
    data, test = attack.prepare(exposed)
    curve: Curve = []

    def watch(network: Standardised) -> None:
        curve.append(100 * count_correct(network, test) / len(test))

    chosen = recipe if attack.augmented else replace(recipe, augmentation="none")
    train(data, chosen, seed=seed, on_step=on_step, treatment=attack.treatment, watch=watch)
    return curve


def journal_path(folder: Path) -> Path:
    """Where finished trainings are kept until all are done."""
    return path_beside(folder, "audit")


def audit(
    folder: Path, test: Path, attacks: Sequence[Attack], executor: Executor, progress: Progress, device: torch.device, *,
    clean: Path | None = None, other: Path | None = None, cleaners: Sequence[Path] = (), recipe: Recipe | None = None,
    arch: str | None = None, runs: int = 1, seed: int | None = None, threads: int = 1, resume: bool = False,
) -> tuple[Finding, ...]:  # fmt: skip
    """Retrain on ``folder`` under each attack that what is given allows; the others are left out, and it is said.

    ``clean``: the originals, for the same attack on clean images, and for attacks that know a few of them. ``other``:
    another release of the same images. ``cleaners``: of this release, one of them that of the level that ``folder`` is.
    ``recipe`` and ``arch``: in place of the manifest's; of several networks the first trains. An attack that fails is
    reported and the others go on. Finished trainings are kept beside the folder until all are done, and those on clean
    images for other audits with the same seed; ``resume`` goes on with them. Raises InputError for unusable input.
    """
    if not 1 <= runs <= 1000:
        raise InputError(f"--runs {runs} is out of range: 1 to 1000")
    if not manifests.exists(folder):
        raise InputError(f"{folder} has no manifest; audit what hide published, or what seek wrote")
    subject = load_evaluation(folder, test, executor, progress, device, None)
    promise = subject.promise
    assert promise is not None
    originals = (
        None
        if clean is None
        else _load_counterpart(find_splits(clean)["train"], "the originals", subject, executor, progress, device)
    )
    second = None if other is None else _load_counterpart(other, "a release", subject, executor, progress, device)
    bought = _load_cleaners(cleaners, subject)
    paid = 100.0 if promise.accuracy is None else promise.accuracy
    given = {"nothing": True, "originals": originals is not None, "release": second is not None, "cleaner": bool(bought)}
    for attack in attacks:
        if not given[attack.needs]:
            progress.say(f"{attack.name} is left out: it needs {attack.knows}; give {OPTIONS[attack.needs]}")
    used = [attack for attack in attacks if given[attack.needs]]
    base = recipe.for_images(len(subject.dataset)) if recipe else promise.recipe
    chosen = replace(base, arch=arch or base.arch).each()[0]
    binding = {
        "folder": [promise.release, promise.level], "recipe": chosen.to_json(), "device": str(device),
        "threads": threads, "test": digest_parts(subject.test), "clean": digest_parts(originals), "other": digest_parts(second),
    }  # fmt: skip
    journal = open_journal(
        journal_path(folder), binding if seed is None else {**binding, "seed": seed}, progress, resume=resume
    )
    if journal.value("seed") is None:
        journal.remember("seed", secrets.randbits(31) if seed is None else seed)
    first = int(journal.value("seed"))
    progress.say(f"{chosen.arch}, {chosen.account(len(subject.dataset), len(subject.test), first)}")
    jobs = [
        _Job(attack, run, of_clean)
        for attack in used
        for of_clean in ((False, True) if originals is not None and attack.needs in REFERENCED else (False,))
        for run in range(runs)
    ]

    # Of a fresh seed nothing is ever asked again.
    cache = Cache(cache_folder() if seed is not None else None, {
        "images": digest_parts(originals, subject.test), "recipe": chosen.to_json(), "seed": first,
        "epsilon": promise.epsilon, "device": str(device), "threads": threads, "torch": torch.__version__,
        "code": digest_code(*PACKAGES),
    })  # fmt: skip

    def carry_out(job: _Job, on_step: OnStep) -> Curve | str:
        data = originals if job.clean and originals is not None else subject.dataset
        exposed = Exposed(dataset=data, test=subject.test, originals=originals, other=second, cleaners=bought,
                          epsilon=promise.epsilon, seed=first + job.run)  # fmt: skip
        try:
            return train_under_attack(job.attack, exposed, chosen, on_step, seed=derive_seed(first, 0xA77A, job.run))
        except FAULTS as error:
            return f"{type(error).__name__}: {error}"

    known = {job: journal.value(job.name()) or (cache.values(job.name()) if job.clean else None) for job in jobs}
    results: dict[_Job, Curve | str] = {job: curve for job, curve in known.items() if curve}
    todo = [job for job in jobs if job not in results]
    for job, curve in results.items():
        progress.say(_describe(job, curve))
    about = f"{len(todo)} trainings of {chosen.arch}"
    trainings = [partial(carry_out, job) for job in todo]
    for job, result in zip(
        todo,
        train_in_parallel(trainings, executor, device, threads=threads, on_step=partial(progress.step, about)),
        strict=True,
    ):
        results[job] = result
        if not isinstance(result, str):
            journal.remember(job.name(), result)
            if job.clean:
                cache.remember(job.name(), result)
        progress.say(_describe(job, result))
    journal.close()
    return tuple(_summarise(attack, paid, [job for job in jobs if job.attack is attack], results) for attack in used)


def _describe(job: _Job, result: Curve | str) -> str:
    if isinstance(result, str):
        return f"{job.attack.name} failed: {result}"
    return f"{job.attack.name}{' on clean images' if job.clean else ''}: {result[-1]:.1f} %, at best {max(result):.1f} %"


def _summarise(attack: Attack, paid: float, jobs: Sequence[_Job], results: dict[_Job, Curve | str]) -> Finding:
    outcome = [(job.clean, results[job]) for job in jobs]
    curves = {
        of_clean: tuple(c for which, c in outcome if which == of_clean and not isinstance(c, str)) for of_clean in (False, True)
    }
    failure = next((result for _, result in outcome if isinstance(result, str)), None)
    return Finding(attack=attack, paid=paid, curves=curves[False], clean=curves[True], failure=failure)


def _load_counterpart(
    root: Path, what: str, subject: EvaluationData, executor: Executor, progress: Progress, device: torch.device
) -> TensorDataset:
    """The same images from elsewhere, in the order of the folder; refuses a folder of others."""
    part, here = scan(root), subject.folder
    if [record.key for record in part.records] != [record.key for record in here.records]:
        raise InputError(f"{root} does not hold {what} of the images of {here.root}: names or classes differ")
    stack = ImageStack.of(part, load_pixels(part, executor, progress, subject.size))
    if stack.shape != subject.stack.shape or stack.channels != subject.stack.channels:
        raise InputError(f"the images of {root} are not of the size of those of {here.root}")
    return make_dataset(stack.clean(), part.labels, subject.dataset.classes, device)


def _load_cleaners(paths: Sequence[Path], subject: EvaluationData) -> tuple[Cleaner, ...]:
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
