"""Proof for a buyer: retrain the recipe's network on a folder and see whether it reaches the level that was sold."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.errors import count
from hideseek_cli.evaluation.loading import EvaluationData, digest_parts, load_evaluation
from hideseek_cli.evaluation.models import EvaluatedModel, authorized_model, distilled_models, model_label, public_models
from hideseek_cli.evaluation.recall import Recall
from hideseek_cli.evaluation.seeding import open_runs, remember
from hideseek_cli.evaluation.verify_result import Verification, VerifyResult
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.images.layout import READINGS
from hideseek_cli.recipe import Recipe, check_architecture
from hideseek_cli.runtime.fields import NAMES, PATH, Names, Number, Place, one_of, settle
from hideseek_cli.runtime.journal import Journal, path_beside
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import (
    LEVEL,
    POINTS,
    RUNS,
    compare_mix,
    estimate,
    images_needed,
    least_tolerance,
    more_runs,
)
from hideseek_cli.training.evaluator import derive_seed
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.score import Score


@dataclass(frozen=True, kw_only=True)
class VerifyConfig:
    """What is to be verified, and how."""

    folder: Place = field(metadata=PATH)
    """What networks are trained on: a cleaned folder, a published one, or any other."""
    test: Place = field(metadata=PATH)
    """Clean test images of the same classes."""
    level: Number | None = field(default=None, metadata=LEVEL)
    """Test accuracy in percent that was promised, in place of the manifest's."""
    tolerance: Number | None = field(default=None, metadata=POINTS)
    """Points by which the accuracy may miss the level, or pass chance; None: 4, or 8 of chance."""
    runs: int = field(default=4, metadata=RUNS)
    """Trainings of each network."""
    recipe: Recipe | None = None
    """In place of the manifest's."""
    fallback: Recipe
    """Of a folder without a manifest."""
    archs: Names = field(default=(), metadata=NAMES)
    """Networks in place of the recipe's."""
    authorized: AuthorizedNetwork | None = None
    """A network that is to learn as well."""
    teacher: AuthorizedNetwork | None = None
    """An authorised network that the others are distilled from besides."""
    size: int | None = None
    """Side in pixels to which images are brought; None: the manifest's, or what fits them."""
    split: str = field(default="auto", metadata=one_of(*READINGS))
    """Whether folders that are named as parts of a data set are parts, as of ``images.layout``."""
    seed: int | None = None
    """Of the first run; fresh from the operating system unless given, so that no run was seen by calibration."""
    threads: int = 1
    """Processor threads of each training."""
    resume: bool = False
    """Whether to go on with what an interrupted verification finished."""

    def __post_init__(self) -> None:
        """Raises InputError for whatever can be refused before an image is read."""
        settle(self)
        for arch in self.archs:
            check_architecture(arch)

    @property
    def journal(self) -> Path:
        """Where finished runs are kept until all are done."""
        return journal_path(self.folder)


def journal_path(folder: Path) -> Path:
    """Where finished runs are kept until all are done."""
    return path_beside(folder, "verify")


def verify(config: VerifyConfig, device: torch.device, executor: Executor, progress: Progress) -> VerifyResult:
    """Train networks from scratch on a folder and test them on clean images.

    The runs stand side by side. Those that are finished are kept beside the folder until all are; ``resume`` goes on with
    them. Raises InputError where the folders do not fit together.
    """
    data = load_evaluation(config.folder, config.test, executor, progress, device, config.size, split=config.split)
    _warn_of_mix(config, data, progress)
    recipe = data.choose_recipe(config.recipe, config.fallback)
    _warn_of_promise(config, data, recipe, progress)
    journal = _open_runs(config, data, recipe, device, progress)
    runs = _Runs(config, data, journal, device, executor, progress)
    networks = tuple(runs.verify(model) for model in _list_models(config, data, recipe))
    with suppress(OSError):
        journal.close()
    return VerifyResult(folder=config.folder, networks=networks)


def _list_models(config: VerifyConfig, data: EvaluationData, recipe: Recipe) -> Iterator[EvaluatedModel]:
    """Who is to learn from the folder, and what each was promised."""
    promise = data.promise
    level = promise.accuracy if promise is not None and config.level is None else config.level
    one_sided = config.level is None and promise is not None and promise.level == PUBLISHED
    recipes = [replace(recipe, arch=arch) for arch in config.archs or (recipe.arch,)]
    yield from public_models(data.dataset, data.test, recipes, level, one_sided=one_sided)
    if config.authorized is not None:
        allowed = promise.authorized if promise else None
        yield authorized_model(data.dataset, data.test, recipe, config.authorized, allowed)
    if config.teacher is not None:
        yield from distilled_models(data.dataset, data.test, recipes, config.teacher)


