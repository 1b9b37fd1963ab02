"""Retrainings of one ``hide``: numbered, journalled, corrected for what the validation part withholds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import UInt8

from hideseek_cli.core.calibration import pooled
from hideseek_cli.core.evaluator import Correction, Evaluator
from hideseek_cli.journal import Journal
from hideseek_cli.order import CLEAN_RUNS
from hideseek_cli.progress import Progress
from hideseek_cli.stats import Estimate, estimate

Images = UInt8[np.ndarray, "n h w c"]


class Trials:
    """Every run gets the next number, and with it its seed and its fold; a resumed journal answers for finished ones."""

    def __init__(self, evaluator: Evaluator, chance: float, journal: Journal, progress: Progress, planned: int) -> None:
        self.evaluator, self.chance, self.journal, self.progress = evaluator, chance, journal, progress
        self.planned = planned
        self.runs = 0
        self.correction = Correction(chance, 100.0, 0.0)
        self.groups: list[list[float]] = []
        """Accuracies of runs that share a strength, for the spread between runs."""

    @property
    def left(self) -> int:
        """Runs that may still be made."""
        return max(0, self.planned - self.runs)

    def run(self, render: Callable[[], Images], about: Any, share: float = 1.0) -> float:
        """One retraining on the rendered pictures; ``about`` says of what, and must be the same when resumed."""
        number = self.runs
        self.runs += 1
        known = self.journal.value(f"run {number}")
        if known is not None and known["about"] == about:
            return float(known["accuracy"])
        tick = partial(self.progress.step, f"retraining {number + 1} of at most {self.planned}")
        accuracy = self.evaluator.accuracy(render(), number, tick, share)
        self.journal.remember(f"run {number}", {"about": about, "accuracy": accuracy})
        return accuracy

    def clean(self, images: Images) -> list[float]:
        """Clean accuracy, corrected; one more run measures the correction where pictures are withheld."""
        raw = [self.run(lambda: images, "clean") for _ in range(CLEAN_RUNS)]
        if self.evaluator.growth:
            half = self.run(lambda: images, "half", share=0.5)
            self.correction = Correction.measured(self.chance, float(np.mean(raw)), half, self.evaluator.growth)
        return self.group([self.correction(accuracy) for accuracy in raw])

    def masked(self, render: Callable[[], Images], about: Any) -> float:
        """Corrected accuracy of one run on masked pictures."""
        return self.correction(self.run(render, about))

    def group(self, accuracies: list[float]) -> list[float]:
        """Note that these runs had one strength."""
        self.groups.append(accuracies)
        return accuracies

    def estimate(self, accuracies: list[float]) -> Estimate:
        """Their mean, with the spread between runs pooled over all groups."""
        shared = self.evaluator.validation is not None
        return estimate(accuracies, self.evaluator.tested, spread=pooled(self.groups), shared=shared)
