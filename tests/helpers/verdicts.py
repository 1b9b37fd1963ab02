"""What ``verify`` found, made without training."""

from __future__ import annotations

from typing import Any

from hideseek_cli.evaluation.recall import Recall
from hideseek_cli.evaluation.verify_result import Verification
from hideseek_cli.recipe import preset
from hideseek_cli.training.accuracy_stats import estimate


def verification(**options: Any) -> Verification:
    """Of one network; ``options``: fields that are to be others."""
    usual = {
        "found": estimate([50.0, 51.0], 1000), "accuracies": (50.0, 51.0), "level": 50.0, "tolerance": 4.0, "one_sided": False,
        "verdict": "pass", "more": None, "needed": None, "recipe": preset("quick"),
        "seed": 3, "images": 60, "tested": 1000, "kind": "",
        "recall": Recall(percent={"cat": 20.0, "dog": 60.0, "emu": 70.0}, tested={"cat": 250, "dog": 500, "emu": 250}),
    }  # fmt: skip
    return Verification(**{**usual, **options})
