"""Which figures a release has, each with its title, its caption and the words that stand for it where it is not seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.reporting import charts
from hideseek_cli.reporting.findings import Audited, Findings, Tier, show_tier
from hideseek_cli.reporting.style import WIDTH, drawing, save_png, save_svg
from hideseek_cli.reporting.verdicts import show_percent
from hideseek_cli.runtime.printing import make_printable

HEIGHT, ROW, HEAD = 3.7, 0.24, 1.05
"""Inches: of a figure; of a row where names stand below each other, and of all besides the rows."""
MOST = 40
"""Classes in a figure."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One figure of a report."""

    name: str
    """Of its file: ``curve``."""
    title: str
    caption: str
    words: str
    """What it shows, for those who do not see it."""
    svg: str
    png: bytes


def list_figures(found: Findings, *, png: bool) -> list[Figure]:
    """All that there is something to draw of; without ``png`` none is saved as such."""
    with drawing():
        return [one for draw in (_curve, _folders, _levels, _recall, _changes, _attacks) for one in draw(found, png)]


def _make(name: str, title: str, caption: str, words: str, draw: Callable[[Axes], None], png: bool, rows: int = 0) -> Figure:
    canvas = Canvas(figsize=(WIDTH, max(HEIGHT if not rows else 0.0, rows * ROW + HEAD)))
    draw(canvas.add_subplot())
    seen = make_printable(words)
    return Figure(
        name=name, title=title, caption=caption, words=seen, svg=save_svg(canvas, name, seen),
        png=save_png(canvas) if png else b"",
    )  # fmt: skip


def _curve(found: Findings, png: bool) -> Iterator[Figure]:
    if found.curve:
        yield _make(
            "curve", "Accuracy by share of masked images",
            "Test accuracy in percent against the share of images that carry the published mask. Pale dots are single "
            "retrainings of calibration, on images that it held back; those with a name are folders, with 95 % intervals.",
            "; ".join(f"{100 * one.share:.0f} % masked: {show_percent(one.accuracy)}" for one in found.curve[:MOST]),
            lambda axes: charts.draw_curve(axes, found), png,
        )  # fmt: skip


def _folders(found: Findings, png: bool) -> Iterator[Figure]:
    shown = [one for one in found.existing if one.accuracy is not None]
    if shown:
        yield _make(
            "folders", "What each folder trains to",
            "Test accuracy in percent of networks trained on the published folder, on each level and on clean images; by "
            "verify where that was run, by calibration or hide otherwise. Lines on bars are 95 % intervals; without one there "
            "is none on record.",
            "; ".join(f"{show_tier(one.name)}: {show_percent(one.accuracy or 0.0)}" for one in shown),
            lambda axes: charts.draw_folders(axes, found), png,
        )  # fmt: skip


def _levels(found: Findings, png: bool) -> Iterator[Figure]:
    shown = [(one, one.measured) for one in found.existing if one.designed is not None and one.measured is not None]
    if shown:
        yield _make(
            "levels", "Designed against achieved",
            "Test accuracy in percent that each folder was designed for, against what it was measured to give, with 95 % "
            "intervals: squares by hide, dots by verify. The published folder is designed for chance.",
            "; ".join(f"{one.designed:.1f} % designed: {show_percent(known.accuracy)}" for one, known in shown if known),
            lambda axes: charts.draw_levels(axes, found), png,
        )  # fmt: skip


def _recall(found: Findings, png: bool) -> Iterator[Figure]:
    tiers = [one for one in found.tiers if one.verified and one.verified[0].recall]
    if tiers:
        classes = found.order(choose_classes(tiers))
        every = len({name for one in tiers for name in one.verified[0].recall})
        some = f" Of {every} classes, the {MOST} in which folders differ most." if every > MOST else ""
        yield _make(
            "recall", "Recall by class",
            f"Share in percent of each class's test images that networks name rightly, mean over runs of verify.{some}",
            "; ".join(_describe_recall(one) for one in tiers),
            lambda axes: charts.draw_recall(axes, found, tiers, classes), png, rows=len(classes),
        )  # fmt: skip


def choose_classes(tiers: list[Tier]) -> list[str]:
    """Those that are shown: the ones in which folders differ most, first the widest."""
    found: dict[str, list[float]] = {}
    for one in tiers:
        for name, value in one.verified[0].recall.items():
            found.setdefault(name, []).append(value)
    return sorted(found, key=lambda name: (min(found[name]) - max(found[name]), name))[:MOST]


def _describe_recall(tier: Tier) -> str:
    recall = tier.verified[0].recall
    low, high = (choose(recall, key=lambda name: recall[name]) for choose in (min, max))
    ends = f"lowest {low}, {show_percent(recall[low])}, highest {high}, {show_percent(recall[high])}"
    return f"{show_tier(tier.name)}: {ends}"


def _attacks(found: Findings, png: bool) -> Iterator[Figure]:
    for one in found.audited:
        if one.best is not None:
            where = show_tier(one.tier)
            yield _make(
                f"attacks-{one.tier}", f"What attacks recover: {where}",
                "Test accuracy in percent of the last epoch of networks that were trained under each attack; diamonds are the "
                "same attack on clean images, which is all that there is to recover.",
                "; ".join(f"{attack.name}: {show_percent(attack.accuracy or 0.0)}" for attack in one.attacks[:MOST]),
                _draw_attacks(one, found.chance), png, rows=len([each for each in one.attacks if each.accuracy is not None]),
            )  # fmt: skip


def _changes(found: Findings, png: bool) -> Iterator[Figure]:
    if found.outlives:
        tried = Audited(
            tier=PUBLISHED,
            attacks=tuple(replace(one, clean_accuracy=found.clean.estimate) for one in found.outlives),
        )  # fmt: skip
        yield _make(
            "changes", "What common changes of images give back: published",
            "Accuracy in percent, measured by hide on images that it held back, of networks that were trained on the published "
            "folder, and tested, after each change; diamonds are clean images without any.",
            "; ".join(f"{one.name}: {show_percent(one.accuracy or 0.0)}" for one in found.outlives),
            _draw_attacks(tried, found.chance), png, rows=len(found.outlives) + 1,
        )  # fmt: skip


def _draw_attacks(audited: Audited, chance: float) -> Callable[[Axes], None]:
    return lambda axes: charts.draw_attacks(axes, audited, chance)
