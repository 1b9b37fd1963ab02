"""The masks of a run of ``hide``: the strongest that may be published, every level between, and the paper's own levels."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import floor, sqrt

import numpy as np
from jaxtyping import Float, Float64, Int64, UInt8, UInt16

from hideseek_cli.bundle import Patterns
from hideseek_cli.core.calibration import Found
from hideseek_cli.core.classifier import correct
from hideseek_cli.core.evaluator import Evaluator
from hideseek_cli.core.networks import Standardised
from hideseek_cli.errors import InputError
from hideseek_cli.generator import Generator
from hideseek_cli.journal import Journal
from hideseek_cli.layers import Turns
from hideseek_cli.mask import apply, place
from hideseek_cli.material import Material, Thresholds
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.metrics import similarity
from hideseek_cli.order import FEWEST_RUNS, PUBLISHED_RUNS, Order
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import visible
from hideseek_cli.progress import Progress
from hideseek_cli.trials import Trial, Trials

STRONGEST = 2.0
FIRST, SECOND = 10_000_000, 60_000_000
PORTION = 2**22
"""Values of masks that are quantised at once."""
Images = UInt8[np.ndarray, "n h w c"]


@dataclass(frozen=True)
class Maker:
    """Makes integer masks of any strength from patterns, and the pictures that carry them."""

    material: Material
    epsilon: int
    thresholds: Float64[np.ndarray, "p h w c"] | Thresholds
    shifts: UInt16[np.ndarray, "n 2"] | None

    @classmethod
    def of(cls, order: Order, material: Material, master: bytes, banks: int) -> Maker:
        """What an order asks for; ``banks``: patterns a class, where pictures do not have their own."""
        own = order.method.scope == "sample"
        thresholds = material.own_thresholds(master) if own else material.thresholds(master, banks)
        return cls(material, order.epsilon, thresholds, material.shifts(master, order.placement))

    def masks(
        self, pattern: Float[np.ndarray, "p h w c"], strength: float, numbers: Int64[np.ndarray, " k"] | None = None
    ) -> Patterns:
        """Integer masks of the patterns of those numbers, or of all; nothing of a picture's own in a kind that it is not of."""
        numbers, stack = np.arange(len(pattern)) if numbers is None else numbers, self.material.stack
        pieces = [
            stack.quantised(pattern[some], strength, self.thresholds[some], self.epsilon)
            for some in np.array_split(numbers, 1 + len(numbers) * pattern[0].size // PORTION)
        ]
        found = {channels: np.concatenate([piece[channels] for piece in pieces]) for channels in stack.groups}
        if isinstance(self.thresholds, Thresholds):
            for channels, (where, _) in stack.groups.items():
                found[channels][~np.isin(numbers, where)] = 0
        return found

    def render(self, masks: Patterns, which: Int64[np.ndarray, " a"]) -> Images:
        """All pictures that are trained on as networks see them, each with the mask of that number."""
        taught = self.material.taught
        return self.material.stack.masked(masks, which[taught], None if self.shifts is None else self.shifts[taught])

    def likeness(self, masks: Patterns, which: Int64[np.ndarray, "b n"], numbers: list[int]) -> Float64[np.ndarray, "b _"]:
        """SSIM of pictures of one shape, as they lie in their files, under several choices of the masks of all pictures."""
        clean = visible(self.material.own(numbers)[0])
        height, width, channels = clean.shape[1:]
        shifts = None if self.shifts is None else self.shifts[numbers]
        placed = (place(masks[channels], chosen[numbers], shifts, (height, width)) for chosen in which)
        return np.stack([similarity(clean, apply(clean, one)) for one in placed])


@dataclass(frozen=True)
class Scale:
    """Every level from the published folder to the clean one: pictures lose their mask in turn.

    What is left to learn from a masked picture is nothing, so accuracy rises with the others. Of both functions, ``shares``
    are those of all levels: they say which pictures have a pattern in common.
    """

    maker: Maker
    masks: Patterns
    """Bank after bank of one mask a class, or one of each picture."""
    turns: Turns

    def render(self, share: float, shares: Sequence[float]) -> Images:
        masked = self.maker.render(self.masks, self.turns.which(shares))
        bare = self.turns.touched(share)[self.maker.material.taught]
        return np.where(bare[:, None, None, None], self.maker.material.stack.clean(), masked)

    def trial(self, share: float, shares: Sequence[float]) -> Trial:
        return Trial(partial(self.render, share, tuple(shares)), share, masked=~self.turns.touched(share))


def strongest_strength(
    order: Order, maker: Maker, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"], executor: Executor,
    progress: Progress,
) -> float:  # fmt: skip
    """The greatest strength, in hundredths, at which the mean SSIM of the pictures' files is at least ``min_ssim``, whichever
    of their patterns (``choices``, row by row) the pictures of a class will have.

    At most STRONGEST, where patterns of root mean square ε/2 touch the bound almost everywhere. Searched on at most FIRST
    pixels of pictures evenly spread over the folder, then made sure of on all, or on SECOND pixels of so many more. What SSIM
    loses grows at most with the square of the strength, which says how far to go down at least where it is too much.
    """
    material, labels = maker.material, maker.material.folder.labels
    classes = len(material.folder.classes)

    def similar(strength: int, every: int) -> float:
        used = np.unique(choices[:, ::every])
        look = partial(maker.likeness, maker.masks(pattern, strength / 100, used), np.searchsorted(used, choices))
        found = np.concatenate(list(in_order(executor, look, material.portions(every))), axis=1)
        totals = [np.bincount(labels[::every], bank, classes) for bank in found]
        return float(np.min(totals, axis=0).sum() / found.shape[1])

    first_look = max(len(material) // 500, material.spread(FIRST))
    low, high = 0, round(100 * STRONGEST)
    while low < high:
        middle = (low + high + 1) // 2
        progress.step("measuring likeness", 8 - (high - low).bit_length(), 9)
        low, high = (middle, high) if similar(middle, first_look) >= order.min_ssim else (low, middle - 1)
    while low and (found := similar(low, material.spread(SECOND))) < order.min_ssim:
        low = min(low - 1, floor(low * sqrt((1 - order.min_ssim) / (1 - found))))
    progress.step("measuring likeness", 9, 9)
    if not low:
        raise InputError(f"no mask keeps a mean SSIM of {order.min_ssim} on these pictures; lower --min-ssim")
    return low / 100


@dataclass(frozen=True)
class Strongest:
    """What is to be published."""

    scale: Scale
    strength: float
    accuracies: list[float]
    """Of networks trained on it, in percent."""
    weights: dict[str, np.ndarray]
    """What makes noise for other pictures; nothing where the method cannot."""

    def save_generator(self, order: Order, material: Material, release: str) -> None:
        """Write it beside the mask file, where there is one."""
        if self.weights:
            Generator(
                method=order.method.name, epsilon=order.epsilon, strength=self.strength, classes=material.folder.classes,
                release=release, size=material.stack.shape, weights=self.weights,
            ).save(order.generator)  # fmt: skip


def best_hiding(
    order: Order, maker: Maker, turns: Turns, shares: Sequence[float], task: Task, trials: Trials,
    enough: float, journal: Journal, executor: Executor, progress: Progress,
) -> Strongest:  # fmt: skip
    """What to publish: masks at the greatest strength that keeps the pictures' likeness.

    The method's candidates are tried in turn until one leaves no more than ``enough``; which of them hides best depends
    on the pictures (docs/benchmarks.md). ``shares``: at which levels are expected.
    """
    tried: list[Strongest] = []
    for number, train in enumerate(order.method.candidates(task)):
        name = f"candidate {number}"
        within = f"{name} weights "
        if name not in journal.arrays:
            made = train(partial(progress.step, "training masks"))
            journal.keep({name: made.patterns, **{within + part: weight for part, weight in made.weights.items()}})
        pattern = journal.arrays[name]
        weights = {key.removeprefix(within): value for key, value in journal.arrays.items() if key.startswith(within)}
        strength = strongest_strength(order, maker, pattern, turns.choices(), executor, progress)
        scale = Scale(maker, maker.masks(pattern, strength), turns)
        tried.append(Strongest(scale, strength, trials.masked([scale.trial(1.0, shares)] * PUBLISHED_RUNS), weights))
        if np.mean(tried[-1].accuracies) <= enough:
            break
    return min(tried, key=lambda one: float(np.mean(one.accuracies)))


def stopped(
    order: Order, task: Task, evaluator: Evaluator, trials: Trials, maker: Maker, journal: Journal, progress: Progress
) -> tuple[list[Found], dict[float, np.ndarray]]:
    """Masks of every level by Algorithm 1, each trained separately, and what networks retrained on them reach."""

    def surrogate(network: Standardised) -> float:
        return 100 * correct(network, evaluator.test) / len(evaluator.test)

    found, patterns, method = [], {}, order.method
    assert isinstance(method, ClassWise)
    for level in order.levels:
        name = f"pattern {level:g}"
        if name not in journal.arrays:
            about = f"training masks of level {level:g}"
            stopped = method.stopped(task, level, order.tolerance, surrogate, partial(progress.step, about))
            how = "stopped at" if stopped.held else "never stayed near the level, came nearest with"
            progress.say(f"level {level:g}: the surrogate {how} {stopped.accuracy:.1f} %")
            journal.keep({name: stopped.pattern})
        patterns[level] = pattern = journal.arrays[name]
        accuracies = trials.masked(
            [Trial(partial(maker.render, maker.masks(pattern, 1.0), maker.material.folder.labels), level)] * FEWEST_RUNS
        )
        reachable = abs(float(np.mean(accuracies)) - level) <= order.tolerance
        found.append(Found(level=level, share=0.0, accuracies=tuple(accuracies), reachable=reachable))
    return found, patterns
