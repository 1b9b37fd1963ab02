"""The masks of a run of ``hide``: of any strength, the strongest that may be published, and the paper's own levels."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from jaxtyping import Float, Float64, UInt16

from hideseek_cli.bundle import Patterns
from hideseek_cli.core.calibration import Found
from hideseek_cli.core.classifier import correct
from hideseek_cli.core.evaluator import Evaluator
from hideseek_cli.core.networks import Standardised
from hideseek_cli.errors import InputError
from hideseek_cli.journal import Journal
from hideseek_cli.material import Material
from hideseek_cli.methods import Task
from hideseek_cli.metrics import portions, similarity
from hideseek_cli.order import FEWEST_RUNS, Order
from hideseek_cli.parallel import in_order
from hideseek_cli.progress import Progress
from hideseek_cli.trials import Trial, Trials

STRONGEST = 2.0


@dataclass(frozen=True)
class Maker:
    """Makes integer masks of any strength from patterns, and the pictures that carry them."""

    material: Material
    epsilon: int
    thresholds: Float64[np.ndarray, "k h w c"]
    shifts: UInt16[np.ndarray, "n 2"] | None

    def masks(self, pattern: Float[np.ndarray, "k h w c"], strength: float) -> Patterns:
        return self.material.stack.quantised(pattern, strength, self.thresholds, self.epsilon)

    def render(self, pattern: Float[np.ndarray, "k h w c"], strength: float) -> np.ndarray:
        return self.material.stack.masked(self.masks(pattern, strength), self.shifts)


def strongest_strength(
    order: Order, maker: Maker, pattern: Float[np.ndarray, "k h w c"], executor: Executor, progress: Progress
) -> float:
    """The greatest strength, in hundredths, at which the mean SSIM of all pictures is at least ``min_ssim``.

    At most STRONGEST, where patterns of root mean square ε/2 touch the bound almost everywhere.

    Searched on at most 500 pictures evenly spread over the folder, then made sure of on all.
    """
    whole = maker.material.stack
    height, width = whole.shape

    def ssim(strength: float, every: int) -> float:
        stack = whole.thinned(every)
        shifts = None if maker.shifts is None else maker.shifts[::every]
        clean, masked = stack.clean(), stack.masked(maker.masks(pattern, strength), shifts)
        parts = (slice(part.start, part.stop) for part in portions(len(clean), height * width))
        found = in_order(executor, lambda part: similarity(clean[part], masked[part]), parts)
        return float(np.concatenate(list(found)).mean())

    every = max(1, len(whole.labels) // 500)
    low, high = 0, round(100 * STRONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        progress.step("measuring likeness", 8 - (high - low).bit_length(), 9)
        low, high = (middle, high) if ssim(middle / 100, every) >= order.min_ssim else (low, middle - 1)
    while low and ssim(low / 100, 1) < order.min_ssim:
        low -= 1
    progress.step("measuring likeness", 9, 9)
    if not low:
        raise InputError(f"no mask keeps a mean SSIM of {order.min_ssim} on these pictures; lower --min-ssim")
    return low / 100


def stopped(
    order: Order, task: Task, evaluator: Evaluator, trials: Trials, maker: Maker, journal: Journal, progress: Progress
) -> tuple[list[Found], dict[float, np.ndarray]]:
    """Masks of every level by Algorithm 1, each trained separately, and what networks retrained on them reach."""
    test = evaluator.validation
    if test is None:
        held = torch.from_numpy(evaluator.folds.fold == 0).to(evaluator.device)
        kept, test = (~held).nonzero().flatten(), evaluator.clean.subset(held.nonzero().flatten())
        shifts = None if task.shifts is None else task.shifts[kept]
        task = replace(task, pictures=evaluator.clean.subset(kept), shifts=shifts)

    def surrogate(network: Standardised) -> float:
        return 100 * correct(network, test) / len(test)

    found, patterns = [], {}
    for level in order.levels:
        name = f"pattern {level:g}"
        if name not in journal.arrays:
            about = f"training masks of level {level:g}"
            stopped = order.method.stopped(task, level, order.tolerance, surrogate, partial(progress.step, about))
            how = "stopped at" if stopped.held else "never stayed near the level, came nearest with"
            progress.say(f"level {level:g}: the surrogate {how} {stopped.accuracy:.1f} %")
            journal.remember(name, stopped.pattern)
        patterns[level] = pattern = journal.arrays[name]
        accuracies = trials.masked([Trial(partial(maker.render, pattern, 1.0), level)] * FEWEST_RUNS)
        reachable = abs(float(np.mean(accuracies)) - level) <= order.tolerance
        found.append(Found(level=level, strength=1.0, accuracies=tuple(accuracies), reachable=reachable))
    return found, patterns
