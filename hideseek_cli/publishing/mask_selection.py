"""The third stage of ``hide``: masks are trained, and the strongest that keep the images' similarity are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.methods import Authorizing, RealPatterns, Task, Training
from hideseek_cli.publishing.config import CLEAN_RUNS, PUBLISHED_RUNS, HideConfig
from hideseek_cli.publishing.mask_layout import MaskLayout
from hideseek_cli.publishing.rendering import LevelScale
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.strength import Strength, equalise_similarity, find_greatest_strength
from hideseek_cli.publishing.visibility_limit import VisibilityLimit
from hideseek_cli.training.accuracy_stats import Estimate


@dataclass(frozen=True)
class CandidateMasks:
    """What is to be published."""

    scale: LevelScale
    strength: Strength
    visibility_limit: float
    """What the eye may see of it, on average over the images (FLIP)."""
    accuracies: list[float]
    """Of networks trained on it, in percent."""
    weights: dict[str, np.ndarray]
    """What makes noise for other images; nothing where the method cannot."""

    @property
    def accuracy(self) -> float:
        """The mean of theirs."""
        return float(np.mean(self.accuracies))

    def save_generator(self, config: HideConfig, source: SourceDataset, release: str) -> Path | None:
        """Write it beside the mask file, where there is one, and say where."""
        if not self.weights:
            return None
        Generator(
            method=config.method.name, epsilon=config.epsilon, strength=self.strength.value, classes=source.folder.classes,
            release=release, size=source.stack.shape, weights=self.weights,
        ).save(config.generator)  # fmt: skip
        return config.generator


def select_masks(run: HideRun, layout: MaskLayout, task: Task, enough: float) -> CandidateMasks:
    """What to publish: masks at the greatest strength that keeps the images' similarity and that the eye does not mind.

    The method's candidates are tried in turn until one leaves no more than ``enough`` percent; which of them hides best
    depends on the images (docs/results/2026-11-masks.md).
    """
    limit = VisibilityLimit.of(run.config, run.source, run.executor, run.progress)
    tried: list[CandidateMasks] = []
    for number, training in enumerate(run.config.method.candidates(task)):
        patterns, weights = _train(run, f"candidate {number}", training)
        tried.append(_evaluate_candidate(run, layout, limit, patterns, weights))
        if tried[-1].accuracy <= enough:
            break
    best = min(tried, key=lambda one: one.accuracy)
    held = f"strength {best.strength.value:.2f}, as much as {best.strength.described} allows"
    run.progress.say(f"images to publish ({held}) train to {best.accuracy:.1f} %")
    return best


def _train(run: HideRun, name: str, training: Training) -> tuple[RealPatterns, dict[str, np.ndarray]]:
    """Patterns and weights of a training, or what an interrupted run made by it."""
    within, arrays = f"{name} weights ", run.journal.arrays
    if name not in arrays:
        made = training(partial(run.progress.step, "training masks"))
        run.journal.keep({name: made.patterns, **{within + part: weight for part, weight in made.weights.items()}})
    arrays = run.journal.arrays
    return arrays[name], {key.removeprefix(within): value for key, value in arrays.items() if key.startswith(within)}


def _evaluate_candidate(
    run: HideRun, layout: MaskLayout, limit: VisibilityLimit, patterns: RealPatterns, weights: dict[str, np.ndarray]
) -> CandidateMasks:
    """These patterns as strong as similarity and the eye allow, and what networks learn from images that carry them."""
    renderer, choices = layout.renderer, layout.unmasking.choices()
    patterns = equalise_similarity(renderer, patterns, choices, run.executor)
    strength = find_greatest_strength(run.config, renderer, patterns, choices, run.executor, run.progress, limit)
    scale = LevelScale(renderer, renderer.masks(patterns, strength.value), layout.unmasking)
    accuracies = run.session.measure([scale.make_retraining(1.0, layout.shares)] * PUBLISHED_RUNS)
    return CandidateMasks(scale, strength, limit.mean, accuracies, weights)


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


def measure_authorized(run: HideRun, layout: MaskLayout, strongest: CandidateMasks) -> AuthorizedResult | None:
    """What the network learns that an owner authorises, for which no image is masked; None where there is none."""
    if not isinstance(run.config.method, Authorizing):
        return None
    network, session = run.config.method.authorized, run.session
    about = [network.identity, network.arch, network.seed]
    clean = Retraining(run.source.stack.clean, ["clean by", *about], by=network)
    published = Retraining(partial(strongest.scale.render, 1.0, layout.shares), ["published by", *about], by=network)
    found = session.measure([clean] * CLEAN_RUNS + [published] * PUBLISHED_RUNS)
    on_clean, on_published = (session.estimate(session.note_group(part)) for part in (found[:CLEAN_RUNS], found[CLEAN_RUNS:]))
    run.progress.say(f"the authorized network trains to {on_published.mean:.1f} %, clean to {on_clean.mean:.1f} %")
    return AuthorizedResult(network, published=on_published, clean=on_clean)
