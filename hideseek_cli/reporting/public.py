"""What of each record may be published: a list of what is let through, so that what is new stays at home.

Shares, strengths and similarity of a level say how many of its images carry masks, recalls and worst images say which;
audits of a level tell what its buyer can reach; arguments hold paths of the owner's machine.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.formats.record import Record

MEASURED = ("accuracy", "low", "high", "runs", "level", "tolerance", "one_sided", "verdict", "recipe", "kind",
            "tested", "more_runs", "test_images_needed")  # fmt: skip
SIMILARITY = ("images", "mse", "ssim", "linf", "visibility")
LET_THROUGH: dict[str, tuple[str, ...]] = {
    "hide": ("clean_accuracy", "published_accuracy", "published_at_chance", "classes", "outlives", *SIMILARITY),
    "verify": MEASURED,
    "metrics": SIMILARITY,
}
EMPTY: dict[str, dict[str, Any]] = {"hide": {"levels": [], "curve": []}, "verify": {"recall": {}}}
"""What a record must have, and here has nothing in."""
ATTACK = ("attack", "accuracy", "clean_accuracy")


def make_public(record: Record) -> Record | None:
    """What is left of a record; None where that is nothing."""
    if record.command in ("metrics", "audit") and record.level != PUBLISHED:
        return None
    results = [_let_through(record.command, one) for one in record.results]
    return replace(record, arguments={}, result=results if isinstance(record.result, list) else results[0])


def _let_through(command: str, result: dict[str, Any]) -> dict[str, Any]:
    if command == "audit":
        return {"attacks": [{name: one.get(name) for name in ATTACK} for one in result["attacks"]]}
    kept = {name: result[name] for name in LET_THROUGH[command] if name in result}
    return {**kept, **EMPTY.get(command, {})}
