"""What a reader wants to know first, one sentence each: is it hidden, do the levels hold, what undoes it, as of when."""

from __future__ import annotations

from dataclasses import dataclass

from hideseek_cli.errors import count
from hideseek_cli.reporting.findings import AttackFinding, Findings, Tier, Verified
from hideseek_cli.reporting.verdicts import (
    ANSWERS,
    describe_settling,
    describe_verdict,
    show_measured,
    show_percent,
    show_promise,
)

YES, NO, OPEN = ANSWERS["pass"], ANSWERS["fail"], ANSWERS["inconclusive"]
UNKNOWN = "not measured"


@dataclass(frozen=True)
class Statement:
    """A question, its answer in a few words, and in a sentence."""

    question: str
    answer: str
    sentence: str
    lines: tuple[str, ...] = ()
    """The sentence in parts, each of which stands on a line of its own."""


def make_statements(found: Findings) -> list[Statement]:
    """What stands at the top."""
    told = [describe_hiding(found), describe_levels(found), describe_attacks(found)]
    return told if found.public else [*told, describe_hand_out(found)]


def describe_hiding(found: Findings) -> Statement:
    """Whether the published folder trains to chance."""
    question, tier, chance = "Is it hidden?", found.published, show_percent(found.chance)
    if tier.verified:
        ways = "; ".join(
            f"{one.network}, trained on the published folder, gets {show_measured(one)} of test images right, promised "
            f"{show_promise(one)}{_open(one)}"
            for one in tier.verified
        )
        networks = _list_networks([(one.network, one.epochs) for one in tier.verified])
        answer = _limit(ANSWERS.get(tier.verdict or "", OPEN), found, networks)
        return Statement(question, answer, f"By verify, {ways}. Chance is {chance}.")
    if tier.estimate is not None:
        sentence = (
            f"By hide alone, on images that it held back: a network trained on the published folder gets "
            f"{show_percent(tier.estimate)} right. Chance is {chance}."
        )
        networks = _list_networks([(found.recipe.arch, found.recipe.epochs)])
        return Statement(question, _limit(f"{YES if tier.reached else NO}, unverified", found, networks), sentence)
    return Statement(question, UNKNOWN, f"Nothing is recorded of what the published folder trains to; chance is {chance}.")


def _list_networks(networks: list[tuple[str, int]]) -> str:
    """``a network (slim, 8 epochs)``."""
    which = "; ".join(f"{name}, {count(epochs, 'epoch')}" for name, epochs in networks)
    return f"{'a network' if len(networks) == 1 else count(len(networks), 'network')} ({which})"


def _limit(answer: str, found: Findings, networks: str) -> str:
    """For whom a yes holds, and what it does not hold against; a no holds for all."""
    if not answer.startswith(YES):
        return answer
    best = _find_best(found)
    undone = [] if best is None else [f"{best.name} gives back {show_percent(best.accuracy or 0.0)}"]
    untested = [] if found.audit and found.audit.best else ["attacks are not tested"]
    return "; ".join([f"{answer}, from plain training of {networks}", *undone, *untested])


def _find_best(found: Findings) -> AttackFinding | None:
    """What gives most of all that was tried on the published folder, by `audit` or by `hide`."""
    tried = [*(found.audit.attacks if found.audit else ()), *found.outlives]
    return max((one for one in tried if one.accuracy is not None), key=lambda one: one.accuracy or 0.0, default=None)


def _open(one: Verified) -> str:
    return f" ({describe_settling(one)})" if one.verdict == "inconclusive" else ""


def describe_levels(found: Findings) -> Statement:
    """What each level was designed for, and what it gives."""
    question = "Does every level hold?"
    if not found.levels:
        return Statement(question, "none is sold", "No level is sold but the originals.")
    verified = [one for one in found.levels if one.verified]
    calibrated = [one for one in found.levels if one.reached and not one.verified]
    missed = [one for one in found.levels if not one.reached and not one.verified]
    lines = [
        *(f"Level {line}." for one in verified for line in describe_verdict(one)),
        *(f"Level {one.name}, by calibration alone: measured {_show_tier(one)}." for one in calibrated),
        *(f"Level {one.name}, not reached: the nearest found is {_show_tier(one)}." for one in missed),
    ]
    return Statement(question, _answer_levels(found.levels), " ".join(lines), tuple(lines))


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
    """What recovers most of the published folder: by `audit`, and of common changes of images by `hide`."""
    question, chance, audited = "What undoes it?", show_percent(found.chance), found.audit
    best = audited.best if audited else None
    changes = _describe_changes(found)
    if audited is None or best is None or best.accuracy is None:
        first = next(iter(found.outlives), None)
        answer = f"{first.name}, of what hide tried; attacks are not tested" if first else UNKNOWN
        return Statement(question, answer, f"No audit of the published folder is recorded. {changes}")
    beside = "" if best.clean_accuracy is None else f"clean images give {show_percent(best.clean_accuracy)} that way, and "
    sentence = (
        f"Of {count(len(audited.attacks), 'attack')} {best.name} gives most, {show_percent(best.accuracy)}; {beside}chance is "
        f"{chance}. {changes}"
    )
    return Statement(question, f"{best.name}, of what was tried", sentence)


def _describe_changes(found: Findings) -> str:
    """What greyscale, blur and JPEG give back."""
    if not found.outlives:
        return f"JPEG, blur and greyscale: {UNKNOWN}{' by hide' if found.audit else ''}."
    ways = ", ".join(f"{one.name} gives back {show_percent(one.accuracy or 0.0)}" for one in found.outlives)
    clean = "" if found.clean.estimate is None else f"; clean images give {show_percent(found.clean.estimate)}"
    return f"By hide, on images that it held back: {ways}{clean}. Resizing is not among what hide tries."


def describe_hand_out(found: Findings) -> Statement:
    """Which file is for whom; for the owner."""
    levels = "the cleaner of a level to its buyer" if found.levels else "the cleaner of the originals to its buyer"
    sentence = (
        "Secret stay the key, the mask file, the contact sheet, the record of hide and this report. A record of verify or "
        "metrics may go to whoever has its folder: it names paths of this machine, and that of a level shows which classes are "
        "cleaned."
    )
    return Statement("What do I hand to whom?", f"the published folder to everyone, {levels}", sentence)


def describe_time(found: Findings) -> str:
    """As of which day, by which version and recipe."""
    recipe = f"recipe {found.recipe.name} ({found.recipe.arch}, {count(found.recipe.epochs, 'epoch')})"
    if not found.sources:
        return f"Nothing is recorded but what the manifest says, for {recipe}."
    versions = ", ".join(sorted({one.version for one in found.sources}))
    days = sorted({one.date for one in found.sources})
    since = "" if len(days) == 1 else f" (the oldest record is of {days[0]})"
    return f"As of {days[-1]}{since}, by hideseek {versions}, {recipe}."
