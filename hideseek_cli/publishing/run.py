"""One run of ``hide``: what is asked for, what it works on, and what every stage of it works with."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch

from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.retraining import RetrainingSession
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.visibility_limit import VisibilityLimit
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.evaluator import Evaluator

DECIDING = Path(__file__).parents[1] / "training"
"""The code that decides what images train to; how they are read is told by what they are."""


@dataclass(frozen=True, kw_only=True)
class HideRun:
    """What every stage has at hand."""

    config: HideConfig
    source: SourceDataset
    master: bytes
    """The key from which all that is secret is derived."""
    device: torch.device
    recipe: Recipe
    """Fitted to the number of images."""
    evaluator: Evaluator
    session: RetrainingSession
    limit: VisibilityLimit
    """What the eye may see of masks."""
    journal: Journal
    executor: Executor
    progress: Progress

    @classmethod
    def begin(
        cls, config: HideConfig, source: SourceDataset, master: bytes, device: torch.device, journal: Journal,
        executor: Executor, progress: Progress,
    ) -> HideRun:  # fmt: skip
        """With nothing retrained yet."""
        recipe = config.recipe.for_images(len(source))
        evaluator = Evaluator(
            source.stack.clean(), source.labels, len(source.folder.classes), recipe, config.seed, device, source.validation,
            cache_folder(), source.taught, source.draw_seed(master, "folds", config.seed), source.siblings[source.taught],
        )  # fmt: skip
        cache = Cache(cache_folder(), {
            "seen": evaluator.digest(), "recipe": recipe.to_json(), "seed": config.seed, "device": str(device),
            "threads": config.threads, "torch": torch.__version__, "code": digest_code(DECIDING),
        })  # fmt: skip
        session = RetrainingSession(
            evaluator, source.folder.chance(), journal, cache, executor, progress, planned=config.budget.most,
            threads=config.threads, kept=config.budget.kept,
        )  # fmt: skip
        return cls(
            config=config, source=source, master=master, device=device, recipe=recipe, evaluator=evaluator, session=session,
            limit=VisibilityLimit.of(config, source, executor, progress), journal=journal, executor=executor, progress=progress,
        )  # fmt: skip
