"""What an adversary can recover: retrain under each attack, beside what the same attack gives on clean images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hideseek_cli.attacks import Attack, select
from hideseek_cli.errors import InputError, count
from hideseek_cli.evaluation.adversary import SAME_ON_CLEAN, Adversary, Job, Knowledge, load_knowledge
from hideseek_cli.evaluation.audit_result import AuditResult, Curve, Finding
from hideseek_cli.evaluation.features import extract_features
from hideseek_cli.evaluation.loading import EvaluationData, digest_parts, load_evaluation
from hideseek_cli.evaluation.seeding import open_runs
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.images.layout import READINGS
from hideseek_cli.recipe import Recipe, check_architecture
from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code
from hideseek_cli.runtime.fields import NAMES, PATH, PATHS, Names, Place, Places, one_of, settle
from hideseek_cli.runtime.journal import Journal, path_beside
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import RUNS
from hideseek_cli.training.backbones import load_backbone
from hideseek_cli.training.parallel import train_in_parallel

PACKAGES = tuple(
    Path(__file__).parents[1] / name for name in ("images", "training", "core", "methods", "attacks", "evaluation")
)
"""The code that decides what an attack gives on clean images."""


@dataclass(frozen=True, kw_only=True)
class AuditConfig:
    """What is to be audited, and how."""

    folder: Place = field(metadata=PATH)
    """The published folder, or a level that ``seek`` wrote."""
    test: Place = field(metadata=PATH)
    """Clean test images of the same classes."""
    attacks: Names = field(default=(), metadata=NAMES)
    """Their names; all where none is named."""
    clean: Place | None = field(default=None, metadata=PATH)
    """The originals, for the same attacks on clean images, and for attacks that know a few of them."""
    other: Place | None = field(default=None, metadata=PATH)
    """Another release of the same images."""
    cleaners: Places = field(default=(), metadata=PATHS)
    """Of this release, one of them that of the level that ``folder`` is."""
    backbone: str | None = None
    """A pretrained network, for attacks that have one; as of ``training.backbones``."""
    recipe: Recipe | None = None
    """In place of the manifest's."""
    arch: str | None = None
    """In place of the recipe's network; of several networks the first trains."""
    runs: int = field(default=1, metadata=RUNS)
    """Trainings of each attack."""
    split: str = field(default="auto", metadata=one_of(*READINGS))
    """Whether folders that are named as parts of a data set are parts, as of ``images.layout``."""
    seed: int | None = None
    """Of the first run; fresh unless given. What clean images give is kept for other audits with the same seed."""
    threads: int = 1
    """Processor threads of each training."""
    resume: bool = False
    """Whether to go on with what an interrupted audit finished."""

    def __post_init__(self) -> None:
        """Raises InputError for whatever can be refused before an image is read."""
        settle(self)
        select(self.attacks)
        if self.arch is not None:
            check_architecture(self.arch)

    @property
    def journal(self) -> Path:
        """Where finished trainings are kept until all are done."""
        return journal_path(self.folder)


def journal_path(folder: Path) -> Path:
    """Where finished trainings are kept until all are done."""
    return path_beside(folder, "audit")


def audit(config: AuditConfig, device: torch.device, executor: Executor, progress: Progress) -> AuditResult:
    """Retrain on a folder under each attack that what is given allows; the others are left out, and it is said.

    An attack that fails is reported and the others go on. Finished trainings are kept beside the folder until all are done;
    ``resume`` goes on with them. Raises InputError for unusable input, and where no attack is left.
    """
    if not manifests.exists(config.folder):
        raise InputError(f"{config.folder} has no manifest; audit what hide published, or what seek wrote")
    backbone = None if config.backbone is None else load_backbone(config.backbone, device)
    data = load_evaluation(config.folder, config.test, executor, progress, device, None, split=config.split)
    wanted = select(config.attacks)
    knowledge = load_knowledge(
        data, config.clean, config.other, config.cleaners, backbone, wanted, device, executor, progress, config.split
    )
    attacks = _list_possible(wanted, knowledge, progress)
    recipe = data.choose_recipe(config.recipe)
    recipe = replace(recipe, arch=config.arch or recipe.arch).each()[0]
    journal = _open_trainings(config, data, knowledge, recipe, device, progress)
    seed = int(journal.value("seed"))
    progress.say(f"{recipe.arch}, {recipe.account(len(data.dataset), len(data.test), seed)}")
    adversary = Adversary(data, knowledge, recipe, seed)
    jobs = [job for attack in attacks for job in adversary.list_jobs(attack, config.runs)]
    results = _Trainings(config, adversary, journal, device, executor, progress).carry_out(jobs)
    journal.close()
    paid = adversary.paid
    findings = [_summarise(attack, paid, [job for job in jobs if job.attack is attack], results) for attack in attacks]
    return AuditResult(folder=config.folder, paid=paid, findings=tuple(findings))


