"""The masks of a run of ``hide``: those that are published, and the paper's own of each level."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hideseek_cli.core.calibration import Found
from hideseek_cli.core.classifier import correct
from hideseek_cli.core.evaluator import Evaluator
from hideseek_cli.core.networks import Standardised
from hideseek_cli.generator import Generator
from hideseek_cli.journal import Journal
from hideseek_cli.layers import Turns
from hideseek_cli.levels import Maker, Scale, evened, strongest_strength
from hideseek_cli.manifest import Authorized
from hideseek_cli.material import Material
from hideseek_cli.methods import Authorizing, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.network import Network
from hideseek_cli.order import CLEAN_RUNS, FEWEST_RUNS, PUBLISHED_RUNS, Order
from hideseek_cli.progress import Progress
from hideseek_cli.stats import Estimate
from hideseek_cli.trials import Trial, Trials


@dataclass(frozen=True)
class Strongest:
    """What is to be published."""

    scale: Scale
    strength: float
    accuracies: list[float]
    """Of networks trained on it, in percent."""
    weights: dict[str, np.ndarray]
    """What makes noise for other pictures; nothing where the method cannot."""

    def save_generator(self, order: Order, material: Material, release: str) -> Path | None:
        """Write it beside the mask file, where there is one, and say where."""
        if not self.weights:
            return None
        Generator(
            method=order.method.name, epsilon=order.epsilon, strength=self.strength, classes=material.folder.classes,
            release=release, size=material.stack.shape, weights=self.weights,
        ).save(order.generator)  # fmt: skip
        return order.generator


def best_hiding(
    order: Order, maker: Maker, turns: Turns, shares: Sequence[float], task: Task, trials: Trials,
    enough: float, journal: Journal, executor: Executor, progress: Progress,
) -> Strongest:  # fmt: skip
    """What to publish: masks at the greatest strength that keeps the pictures' likeness.

    The method's candidates are tried in turn until one leaves no more than ``enough``; which of them hides best depends
    on the pictures (docs/benchmarks.md). ``shares``: at which levels are expected.
    """
    tried: list[Strongest] = []
    choices = turns.choices()
    for number, train in enumerate(order.method.candidates(task)):
        name = f"candidate {number}"
        within = f"{name} weights "
        if name not in journal.arrays:
            made = train(partial(progress.step, "training masks"))
            journal.keep({name: made.patterns, **{within + part: weight for part, weight in made.weights.items()}})
        pattern = evened(maker, journal.arrays[name], choices, executor)
        weights = {key.removeprefix(within): value for key, value in journal.arrays.items() if key.startswith(within)}
        strength = strongest_strength(order, maker, pattern, choices, executor, progress)
        scale = Scale(maker, maker.masks(pattern, strength), turns)
        tried.append(Strongest(scale, strength, trials.masked([scale.trial(1.0, shares)] * PUBLISHED_RUNS), weights))
        if np.mean(tried[-1].accuracies) <= enough:
            break
    return min(tried, key=lambda one: float(np.mean(one.accuracies)))


@dataclass(frozen=True)
class Allowed:
    """What a network learns that is authorised to."""

    network: Network
    published: Estimate
    clean: Estimate
    """Of the same network, on the clean pictures."""

    @property
    def lost(self) -> float:
        """Points that the masks cost it."""
        return self.clean.mean - self.published.mean

    @property
    def stated(self) -> Authorized:
        """What the manifest says of it."""
        return Authorized(lens=self.network.identity, arch=self.network.arch, accuracy=round(self.published.mean, 2))


def allowed(
    order: Order, strongest: Strongest, shares: Sequence[float], material: Material, trials: Trials, progress: Progress
) -> Allowed | None:
    """What the network learns that an order authorises, for which no picture is masked; None where it authorises none."""
    if not isinstance(order.method, Authorizing):
        return None
    network = order.method.authorized
    about = [network.identity, network.arch, network.seed]
    clean = Trial(material.stack.clean, ["clean by", *about], by=network)
    published = Trial(partial(strongest.scale.render, 1.0, shares), ["published by", *about], by=network)
    found = trials.masked([clean] * CLEAN_RUNS + [published] * PUBLISHED_RUNS)
    on_clean, on_published = (trials.estimate(trials.group(part)) for part in (found[:CLEAN_RUNS], found[CLEAN_RUNS:]))
    progress.say(f"the authorized network trains to {on_published.mean:.1f} %, clean to {on_clean.mean:.1f} %")
    return Allowed(network, published=on_published, clean=on_clean)


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
