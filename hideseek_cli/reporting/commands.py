"""Commands as they are typed: those that were run, and those that would measure what has not been.

>>> spell("seek", {"published": "my folder", "cleaner": "cleaner_k50.safetensors", "resume": False, "out": None})
"hideseek seek 'my folder' cleaner_k50.safetensors"
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hideseek_cli.formats.changes import TRIED
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.reporting.findings import Findings, Tier, Verified, show_tier
from hideseek_cli.reporting.verdicts import describe_settling, is_usual
from hideseek_cli.runtime.printing import make_printable

PLACED = {
    "hide": ("data",), "cleaner": ("masks",), "seek": ("published", "cleaner"), "verify": ("folder",),
    "metrics": ("clean", "other"), "audit": ("folder",), "report": ("release",),
}  # fmt: skip
"""Words of each command that stand without a name."""
SPELT = {"cleaners": "cleaner"}
"""Words that options spell in their own way."""
MORE_IMAGES = "MORE_TEST_IMAGES"
"""Stands for a folder that nobody has yet."""


def spell(command: str, words: Mapping[str, Any]) -> str:
    """A command of those words; what is empty or False is left out."""
    placed, named = [], []
    for name, value in words.items():
        if value is None or value is False or value in ("", [], {}):
            continue
        if name in PLACED[command]:
            placed.append(_quote(value))
            continue
        option = "--" + SPELT.get(name, name).replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            named.append(option if one is True else f"{option} {_quote(one)}")
    return " ".join(["hideseek", command, *placed, *named])


def _quote(value: object) -> str:
    return shlex.quote(make_printable(str(value)))


@dataclass(frozen=True)
class Gap:
    """What has not been measured, and the commands that would."""

    what: str
    commands: tuple[str, ...]


def list_gaps(found: Findings) -> list[Gap]:
    """What a report could say and does not know."""
    return [*_list_gaps_of_hide(found), *_list_gaps_of_verify(found), *_list_gaps_of_audit(found)]


def repeat(found: Findings) -> list[str]:
    """The commands that the report comes from; in a public one with words that fit anybody's folders."""
    if not found.public:
        return [spell(one.command, one.arguments) for one in found.sources]
    told = {
        "verify": lambda tier: verify(found, tier),
        "audit": lambda tier: spell("audit", {"folder": _folder(found, tier), "test": "TEST"}),
    }
    return [told[one.command](one.tier) for one in found.sources if one.command in told]


def verify(found: Findings, tier: str) -> str:
    """How the accuracy of a folder is measured."""
    return spell("verify", {"folder": _folder(found, tier), "test": _given(found, "test", "TEST")})


def seek(found: Findings, level: str) -> list[str]:
    """How a level comes to be where it is not; the owner makes the cleaner first."""
    make = [] if found.public else [spell("cleaner", {"masks": found.masks, "level": level})]
    bought = {"published": found.folders[PUBLISHED], "cleaner": f"cleaner_k{level}.safetensors"}
    return [*make, spell("seek", bought)]


def _folder(found: Findings, tier: str) -> str:
    return found.folders.get(tier, f"cleaned_k{tier}")


def _given(found: Findings, word: str, otherwise: str) -> str:
    """What was given for a word of any command that was run."""
    return next((str(one.arguments[word]) for one in found.sources if one.arguments.get(word)), otherwise)


def _list_gaps_of_hide(found: Findings) -> Iterator[Gap]:
    data = _given(found, "data", "DATA")
    if found.public:
        return
    if not found.has("hide", PUBLISHED):
        told = spell("report", {"release": found.folders[PUBLISHED], "masks": found.masks})
        yield Gap("What hide found, of which there is no record here; say where the mask file lies", (told,))
    if not found.has("metrics", PUBLISHED):
        measure = spell("metrics", {"clean": data, "other": found.folders[PUBLISHED]})
        yield Gap("Which published images differ most from the originals", (measure,))


def _list_gaps_of_verify(found: Findings) -> Iterator[Gap]:
    yield from _list_open(found)
    if not found.published.verified:
        yield Gap("What fresh networks learn from the published folder", (verify(found, PUBLISHED),))
    for one in found.levels:
        if one.reached and not one.verified:
            make = [] if one.name in found.folders else seek(found, one.name)
            yield Gap(f"What fresh networks learn from level {one.name}", (*make, verify(found, one.name)))
    if not found.public and any(_lacks_recall(one) for one in found.tiers):
        lacking = [verify(found, one.name) for one in found.tiers if _lacks_recall(one)]
        yield Gap("Recall by class, which records of an earlier version do not hold", tuple(lacking))


def _list_open(found: Findings) -> Iterator[Gap]:
    """Verdicts that are not settled."""
    for tier in found.tiers:
        for one in tier.verified:
            if one.verdict == "inconclusive":
                yield Gap(f"Whether {show_tier(tier.name)} holds; {describe_settling(one)}", (_settle(found, tier.name, one),))


def _settle(found: Findings, tier: str, one: Verified) -> str:
    """How a verdict that is open is settled, by the same yardstick."""
    more = one.runs + one.more_runs if one.more_runs else None
    return spell("verify", {
        "folder": _folder(found, tier), "test": _given(found, "test", "TEST") if more else MORE_IMAGES, "runs": more,
        "tolerance": None if is_usual(one) else f"{one.tolerance:g}",
    })  # fmt: skip


def _lacks_recall(tier: Tier) -> bool:
    return any(not one.recall for one in tier.verified)


def _list_gaps_of_audit(found: Findings) -> Iterator[Gap]:
    words = {
        "folder": found.folders[PUBLISHED], "test": _given(found, "test", "TEST"), "clean": _given(found, "data", "DATA")
    }  # fmt: skip
    audited = found.audit
    if not found.outlives and not {one.name for one in (audited.attacks if audited else ())} & {*TRIED}:
        tried = {"folder": words["folder"], "test": words["test"], "attacks": ",".join(TRIED)}
        yield Gap("What JPEG, blur and greyscale give back of the published folder", (spell("audit", tried),))
    if audited is None:
        words |= {"clean": ""} if found.public else {}
        yield Gap("What attacks recover from the published folder", (spell("audit", words),))
    elif not found.public and all(one.clean_accuracy is None for one in audited.attacks):
        yield Gap("What the same attacks leave of clean images", (spell("audit", words),))