def _open_runs(config: VerifyConfig, data: EvaluationData, recipe: Recipe, device: torch.device, progress: Progress) -> Journal:
    """What is finished, and the seed of the first run."""
    binding = {
        "folder": digest_parts(data.dataset), "test": digest_parts(data.test), "recipe": recipe.to_json(),
        "device": str(device), "threads": config.threads,
    }  # fmt: skip
    return open_runs(config.journal, binding, config.seed, progress, resume=config.resume)


@dataclass(frozen=True)
class _Runs:
    """Trains networks, or finds what an interrupted verification measured, and judges them."""

    config: VerifyConfig
    data: EvaluationData
    journal: Journal
    device: torch.device
    executor: Executor
    progress: Progress

    @property
    def seed(self) -> int:
        """Of the first run."""
        return int(self.journal.value("seed"))

    def verify(self, model: EvaluatedModel) -> Verification:
        """All runs of a network, and what they say of its promise."""
        begun, tested, tolerance = time.monotonic(), len(self.data.test), model.allow(self.config.tolerance)
        self._warn_of_few(model, tolerance)
        scores = self._measure(model)
        accuracies = [one.accuracy for one in scores]
        found, judge = estimate(accuracies, tested), partial(model.judge, tolerance=tolerance)
        verdict = None if model.level is None else judge(found)
        more = more_runs(accuracies, tested, judge) if verdict == "inconclusive" else None
        return Verification(
            found=found, accuracies=tuple(accuracies), level=model.level, tolerance=tolerance,
            one_sided=model.one_sided, verdict=verdict,
            more=more, needed=images_needed(accuracies, judge) if verdict == "inconclusive" and more is None else None,
            recipe=model.recipe, seed=self.seed, images=len(self.data.dataset), tested=tested, kind=model.kind,
            recall=Recall.of(scores, self.data.test, self.data.folder.classes), seconds=time.monotonic() - begun,
        )  # fmt: skip

    def _warn_of_few(self, model: EvaluatedModel, tolerance: float) -> None:
        """Say so, before anything is trained, where no number of runs can show that a promise holds."""
        tested = len(self.data.test)
        if model.level is None or model.one_sided or (least := least_tolerance(model.level, tested)) <= tolerance:
            return
        needed = images_needed([model.level], partial(model.judge, tolerance=tolerance))
        self.progress.say(
            f"{count(tested, 'test image')} cannot show that level {model.level:g} holds within {tolerance:g} points, however "
            f"many runs are made: give at least {needed}, or a `tolerance` of at least {least:g}"
        )

    def _measure(self, model: EvaluatedModel) -> list[Score]:
        """What each run gets right."""
        runs, label = self.config.runs, model_label(model.recipe, model.kind)
        names = [f"{model.name} {run}" for run in range(runs)]
        known = [self.journal.value(name) for name in names]
        todo = [partial(model.train, seed=derive_seed(self.seed, 0x7E57, run)) for run in range(runs) if known[run] is None]
        on_step = partial(self.progress.step, f"{count(runs, 'training')} of {label}")
        trained = train_in_parallel(todo, self.executor, self.device, threads=self.config.threads, on_step=on_step)
        scores: list[Score] = []
        for name, noted in zip(names, known, strict=True):
            scores.append(next(trained) if noted is None else Score.from_json(noted))
            remember(self.journal, name, scores[-1].to_json())
            self.progress.say(f"{label}, run {len(scores)} of {runs}: {scores[-1].accuracy:.2f} %")
        return scores


def _warn_of_promise(config: VerifyConfig, data: EvaluationData, recipe: Recipe, progress: Progress) -> None:
    """Say so where the folder promises nothing of such trainings."""
    if data.promise is None:
        return
    if recipe != data.promise.recipe:
        progress.say(f"{config.folder} was calibrated by another recipe than this, so it may well train to something else")
    allowed = data.promise.authorized
    if config.authorized is not None and allowed is not None and allowed.stem != config.authorized.identity:
        progress.say(f"{config.folder} was published for a network with another secret stem than that of `authorized`")


def _warn_of_mix(config: VerifyConfig, data: EvaluationData, progress: Progress) -> None:
    """Say so where the test images' classes are mixed otherwise than those of the folder."""
    trained, tested = (np.bincount(part.labels.cpu().numpy(), minlength=part.classes) for part in (data.dataset, data.test))
    mix = compare_mix(trained, tested)
    if mix is not None:
        name, (here, there) = data.folder.classes[mix.widest], mix.shares
        progress.say(
            f"{config.test} mixes the classes otherwise than {config.folder} ({name}: {there:.0f} % and {here:.0f} %), which "
            f"alone can move an accuracy by up to {mix.points:.0f} points; a level is a promise for images mixed as those of "
            "the folder are"
        )
