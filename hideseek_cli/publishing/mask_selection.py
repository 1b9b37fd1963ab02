"""The third stage of ``hide``: masks are trained, and the strongest that keep the images' similarity are chosen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.methods import Attempt, Authorizing, RealPatterns, Task
from hideseek_cli.publishing.attempts import AttemptOutcome, describe_last, find_best
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.budget import CLEAN_RUNS, PUBLISHED_RUNS
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.mask_layout import MaskLayout, lay_out_masks, make_task
from hideseek_cli.publishing.rendering import LevelScale
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.strength import Strength, equalise_similarity, find_greatest_strength
from hideseek_cli.training.accuracy_stats import Estimate


@dataclass(frozen=True)
class CandidateMasks:
    """What is to be published."""

    scale: LevelScale
    strength: Strength
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


@dataclass(frozen=True)
class Selection:
    """What is to be published, and how it was come to."""

    masks: CandidateMasks
    layout: MaskLayout
    """Of these masks: with patterns of each level's own, unless those did not hide."""
    rule: int
    """The number of the method's attempt by which they were trained."""
    attempts: tuple[AttemptOutcome, ...]
    """All that were made, in their order."""

    @property
    def best(self) -> AttemptOutcome:
        """The attempt that made these masks."""
        return self.attempts[find_best(self.attempts)]

    @property
    def shared(self) -> bool:
        """Whether levels that would have had patterns of their own have one in common."""
        return self.best.shared


def select_masks(run: HideRun, baseline: Baseline, layout: MaskLayout, task: Task, kind: str = "") -> Selection:
    """What to publish: masks at the greatest strength that keeps the images' similarity and that the eye does not mind.

    Hidden first: the method's attempts are made in turn, and after them one with patterns that all levels share, until one
    leaves no more than counts as hidden or no runs are left for more. Which of them hides best depends on the images
    (docs/results/2026-11-masks.md). ``kind``: what is said before the name of each attempt.
    """
    attempts = run.config.method.candidates(task)
    total = len(attempts) + layout.divided
    outcomes: list[AttemptOutcome] = []
    for number in range(total):
        if outcomes and outcomes[-1].hides:
            break
        if outcomes and run.session.left < PUBLISHED_RUNS + run.config.budget.after_masks:
            run.progress.say(f"no runs are left for attempt {number + 1} of {total} at masks (`max_runs`)")
            break
        shared = number == len(attempts)
        rule = find_best(outcomes) if shared else number
        one, place = _share(run, baseline, rule) if shared else (attempts[rule], layout)
        masks = evaluate(run, baseline, place, f"{kind}candidate {number}", one)
        hides = baseline.hides(masks.accuracy)
        outcomes.append(
            AttemptOutcome(name=kind + one.name, robust=one.robust, shared=shared, accuracy=masks.accuracy, hides=hides)
        )
        run.progress.say(describe_last(outcomes, total))
        if find_best(outcomes) == number:
            best = Selection(masks, place, rule, ())
    strength = best.masks.strength
    held = f"strength {strength.value:.2f}, as much as {strength.described} allows"
    run.progress.say(f"images to publish ({held}) train to {best.masks.accuracy:.1f} %")
    return replace(best, attempts=tuple(outcomes))


def _share(run: HideRun, baseline: Baseline, best: int) -> tuple[Attempt, MaskLayout]:
    """The attempt that left least, once more with one pattern set for all levels: more images carry each pattern, and so
    networks notice it where classes are small."""
    layout = lay_out_masks(run, baseline, shared=True)
    attempt = run.config.method.candidates(make_task(run, layout))[best]
    return replace(attempt, name=f"{attempt.name}, one pattern of a class for all levels,"), layout


def _train(run: HideRun, name: str, attempt: Attempt) -> tuple[RealPatterns, dict[str, np.ndarray]]:
    """Patterns and weights of an attempt, or what an interrupted run made by it."""
    within, arrays = f"{name} weights ", run.journal.arrays
    if name not in arrays:
        made = attempt.train(partial(run.progress.step, "training masks"))
        run.journal.keep({name: made.patterns, **{within + part: weight for part, weight in made.weights.items()}})
    arrays = run.journal.arrays
    return arrays[name], {key.removeprefix(within): value for key, value in arrays.items() if key.startswith(within)}


def evaluate(run: HideRun, baseline: Baseline, layout: MaskLayout, name: str, attempt: Attempt) -> CandidateMasks:
    """The patterns of an attempt, which the journal has by a name, as strong as similarity and the eye allow, and what networks
    learn from images that carry them.

    Where they seem to hide, as many runs again decide: of several attempts the best of few runs is often one that was lucky.
    """
    patterns, weights = _train(run, name, attempt)
    renderer, choices = layout.renderer, layout.unmasking.choices()
    patterns = equalise_similarity(renderer, patterns, choices, run.executor)
    strength = find_greatest_strength(run.config, renderer, patterns, choices, run.executor, run.progress, run.limit)
    scale = LevelScale(renderer, renderer.masks(patterns, strength.value), layout.unmasking)
    wanted = [scale.make_retraining(1.0, layout.shares)] * PUBLISHED_RUNS
    accuracies = run.session.measure(wanted)
    if baseline.hides(float(np.mean(accuracies))) and run.session.left >= PUBLISHED_RUNS + run.config.budget.after_masks:
        accuracies += run.session.measure(wanted)
    return CandidateMasks(scale, strength, accuracies, weights)


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
