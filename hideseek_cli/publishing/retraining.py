"""Retrainings of one ``hide``: numbered, journalled, corrected for what the validation part withholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.images.codec import Images
from hideseek_cli.publishing.config import CLEAN_RUNS, PUBLISHED_RUNS, HideConfig
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.cache import Cache
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import Estimate, estimate, pool_variance
from hideseek_cli.training.evaluator import Correction, Evaluator
from hideseek_cli.training.parallel import count_parallel, train_in_parallel
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import OnStep, estimate_seconds

SETTLED = 6
"""Runs after which a folder is judged by their mean, on whichever side of the mark."""


@dataclass(frozen=True)
class Retraining:
    """One retraining that is wanted."""

    render: Callable[[], Images]
    about: Any
    """Says of what, in JSON, and must be the same when resumed."""
    masked: Bool[np.ndarray, " n"] | None = None
    """Which images of the folder carry the published mask; None: not one."""
    half: bool = False
    """Whether to train on half of the images."""
    lasting: bool = False
    """Whether other runs of ``hide`` would measure the same."""
    by: AuthorizedNetwork | None = None
    """An authorised network, in place of the recipe's."""


class RetrainingSession:
    """Every run gets the next number, and with it its seed; a resumed journal answers for finished ones."""

    def __init__(
        self, evaluator: Evaluator, chance: float, journal: Journal, cache: Cache, executor: Executor, progress: Progress,
        *, planned: int, threads: int,
    ) -> None:  # fmt: skip
        """``planned``: runs at most; ``threads``: of each."""
        self.evaluator, self.chance, self.journal, self.progress = evaluator, chance, journal, progress
        self.cache, self.executor, self.planned, self.threads = cache, executor, planned, threads
        self.runs = 0
        self.correction = Correction(chance, 100.0, 0.0)
        self.groups: list[list[float]] = []
        """Accuracies of runs that share a strength, for the spread between runs."""

    @property
    def left(self) -> int:
        """Runs that may still be made."""
        return max(0, self.planned - self.runs)

    def round(self, session: Sequence[Retraining]) -> list[float]:
        """Retrainings side by side; their accuracies in percent, as measured."""
        numbers = range(self.runs, self.runs + len(session))
        self.runs += len(session)
        wanted = dict(zip(numbers, session, strict=True))
        found = {number: self._known(number, wanted[number]) for number in numbers}
        todo = [number for number in numbers if found[number] is None]
        about = f"retraining {numbers[0] + 1} to {numbers[-1] + 1} of at most {self.planned}"
        trainings = [partial(_trained, self.evaluator, wanted[number], number) for number in todo]
        on_step = partial(self.progress.step, about)
        results = train_in_parallel(trainings, self.executor, self.evaluator.device, threads=self.threads, on_step=on_step)
        for number, accuracy in zip(todo, results, strict=True):
            found[number] = accuracy
            self.journal.remember(f"run {number}", {"about": wanted[number].about, "accuracy": accuracy})
            if wanted[number].lasting:
                self.cache.remember([number, wanted[number].about], [accuracy])
        return [accuracy for accuracy in found.values() if accuracy is not None]

    def _known(self, number: int, trial: Retraining) -> float | None:
        """What an interrupted or an earlier run measured."""
        noted = self.journal.value(f"run {number}")
        if noted is not None and noted["about"] == trial.about:
            return float(noted["accuracy"])
        remembered = self.cache.values([number, trial.about]) if trial.lasting else None
        return remembered[0] if remembered else None

    def clean(self, images: Images) -> list[float]:
        """Clean accuracy, corrected; one more run measures the correction where runs do not learn from all images."""
        session = [Retraining(lambda: images, "clean", lasting=True)] * CLEAN_RUNS
        if self.evaluator.whole:
            return self.group(self.round(session))
        *raw, half = self.round([*session, Retraining(lambda: images, "half", half=True, lasting=True)])
        self.correction = Correction.measured(self.chance, float(np.mean(raw)), half)
        growth = self.evaluator.growth(self.evaluator.nothing)
        return self.group([self.correction(accuracy, growth) for accuracy in raw])

    def masked(self, session: Sequence[Retraining]) -> list[float]:
        """Corrected accuracies of a round on masked images."""
        growths = [self.evaluator.growth(_masked(self.evaluator, trial)) for trial in session]
        return [self.correction(*pair) for pair in zip(self.round(session), growths, strict=True)]

    def sided(self, trial: Retraining, mark: float) -> Estimate:
        """Runs of one trial until their 95 % interval lies on one side of ``mark``, or SETTLED of them are made, or none is
        left."""
        found: list[float] = []
        while True:
            found += self.masked([trial] * PUBLISHED_RUNS)
            told = estimate(found, len(self.evaluator.test), spread=pool_variance([*self.groups, found]))
            low, high = told.interval()
            if not low < mark < high or len(found) >= SETTLED or self.left < PUBLISHED_RUNS:
                self.group(found)
                return told

    def group(self, accuracies: list[float]) -> list[float]:
        """Note that these runs had one strength."""
        self.groups.append(accuracies)
        return accuracies

    def estimate(self, accuracies: list[float]) -> Estimate:
        """Their mean, with the spread between runs pooled over all groups."""
        return estimate(accuracies, len(self.evaluator.test), spread=pool_variance(self.groups))


def _masked(evaluator: Evaluator, trial: Retraining) -> Bool[np.ndarray, " n"]:
    return evaluator.nothing if trial.masked is None else trial.masked


def _trained(evaluator: Evaluator, trial: Retraining, number: int, on_step: OnStep) -> float:
    return evaluator.accuracy(trial.render(), _masked(evaluator, trial), number, on_step, half=trial.half, by=trial.by)


def estimate_duration(config: HideConfig, clean: TensorDataset, recipe: Recipe, executor: Executor) -> float:
    """About how long an order takes at most: its retrainings, and about one more for the masks."""
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    one = sum(estimate_seconds(clean, each) for each in recipe.each())
    torch.set_num_threads(before)
    return one * (config.runs / count_parallel(executor, clean.images.device, config.threads) + 1)
