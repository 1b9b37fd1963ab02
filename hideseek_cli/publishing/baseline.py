"""The first stage of ``hide``: what the clean folder trains to, which bounds what can be sold."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from hideseek_cli.errors import InputError, count
from hideseek_cli.publishing.retraining import describe_duration, estimate_duration
from hideseek_cli.publishing.run import HideRun

HIDDEN = 0.08
"""The published folder counts as hidden where at most this share is left of what the clean one gives above chance."""
LONGER = "choose a recipe that trains longer"


@dataclass(frozen=True)
class Baseline:
    """Accuracies in percent between which everything lies."""

    accuracies: list[float]
    """Of retrainings on the clean folder."""
    chance: float
    learns: bool
    """Whether networks are seen to learn anything."""

    @property
    def ceiling(self) -> float:
        """What can be sold at most."""
        return float(np.mean(self.accuracies))

    @property
    def hidden_at(self) -> float:
        """What a folder may train to and still count as hidden."""
        return self.chance + HIDDEN * (self.ceiling - self.chance)

    def hides(self, accuracy: float) -> bool:
        """Whether a folder that trains to so much, in percent, counts as hidden."""
        return accuracy <= self.hidden_at


def measure_clean(run: HideRun) -> Baseline:
    """Say what is about to be done, and retrain on the clean folder. Raises InputError for a level above what it gives."""
    _announce(run)
    accuracies = run.session.measure_clean(run.source.stack.clean())
    chance = run.source.folder.chance()
    found = Baseline(accuracies, chance, learns=run.session.estimate(accuracies).interval()[0] > chance)
    run.progress.say(f"the clean folder trains to {found.ceiling:.1f} %, chance, the largest class, is {found.chance:.1f} %")
    if not found.learns:
        run.progress.say(f"networks learn next to nothing from it, so nothing can be said of what masks hide; {LONGER}")
    for level in run.config.levels:
        if level > found.ceiling + run.config.tolerance:
            advice = f"sell at most {floor(found.ceiling)}, or {LONGER}" if found.learns else LONGER
            raise InputError(f"level {level:g} is above the clean accuracy, {found.ceiling:.1f} % with this recipe; {advice}")
    return found


def _announce(run: HideRun) -> None:
    """What is trained on, how and for how long."""
    config, source, recipe = run.config, run.source, run.recipe
    duration = describe_duration(*estimate_duration(config, run.evaluator.clean, recipe, run.executor))
    if len(source.stack) < len(source):
        run.progress.say(
            f"{len(source.stack)} of {count(len(source), 'image')} are trained on (`train_images`); what the others would add "
            "to accuracies is extrapolated"
        )
    run.progress.say(
        f"{count(len(source), 'image')}, {count(len(source.folder.classes), 'class')}; recipe {recipe.name} on {run.device}: "
        f"{recipe.arch}, {count(recipe.epochs, 'epoch')}; at most {count(config.budget.most, 'retraining')}, "
        f"{duration}"
    )
