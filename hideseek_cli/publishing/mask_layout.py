"""The second stage of ``hide``: which images will carry which patterns, and what methods are given to train these."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import torch

from hideseek_cli.core.coefficients import Coefficients
from hideseek_cli.core.eye import Sight, to_difference
from hideseek_cli.images.copies import find_divided
from hideseek_cli.images.exif import UPRIGHT
from hideseek_cli.images.visibility import choose_enlargement
from hideseek_cli.masks.assignment import CARRIED, UnmaskingOrder, count_pattern_sets
from hideseek_cli.masks.resample import FAR, compute_return_weights
from hideseek_cli.methods import Task
from hideseek_cli.publishing.accuracy_curve import Axis, Expected, guess_shares
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.source import SourceDataset

MIDDLE = 30.0
"""Odds of a masked image at which half of the accuracy is expected, where every class loses masks."""


@dataclass(frozen=True)
class MaskLayout:
    """Which images lose their masks when, and where levels are expected."""

    renderer: MaskRenderer
    unmasking: UnmaskingOrder
    pattern_sets: int
    """Patterns a class, of all layers."""
    whole: bool
    """Whether whole classes lose their masks, one after another."""
    expected: Expected
    """The curve of accuracy against the masked share, before anything is measured."""
    shares: list[float]
    """The masked share at which each level is expected."""

    @property
    def divided(self) -> bool:
        """Whether levels have patterns of their own that they could have in common."""
        return self.unmasking.pattern_sets > 1 and not self.unmasking.own

    def cleaned(self, share: float) -> dict[str, float]:
        """Of each class that has images without a mask at a masked share, their share."""
        coverage = self.unmasking.coverage(share)
        return {name: float(part) for name, part in zip(self.renderer.source.folder.classes, coverage, strict=True) if part}


def lay_out_masks(run: HideRun, baseline: Baseline, *, shared: bool = False) -> MaskLayout:
    """Pattern sets enough for the layers of levels, and of what stays masked; a single one where levels have masks of their
    own, or where all are to have one in common (``shared``)."""
    config, source = run.config, run.source
    about = guess_shares(config.levels, baseline.accuracies, baseline.chance, Expected(1.0))
    aims = [1 - share for share in about]
    carried, layers = CARRIED if config.survived else 1, len(config.levels) + 1
    whole = config.unmask == "classes" and len(source.folder.classes) > 2
    if shared or config.calibration == "stop":
        layers = 1
    elif whole:
        labels = source.folder.labels
        apart = bool(find_divided(source.siblings, labels).any())  # they lose their masks last, whatever their class
        layers = min(layers, max(carried, count_pattern_sets(aims, np.bincount(labels)) + apart))
    unmasking = source.unmasking(
        run.master, config.unmask, run.evaluator.held, aims=aims, pattern_sets=layers, patterns=config.patterns,
        own=config.method.scope == "sample", carried=carried,
    )  # fmt: skip
    expected = Expected(1.0 if whole else MIDDLE, Axis(unmasking.limit, unmasking.untaught() if whole else None))
    return MaskLayout(
        renderer=MaskRenderer.of(config, source, run.master, layers * config.patterns), unmasking=unmasking,
        pattern_sets=layers * config.patterns, whole=whole, expected=expected,
        shares=guess_shares(config.levels, baseline.accuracies, baseline.chance, expected),
    )  # fmt: skip


def make_task(run: HideRun, layout: MaskLayout) -> Task:
    """What a method is given."""
    shifts = layout.renderer.shifts
    taught = None if shifts is None else torch.from_numpy(shifts[run.source.taught].astype(np.int64)).to(run.device)
    return Task(
        dataset=run.evaluator.clean, seen=run.evaluator.seen(), epsilon=run.config.epsilon, arch=run.recipe.each()[0].arch,
        batch_size=run.recipe.batch_size, seed=run.source.draw_seed(run.master, "masks", run.config.seed),
        pattern_sets=layout.pattern_sets, robust=run.config.survived, strict=run.config.robust is not None,
        secret=run.source.secret(run.master), shifts=taught, sight=find_sight(run.source, run.limit.mean, run.device),
    )  # fmt: skip


def find_sight(source: SourceDataset, visibility: float, device: torch.device) -> Sight:
    """How masks come to the eye, and back to networks, where the files have the middle one of their sizes; ``visibility``: that
    masks may have at most."""
    side, trained = int(np.median(source.shapes[:, :2].min(1))), min(source.stack.shape)
    return Sight(
        pixels=side * choose_enlargement(side) / trained, limit=to_difference(visibility),
        transfer=None if source.size is None else torch.tensor(compute_return_weights(side, trained), device=device),
        coefficients=find_coefficients(source, device),
    )  # fmt: skip


def find_coefficients(source: SourceDataset, device: torch.device) -> Coefficients | None:
    """The way into coefficients that most images share, of those that have most channels; None where most are no JPEGs, or so
    large that most of a mask survives it (and the way takes long)."""
    stack = source.stack
    found = Counter(one for one in stack.grids.values() if one.channels == stack.channels)
    if source.size is None:  # masks that are cut to squares lie in every orientation
        found = Counter({one: count for one, count in found.items() if one.orientation == UPRIGHT})
    if 2 * found.total() < len(stack):
        return None
    (grid, _), *_ = found.most_common(1)
    if source.size is not None and min(grid.height, grid.width) > FAR * source.size:
        return None
    return Coefficients.of(replace(grid, orientation=UPRIGHT), stack.shape, device)
