"""What a reader wants to know first, one sentence each: is it hidden, do the levels hold, what undoes it, as of when."""

from __future__ import annotations

from dataclasses import dataclass

from hideseek_cli.errors import count
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.reporting.findings import Findings, Measured, Tier

YES, NO, OPEN, UNKNOWN = "yes", "no", "not settled", "not measured"
ANSWERS = {"pass": YES, "fail": NO, "inconclusive": OPEN}


@dataclass(frozen=True)
class Statement:
    """A question, its answer in a word or two, and in a sentence."""

    question: str
    answer: str
    sentence: str


def make_statements(found: Findings) -> list[Statement]:
    """What stands at the top."""
    return [describe_hiding(found), describe_levels(found), describe_attacks(found)]


def show_percent(value: float) -> str:
    return f"{value:.1f} %"


def show_measured(found: Measured) -> str:
    """An accuracy with its interval and its runs."""
    return f"{show_percent(found.accuracy)} (95 % interval {found.low:.1f} to {found.high:.1f}, {count(found.runs, 'run')})"


def describe_hiding(found: Findings) -> Statement:
    """Whether the published folder trains to chance."""
    question, tier, chance = "Is it hidden?", found.published, show_percent(found.chance)
    if tier.verified:
        ways = "; ".join(f"{one.network} to {show_measured(one)}" for one in tier.verified)
        answer = ANSWERS.get(tier.verdict or "", OPEN)
        return Statement(question, answer, f"By verify the published folder trains {ways}, and chance is {chance}.")
    if tier.estimate is not None:
        sentence = (
            f"By hide alone, on images that it held back: the published folder trains to {show_percent(tier.estimate)}, and "
            f"chance is {chance}."
        )
        return Statement(question, f"{YES if tier.reached else NO}, unverified", sentence)
    return Statement(question, UNKNOWN, f"Nothing is recorded of what the published folder trains to; chance is {chance}.")


def describe_levels(found: Findings) -> Statement:
    """What each level was designed for, and what it gives."""
    question = "Does every level hold?"
    if not found.levels:
        return Statement(question, "none is sold", "No level is sold but the originals.")
    verified = [one for one in found.levels if one.verified]
    calibrated = [one for one in found.levels if one.reached and not one.verified]
    missed = [one for one in found.levels if not one.reached and not one.verified]
    parts = [
        *_list("by verify, ", [f"{one.name} gives {_show_tier(one)}" for one in verified]),
        *_list("by calibration alone, ", [f"{one.name} gives {_show_tier(one)}" for one in calibrated]),
        *_list("not reached: ", [f"{one.name}, the nearest found is {_show_tier(one)}" for one in missed]),
    ]
    sentence = "; ".join(parts)
    return Statement(question, _answer_levels(found.levels), f"{sentence[:1].upper()}{sentence[1:]}.")


def _list(how: str, ways: list[str]) -> list[str]:
    return [how + ", ".join(ways)] if ways else []


def _show_tier(tier: Tier) -> str:
    return "nothing on record" if tier.measured is None else show_measured(tier.measured)


def _answer_levels(levels: tuple[Tier, ...]) -> str:
    """The worst of all."""
    if any(one.verdict == "fail" or not one.reached for one in levels):
        return NO
    if any(one.verified and one.verdict != "pass" for one in levels):
        return OPEN
    verified = sum(bool(one.verified) for one in levels)
    return YES if verified == len(levels) else f"{YES}, {verified} of {len(levels)} verified"


def describe_attacks(found: Findings) -> Statement:
    """What recovers most of the published folder."""
    question = "What undoes it?"
    audited = next((one for one in found.audited if one.tier == PUBLISHED), None)
    best = audited.best if audited else None
    if audited is None or best is None or best.accuracy is None:
        return Statement(question, UNKNOWN, "No audit of the published folder is recorded.")
    beside = "" if best.clean_accuracy is None else f"clean images give {show_percent(best.clean_accuracy)} that way, and "
    sentence = (
        f"Of {count(len(audited.attacks), 'attack')} {best.name} gives most, {show_percent(best.accuracy)}; {beside}chance is "
        f"{show_percent(found.chance)}."
    )
    return Statement(question, f"{best.name}, of what was tried", sentence)


def describe_time(found: Findings) -> str:
    """As of which day, by which version and recipe."""
    recipe = f"recipe {found.recipe.name} ({found.recipe.arch}, {count(found.recipe.epochs, 'epoch')})"
    if not found.sources:
        return f"Nothing is recorded but what the manifest says, for {recipe}."
    versions = ", ".join(sorted({one.version for one in found.sources}))
    days = sorted({one.date for one in found.sources})
    since = "" if len(days) == 1 else f" (the oldest record is of {days[0]})"
    return f"As of {days[-1]}{since}, by hideseek {versions}, {recipe}."
