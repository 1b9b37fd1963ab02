"""What ``verify`` found, made without training."""

from __future__ import annotations

from typing import Any

from hideseek_cli.evaluation.verify_result import Verification
from hideseek_cli.recipe import preset
from hideseek_cli.training.accuracy_stats import estimate


def verification(**options: Any) -> Verification:
    """Of one network; ``options``: fields that are to be others."""
    usual = {
        "found": estimate([50.0, 51.0], 1000), "accuracies": (50.0, 51.0), "level": 50.0, "tolerance": 8.0, "one_sided": False,
        "verdict": "pass", "more": None, "recipe": preset("quick"), "seed": 3, "images": 60, "tested": 1000, "kind": "",
    }  # fmt: skip
    return Verification(**{**usual, **options})
