"""The fourth stage of ``hide``: the masked share of every level, or the paper's own masks for each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from hideseek_cli.methods import RealPatterns, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.accuracy_curve import Evaluation
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.budget import FEWEST_RUNS
from hideseek_cli.publishing.level_search import LevelOutcome, LevelSearch
from hideseek_cli.publishing.mask_layout import MaskLayout
from hideseek_cli.publishing.mask_selection import CandidateMasks
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.trainer import count_correct


@dataclass(frozen=True)
class CalibratedLevels:
    """What was found for each level."""

    levels: list[LevelOutcome]
    evaluations: list[Evaluation]
    """Of shares of images with the published mask, in the order in which they were measured."""
    own: dict[float, RealPatterns] = field(default_factory=dict)
    """Patterns of a level's own; none where levels are shares of images with the published mask."""

    @property
    def reached(self) -> list[LevelOutcome]:
        """Those that can be sold."""
        return [one for one in self.levels if one.reachable]

    def offered(self, overlaps: Collection[float], *, anyway: bool) -> list[LevelOutcome]:
        """Those that the manifest names; ``overlaps``: levels that are no products, named only ``anyway``."""
        return [one for one in self.reached if anyway or one.level not in overlaps]

    @property
    def shares(self) -> list[float]:
        """The masked shares of those."""
        return [one.share for one in self.reached]


def calibrate(run: HideRun, baseline: Baseline, layout: MaskLayout, strongest: CandidateMasks, task: Task) -> CalibratedLevels:
    """Find every level, by retraining or by the paper's stopping rule, within the runs that are left."""
    stops = run.config.calibration == "stop"
    found = _train_stopped(run, baseline, layout, task) if stops else _search(run, baseline, layout, strongest)
    for one in found.levels:
        if one.accuracies != tuple(strongest.accuracies):
            run.session.note_group(list(one.accuracies))
    return found


def _search(run: HideRun, baseline: Baseline, layout: MaskLayout, strongest: CandidateMasks) -> CalibratedLevels:
    """Levels as shares of images with the published mask."""

    def measure(shares: Sequence[float], aims: Sequence[float]) -> Sequence[float]:
        return run.session.measure([strongest.scale.make_retraining(share, aims) for share in shares])

    # Where one class is clean, networks take the masked ones for it, whatever a weak mask gave away without.
    floor = () if layout.whole else strongest.accuracies
    search = LevelSearch(
        measure, nearest=layout.unmasking.nearest, chance=baseline.chance, published=floor, clean=baseline.accuracies,
        expected=layout.expected, runs=run.config.budget.for_levels(run.session.left), tolerance=run.config.tolerance,
        say=run.progress.say,
    )  # fmt: skip
    return CalibratedLevels(search.levels(run.config.levels), search.evaluations)


def _train_stopped(run: HideRun, baseline: Baseline, layout: MaskLayout, task: Task) -> CalibratedLevels:
    """Masks of every level by Algorithm 1, each trained separately, and what networks retrained on them reach."""
    found, own, renderer, which = [], {}, layout.renderer, layout.unmasking.which([])
    for level in run.config.levels:
        own[level] = patterns = _train_level(run, task, level)
        images = partial(renderer.render, renderer.masks(patterns, 1.0), which)
        accuracies = run.session.measure([Retraining(images, level)] * FEWEST_RUNS)
        reachable = abs(float(np.mean(accuracies)) - level) <= run.config.tolerance
        found.append(LevelOutcome(level=level, share=0.0, accuracies=tuple(accuracies), reachable=reachable))
    return CalibratedLevels(found, [Evaluation(0.0, accuracy) for accuracy in baseline.accuracies], own)


def _train_level(run: HideRun, task: Task, level: float) -> RealPatterns:
    """Patterns of one level, or those that an interrupted run made."""
    name, method, test = f"pattern {level:g}", run.config.method, run.evaluator.test
    assert isinstance(method, ClassWise)

    def accuracy(surrogate: Standardised) -> float:
        return 100 * count_correct(surrogate, test) / len(test)

    if name not in run.journal.arrays:
        on_step = partial(run.progress.step, f"training masks of level {level:g}")
        stopped = method.train_to_level(task, level, run.config.tolerance, accuracy, on_step)
        how = "stopped at" if stopped.held else "never stayed near the level, came nearest with"
        run.progress.say(f"level {level:g}: the surrogate {how} {stopped.accuracy:.1f} %")
        run.journal.keep({name: stopped.pattern})
    patterns: RealPatterns = run.journal.arrays[name]
    return patterns
