"""Retrainings of one ``hide``: numbered, journalled, corrected for what the validation part withholds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, UInt8

from hideseek_cli.cache import Cache
from hideseek_cli.core.calibration import pooled
from hideseek_cli.core.classifier import Tick, expected_seconds
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import Correction, Evaluator
from hideseek_cli.core.rounds import side_by_side, together
from hideseek_cli.journal import Journal
from hideseek_cli.network import Network
from hideseek_cli.order import CLEAN_RUNS, PUBLISHED_RUNS, Order
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.stats import Estimate, estimate

Images = UInt8[np.ndarray, "n h w c"]
SETTLED = 6
"""Runs after which a folder is judged by their mean, on whichever side of the mark."""


@dataclass(frozen=True)
class Trial:
    """One retraining that is wanted."""

    render: Callable[[], Images]
    about: Any
    """Says of what, in JSON, and must be the same when resumed."""
    masked: Bool[np.ndarray, " n"] | None = None
    """Which pictures of the folder carry the published mask; None: not one."""
    half: bool = False
    """Whether to train on half of the pictures."""
    lasting: bool = False
    """Whether other runs of ``hide`` would measure the same."""
    by: Network | None = None
    """An authorised network, in place of the recipe's."""


class Trials:
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

    def round(self, trials: Sequence[Trial]) -> list[float]:
        """Retrainings side by side; their accuracies in percent, as measured."""
        numbers = range(self.runs, self.runs + len(trials))
        self.runs += len(trials)
        wanted = dict(zip(numbers, trials, strict=True))
        found = {number: self._known(number, wanted[number]) for number in numbers}
        todo = [number for number in numbers if found[number] is None]
        about = f"retraining {numbers[0] + 1} to {numbers[-1] + 1} of at most {self.planned}"
        trainings = [partial(_trained, self.evaluator, wanted[number], number) for number in todo]
        tick = partial(self.progress.step, about)
        results = side_by_side(trainings, self.executor, self.evaluator.device, threads=self.threads, tick=tick)
        for number, accuracy in zip(todo, results, strict=True):
            found[number] = accuracy
            self.journal.remember(f"run {number}", {"about": wanted[number].about, "accuracy": accuracy})
            if wanted[number].lasting:
                self.cache.remember([number, wanted[number].about], [accuracy])
        return [accuracy for accuracy in found.values() if accuracy is not None]

    def _known(self, number: int, trial: Trial) -> float | None:
        """What an interrupted or an earlier run measured."""
        noted = self.journal.value(f"run {number}")
        if noted is not None and noted["about"] == trial.about:
            return float(noted["accuracy"])
        remembered = self.cache.values([number, trial.about]) if trial.lasting else None
        return remembered[0] if remembered else None

    def clean(self, images: Images) -> list[float]:
        """Clean accuracy, corrected; one more run measures the correction where runs do not learn from all pictures."""
        trials = [Trial(lambda: images, "clean", lasting=True)] * CLEAN_RUNS
        if self.evaluator.whole:
            return self.group(self.round(trials))
        *raw, half = self.round([*trials, Trial(lambda: images, "half", half=True, lasting=True)])
        self.correction = Correction.measured(self.chance, float(np.mean(raw)), half)
        growth = self.evaluator.growth(self.evaluator.nothing)
        return self.group([self.correction(accuracy, growth) for accuracy in raw])

    def masked(self, trials: Sequence[Trial]) -> list[float]:
        """Corrected accuracies of a round on masked pictures."""
        growths = [self.evaluator.growth(_masked(self.evaluator, trial)) for trial in trials]
        return [self.correction(*pair) for pair in zip(self.round(trials), growths, strict=True)]

    def sided(self, trial: Trial, mark: float) -> Estimate:
        """Runs of one trial until their 95 % interval lies on one side of ``mark``, or SETTLED of them are made, or none is
        left."""
        found: list[float] = []
        while True:
            found += self.masked([trial] * PUBLISHED_RUNS)
            told = estimate(found, len(self.evaluator.test), spread=pooled([*self.groups, found]))
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
        return estimate(accuracies, len(self.evaluator.test), spread=pooled(self.groups))


def _masked(evaluator: Evaluator, trial: Trial) -> Bool[np.ndarray, " n"]:
    return evaluator.nothing if trial.masked is None else trial.masked


def _trained(evaluator: Evaluator, trial: Trial, number: int, tick: Tick) -> float:
    return evaluator.accuracy(trial.render(), _masked(evaluator, trial), number, tick, half=trial.half, by=trial.by)


def seconds_about(order: Order, clean: Pictures, recipe: Recipe, executor: Executor) -> float:
    """About how long an order takes at most: its retrainings, and about one more for the masks."""
    before = torch.get_num_threads()
    torch.set_num_threads(order.threads)
    one = sum(expected_seconds(clean, each) for each in recipe.each())
    torch.set_num_threads(before)
    return one * (order.runs / together(executor, clean.images.device, order.threads) + 1)