def _list_possible(wanted: Sequence[Attack], knowledge: Knowledge, progress: Progress) -> list[Attack]:
    """The attacks for which there is what they need. Raises InputError where there is none."""
    found = []
    for attack in wanted:
        missing = knowledge.lacks(attack)
        if missing is None:
            found.append(attack)
        else:
            progress.say(f"{attack.name} is left out: {missing}")
    if not found:
        raise InputError("none of these attacks can be made with what is given; nothing was measured")
    return found


def _open_trainings(
    config: AuditConfig, data: EvaluationData, knowledge: Knowledge, recipe: Recipe, device: torch.device, progress: Progress
) -> Journal:
    """What is finished, and the seed of the first run."""
    assert data.promise is not None
    binding: dict[str, Any] = {
        "folder": [data.promise.release, data.promise.level], "recipe": recipe.to_json(), "device": str(device),
        "threads": config.threads, "test": digest_parts(data.test, *(knowledge.alpha or ())[1:]),
        "clean": digest_parts(knowledge.originals), "other": digest_parts(knowledge.other),
        "backbone": knowledge.backbone and knowledge.backbone.digest,
    }  # fmt: skip
    return open_runs(config.journal, binding, config.seed, progress, resume=config.resume)


@dataclass(frozen=True)
class _Trainings:
    """Carries out jobs side by side, but for those that are known."""

    config: AuditConfig
    adversary: Adversary
    journal: Journal
    device: torch.device
    executor: Executor
    progress: Progress

    def carry_out(self, jobs: Sequence[Job]) -> dict[Job, Curve | str]:
        """A curve of each job, or why it failed."""
        cache = self._open_cache()
        known = {job: self.journal.value(job.name) or (cache.values(self._ask(job)) if job.clean else None) for job in jobs}
        results: dict[Job, Curve | str] = {job: curve for job, curve in known.items() if curve}
        for job, result in results.items():
            self.progress.say(job.describe(result))
        todo = [job for job in jobs if job not in results]
        for job, result in zip(todo, self._train(todo), strict=True):
            results[job] = result
            if not isinstance(result, str):
                self.journal.remember(job.name, result)
                if job.clean:
                    cache.remember(self._ask(job), result)
            self.progress.say(job.describe(result))
        return results

    def _train(self, jobs: Sequence[Job]) -> Iterator[Curve | str]:
        adversary = replace(self.adversary, features=self._extract(jobs))
        about = f"{count(len(jobs), 'training')} of {adversary.recipe.arch}"
        trainings = [partial(adversary.train, job) for job in jobs]
        on_step = partial(self.progress.step, about)
        return train_in_parallel(trainings, self.executor, self.device, threads=self.config.threads, on_step=on_step)

    def _extract(self, jobs: Sequence[Job]) -> dict[str, Tensor]:
        """What the backbone says of the images that these need, once for all of them."""
        backbone = self.adversary.knowledge.backbone
        if backbone is None:
            return {}
        sets = self.adversary.list_sets(jobs)
        return extract_features(backbone, sets, self.executor, self.device, self.progress, threads=self.config.threads)

    def _ask(self, job: Job) -> str:
        """Under what the cache knows it."""
        backbone = self.adversary.knowledge.backbone
        return job.name if job.attack.needs != "backbone" or backbone is None else f"{job.name} {backbone.digest}"

    def _open_cache(self) -> Cache:
        """What clean images gave in other audits; of a fresh seed nothing is ever asked again."""
        adversary = self.adversary
        return Cache(cache_folder() if self.config.seed is not None else None, {
            "images": digest_parts(adversary.knowledge.originals, adversary.data.test), "recipe": adversary.recipe.to_json(),
            "seed": adversary.seed, "epsilon": adversary.epsilon, "device": str(self.device), "threads": self.config.threads,
            "torch": torch.__version__, "code": digest_code(*PACKAGES),
        })  # fmt: skip


def _summarise(attack: Attack, paid: float, jobs: Sequence[Job], results: dict[Job, Curve | str]) -> Finding:
    outcome = [(job.clean, results[job]) for job in jobs]
    curves = {
        of_clean: tuple(c for which, c in outcome if which == of_clean and not isinstance(c, str)) for of_clean in (False, True)
    }
    failure = next((result for _, result in outcome if isinstance(result, str)), None)
    clean = curves[attack.needs not in SAME_ON_CLEAN]
    return Finding(attack=attack, paid=paid, curves=curves[False], clean=clean, failure=failure)
