"""Verdicts of `verify` in words: what was promised, how far it may be missed, and what would settle what is open."""

from __future__ import annotations

from hideseek_cli.errors import count
from hideseek_cli.formats.levels import CHANCE_TOLERANCE, LEVEL_TOLERANCE
from hideseek_cli.reporting.findings import Measured, Tier, Verified

ANSWERS = {"pass": "yes", "fail": "no", "inconclusive": "not settled"}
"""Whether a promise is kept."""


def show_verdict(verdict: str | None) -> str:
    """As a cell of a table; nothing where there is none."""
    return ANSWERS["inconclusive"] if verdict == "inconclusive" else verdict or ""


def show_percent(value: float) -> str:
    return f"{value:.1f} %"


def show_measured(found: Measured) -> str:
    """An accuracy with its interval and its runs."""
    return f"{show_percent(found.accuracy)} (95 % interval {found.low:.1f} to {found.high:.1f}, {count(found.runs, 'run')})"


def is_usual(one: Verified) -> bool:
    """Whether it was judged as `verify` does unless told otherwise."""
    return one.tolerance == (CHANCE_TOLERANCE if one.one_sided else LEVEL_TOLERANCE)


def show_tolerance(one: Verified) -> str:
    """``± 4 points``, ``+ 10 points (usual: 8)``; nothing where nothing was promised."""
    if one.promise is None:
        return ""
    usual = "" if is_usual(one) else f" (usual: {CHANCE_TOLERANCE if one.one_sided else LEVEL_TOLERANCE:g})"
    return f"{'+' if one.one_sided else '±'} {one.tolerance:g} points{usual}"


def show_promise(one: Verified) -> str:
    """``60 ± 4 points``, ``at most chance + 10 points (usual: 8)``."""
    if one.promise is None:
        return "nothing"
    return f"{'at most chance' if one.one_sided else f'{one.promise:g}'} {show_tolerance(one)}"


def describe_verdict(tier: Tier) -> list[str]:
    """A sentence of each network: what was measured, what was promised, whether that is kept, and why it is not settled."""
    return [_describe(tier, one) for one in tier.verified]


def _describe(tier: Tier, one: Verified) -> str:
    by = "" if len(tier.verified) == 1 else f" with {one.network}"
    answer = "" if one.verdict is None else f": {ANSWERS.get(one.verdict, one.verdict)}"
    why = f"; {describe_settling(one)}" if one.verdict == "inconclusive" else ""
    return f"{tier.name}, by verify{by}: measured {show_measured(one)}, promised {show_promise(one)}{answer}{why}"


def describe_settling(one: Verified) -> str:
    """What would settle an inconclusive verdict."""
    if one.more_runs:
        return f"the interval is too wide, and about {count(one.more_runs, 'more run')} would settle it"
    images = "these test images" if one.tested is None else f"these {count(one.tested, 'test image')}"
    if one.test_images_needed:
        enough = count(one.test_images_needed, "image")
        return f"the interval is too wide, and no number of runs on {images} would settle it; {enough} would"
    return f"the accuracy lies near the end of what is allowed; more than {images}, or a wider tolerance, may settle it"
