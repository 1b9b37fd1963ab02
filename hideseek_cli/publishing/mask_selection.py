"""The masks of a run of ``hide``: those that are published, and the paper's own of each level."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.methods import Authorizing, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.calibration import Found
from hideseek_cli.publishing.config import CLEAN_RUNS, FEWEST_RUNS, PUBLISHED_RUNS, HideConfig
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer, equalise_similarity, find_strongest_strength
from hideseek_cli.publishing.retraining import Retraining, RetrainingSession
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import Estimate
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.evaluator import Evaluator
from hideseek_cli.training.trainer import count_correct


@dataclass(frozen=True)
class Strongest:
    """What is to be published."""

    scale: LevelScale
    strength: float
    accuracies: list[float]
    """Of networks trained on it, in percent."""
    weights: dict[str, np.ndarray]
    """What makes noise for other images; nothing where the method cannot."""

    def save_generator(self, config: HideConfig, source: SourceDataset, release: str) -> Path | None:
        """Write it beside the mask file, where there is one, and say where."""
        if not self.weights:
            return None
        Generator(
            method=config.method.name, epsilon=config.epsilon, strength=self.strength, classes=source.folder.classes,
            release=release, size=source.stack.shape, weights=self.weights,
        ).save(config.generator)  # fmt: skip
        return config.generator


def select_strongest(
    config: HideConfig, renderer: MaskRenderer, unmasking: UnmaskingOrder, shares: Sequence[float], task: Task,
    session: RetrainingSession, enough: float, journal: Journal, executor: Executor, progress: Progress,
) -> Strongest:  # fmt: skip
    """What to publish: masks at the greatest strength that keeps the images' similarity.

    The method's candidates are tried in turn until one leaves no more than ``enough``; which of them hides best depends
    on the images (docs/results/2026-11-masks.md). ``shares``: at which levels are expected.
    """
    tried: list[Strongest] = []
    choices = unmasking.choices()
    for number, train in enumerate(config.method.candidates(task)):
        name = f"candidate {number}"
        within = f"{name} weights "
        if name not in journal.arrays:
            made = train(partial(progress.step, "training masks"))
            journal.keep({name: made.patterns, **{within + part: weight for part, weight in made.weights.items()}})
        pattern = equalise_similarity(renderer, journal.arrays[name], choices, executor)
        weights = {key.removeprefix(within): value for key, value in journal.arrays.items() if key.startswith(within)}
        strength = find_strongest_strength(config, renderer, pattern, choices, executor, progress)
        scale = LevelScale(renderer, renderer.masks(pattern, strength), unmasking)
        tried.append(Strongest(scale, strength, session.masked([scale.trial(1.0, shares)] * PUBLISHED_RUNS), weights))
        if np.mean(tried[-1].accuracies) <= enough:
            break
    return min(tried, key=lambda one: float(np.mean(one.accuracies)))


@dataclass(frozen=True)
class AuthorizedResult:
    """What a network learns that is authorised to."""

    network: AuthorizedNetwork
    published: Estimate
    clean: Estimate
    """Of the same network, on the clean images."""

    @property
    def lost(self) -> float:
        """Points that the masks cost it."""
        return self.clean.mean - self.published.mean

    @property
    def stated(self) -> Authorized:
        """What the manifest says of it."""
        return Authorized(stem=self.network.identity, arch=self.network.arch, accuracy=round(self.published.mean, 2))


def measure_authorized(
    config: HideConfig,
    strongest: Strongest,
    shares: Sequence[float],
    source: SourceDataset,
    session: RetrainingSession,
    progress: Progress,
) -> AuthorizedResult | None:
    """What the network learns that an order authorises, for which no image is masked; None where it authorises none."""
    if not isinstance(config.method, Authorizing):
        return None
    network = config.method.authorized
    about = [network.identity, network.arch, network.seed]
    clean = Retraining(source.stack.clean, ["clean by", *about], by=network)
    published = Retraining(partial(strongest.scale.render, 1.0, shares), ["published by", *about], by=network)
    found = session.masked([clean] * CLEAN_RUNS + [published] * PUBLISHED_RUNS)
    on_clean, on_published = (session.estimate(session.group(part)) for part in (found[:CLEAN_RUNS], found[CLEAN_RUNS:]))
    progress.say(f"the authorized network trains to {on_published.mean:.1f} %, clean to {on_clean.mean:.1f} %")
    return AuthorizedResult(network, published=on_published, clean=on_clean)


def train_stopped(
    config: HideConfig,
    task: Task,
    evaluator: Evaluator,
    session: RetrainingSession,
    renderer: MaskRenderer,
    journal: Journal,
    progress: Progress,
) -> tuple[list[Found], dict[float, np.ndarray]]:
    """Masks of every level by Algorithm 1, each trained separately, and what networks retrained on them reach."""

    def surrogate(network: Standardised) -> float:
        return 100 * count_correct(network, evaluator.test) / len(evaluator.test)

    found, patterns, method = [], {}, config.method
    assert isinstance(method, ClassWise)
    for level in config.levels:
        name = f"pattern {level:g}"
        if name not in journal.arrays:
            about = f"training masks of level {level:g}"
            stopped = method.stopped(task, level, config.tolerance, surrogate, partial(progress.step, about))
            how = "stopped at" if stopped.held else "never stayed near the level, came nearest with"
            progress.say(f"level {level:g}: the surrogate {how} {stopped.accuracy:.1f} %")
            journal.keep({name: stopped.pattern})
        patterns[level] = pattern = journal.arrays[name]
        accuracies = session.masked(
            [Retraining(partial(renderer.render, renderer.masks(pattern, 1.0), renderer.source.folder.labels), level)]
            * FEWEST_RUNS
        )
        reachable = abs(float(np.mean(accuracies)) - level) <= config.tolerance
        found.append(Found(level=level, share=0.0, accuracies=tuple(accuracies), reachable=reachable))
    return found, patterns
