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
from hideseek_cli.publishing.budget import CLEAN_RUNS, PUBLISHED_RUNS
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.cache import Cache
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import Estimate, estimate, pool_variance
from hideseek_cli.training.evaluator import Change, Correction, Evaluator
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
    through: Change | None = None
    """What is done to training and test images first."""


class RetrainingSession:
    """Every run gets the next number, and with it its seed; a resumed journal answers for finished ones."""

    def __init__(
        self, evaluator: Evaluator, chance: float, journal: Journal, cache: Cache, executor: Executor, progress: Progress,
        *, planned: int, threads: int, kept: int = 0,
    ) -> None:  # fmt: skip
        """``planned``: runs at most; ``threads``: of each; ``kept``: runs of those that the last stage is to find."""
        self.evaluator, self.chance, self.journal, self.progress = evaluator, chance, journal, progress
        self.cache, self.executor, self.planned, self.threads = cache, executor, planned, threads
        self.kept, self.runs = kept, 0
        self.correction = Correction(chance, 100.0, 0.0)
        self.groups: list[list[float]] = []
        """Accuracies of runs that share a strength, for the spread between runs."""

    @property
    def left(self) -> int:
        """Runs that may still be made, but for those that are kept."""
        return max(0, self.planned - self.kept - self.runs)

    def affords(self, count: int) -> bool:
        """Whether so many more may be made, those that are kept among them."""
        return self.runs + count <= self.planned

    def _retrain(self, wanted: Sequence[Retraining]) -> list[float]:
        """A round of retrainings side by side; their accuracies in percent, as measured."""
        runs = dict(enumerate(wanted, self.runs))
        self.runs += len(wanted)
        found = {number: self._recall(number, retraining) for number, retraining in runs.items()}
        todo = [number for number, accuracy in found.items() if accuracy is None]
        trainings = [partial(_carry_out, self.evaluator, runs[number], number) for number in todo]
        first, last = min(runs, default=0) + 1, self.runs
        about = f"retraining {first}{f' to {last}' if last > first else ''} of at most {self.planned}"
        on_step = partial(self.progress.step, about)
        results = train_in_parallel(trainings, self.executor, self.evaluator.device, threads=self.threads, on_step=on_step)
        for number, accuracy in zip(todo, results, strict=True):
            found[number] = accuracy
            self.journal.remember(f"run {number}", {"about": runs[number].about, "accuracy": accuracy})
            if runs[number].lasting:
                self.cache.remember([number, runs[number].about], [accuracy])
        return [accuracy for accuracy in found.values() if accuracy is not None]

    def _recall(self, number: int, retraining: Retraining) -> float | None:
        """What an interrupted or an earlier run measured."""
        noted = self.journal.value(f"run {number}")
        if noted is not None and noted["about"] == retraining.about:
            return float(noted["accuracy"])
        remembered = self.cache.values([number, retraining.about]) if retraining.lasting else None
        return remembered[0] if remembered else None

    def measure_clean(self, images: Images) -> list[float]:
        """Clean accuracy, corrected; one more run measures the correction where runs do not learn from all images."""
        clean = [Retraining(lambda: images, "clean", lasting=True)] * CLEAN_RUNS
        if self.evaluator.whole:
            return self.note_group(self._retrain(clean))
        *raw, half = self._retrain([*clean, Retraining(lambda: images, "half", half=True, lasting=True)])
        self.correction = Correction.measured(self.chance, float(np.mean(raw)), half)
        growth = self.evaluator.growth(self.evaluator.nothing)
        return self.note_group([self.correction(accuracy, growth) for accuracy in raw])

    def measure(self, wanted: Sequence[Retraining]) -> list[float]:
        """Corrected accuracies of a round of retrainings."""
        growths = [self.evaluator.growth(_find_masked(self.evaluator, one)) for one in wanted]
        return [self.correction(*pair) for pair in zip(self._retrain(wanted), growths, strict=True)]

    def measure_against(self, mark: float, retraining: Retraining) -> Estimate:
        """Runs of one retraining until their 95 % interval lies on one side of ``mark``, or SETTLED of them are made, or none
        is left."""
        found: list[float] = []
        while True:
            found += self.measure([retraining] * PUBLISHED_RUNS)
            told = estimate(found, len(self.evaluator.test), spread=pool_variance([*self.groups, found]))
            low, high = told.interval()
            if not low < mark < high or len(found) >= SETTLED or self.left < PUBLISHED_RUNS:
                self.note_group(found)
                return told

    def note_group(self, accuracies: list[float]) -> list[float]:
        """Note that these runs had one strength."""
        self.groups.append(accuracies)
        return accuracies

    def estimate(self, accuracies: list[float]) -> Estimate:
        """Their mean, with the spread between runs pooled over all groups."""
        return estimate(accuracies, len(self.evaluator.test), spread=pool_variance(self.groups))


def _find_masked(evaluator: Evaluator, retraining: Retraining) -> Bool[np.ndarray, " n"]:
    """Which images of the folder carry the published mask."""
    return evaluator.nothing if retraining.masked is None else retraining.masked


def _carry_out(evaluator: Evaluator, retraining: Retraining, number: int, on_step: OnStep) -> float:
    images, masked = retraining.render(), _find_masked(evaluator, retraining)
    return evaluator.accuracy(
        images, masked, number, on_step, half=retraining.half, by=retraining.by, through=retraining.through
    )


def estimate_duration(config: HideConfig, clean: TensorDataset, recipe: Recipe, executor: Executor) -> tuple[float, float]:
    """About how many seconds a run of ``hide`` takes at least and at most, by what a few steps take on this machine now: its
    retrainings, side by side, and about one more for each of its masks, one after another."""
    before = torch.get_num_threads()
    torch.set_num_threads(config.threads)
    one = sum(estimate_seconds(clean, each) for each in recipe.each())
    torch.set_num_threads(before)
    side_by_side, budget = count_parallel(executor, clean.images.device, config.threads), config.budget
    return one * (budget.quickest / side_by_side + 1), one * (budget.most / side_by_side + budget.most_masks)


def describe_duration(least: float, most: float) -> str:
    """Seconds from and to, in words.

    >>> describe_duration(40.0, 700.0), describe_duration(3.0, 70.0)
    ('1 to 12 min', 'about 1 min')
    """
    low, high = (max(1, round(seconds / 60)) for seconds in (least, most))
    return f"{low} to {high} min" if low < high else f"about {high} min"
