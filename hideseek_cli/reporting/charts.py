"""Figures of a release, one function each: accuracy by share, by folder, designed against achieved, by class, by attack.

A chart draws into axes that it is given. What there is nothing to draw of is no chart (``figures.list_figures``).
"""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.reporting.findings import Audited, Findings, Measured, Tier
from hideseek_cli.reporting.style import FAINT, INK, PALE, SERIES
from hideseek_cli.runtime.printing import make_printable

LONGEST = 24
"""Letters of a name in a figure."""
DOTS = ("o", "s", "^", "D", "v", "P", "X")
"""Of series that are told apart in grey too."""


def shorten(name: str) -> str:
    """A stranger's name, as a figure has room for it."""
    text = make_printable(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def show_tier(name: str) -> str:
    """``published``, ``level 50``, ``clean``."""
    return name if name in (PUBLISHED, CLEAN) else f"level {name}"


def draw_curve(axes: Axes, found: Findings) -> None:
    """Share of masked images against accuracy: each retraining, and each folder with its interval."""
    shares = [100 * one.share for one in found.curve]
    axes.plot(shares, [one.accuracy for one in found.curve], "o", ms=4, color=PALE, label="one retraining")
    placed = [one for one in found.existing if one.masked_share is not None and one.measured is not None]
    for one in placed:
        assert one.masked_share is not None and one.measured is not None
        _mark(axes, 100 * one.masked_share, one.measured, SERIES[0], label="folder, 95 % interval" if one is placed[0] else "")
        axes.annotate(
            one.name, (100 * one.masked_share, one.measured.accuracy), (6, 5), textcoords="offset points", fontsize=8
        )  # fmt: skip
    axes.axhline(found.chance, color=FAINT, lw=1, ls="--", label="chance")
    axes.set(xlabel="images that carry the published mask, %", ylabel="test accuracy, %", xlim=(-3, 103), ylim=(0, 100))
    axes.legend(loc="upper right")


def _mark(axes: Axes, x: float, one: Measured, colour: str, label: str = "") -> None:
    """A mean with its interval."""
    below, above = max(0.0, one.accuracy - one.low), max(0.0, one.high - one.accuracy)
    axes.errorbar([x], [one.accuracy], [[below], [above]], fmt="o", ms=5, capsize=3, color=colour, label=label)


def draw_folders(axes: Axes, found: Findings) -> None:
    """What the published folder, each level and the clean images train to."""
    shown = [one for one in found.existing if one.accuracy is not None]
    colours = {PUBLISHED: SERIES[1], CLEAN: SERIES[2]}
    axes.bar(
        range(len(shown)), [one.accuracy or 0.0 for one in shown],
        color=[colours.get(one.name, SERIES[0]) for one in shown], width=0.6,
    )  # fmt: skip
    for at, one in enumerate(shown):
        top = one.accuracy or 0.0
        if one.measured is not None:
            _mark(axes, float(at), one.measured, INK)
            top = max(top, one.measured.high)
        axes.annotate(f"{one.accuracy:.1f}", (at, top), (0, 4), textcoords="offset points", ha="center", fontsize=8.5)
    axes.axhline(found.chance, color=FAINT, lw=1, ls="--", label="chance")
    axes.set_xticks(range(len(shown)), [show_tier(one.name) for one in shown], rotation=45 if len(shown) > 7 else 0)
    axes.set(ylabel="test accuracy, %", ylim=(0, 108), yticks=range(0, 101, 20))
    axes.grid(axis="x", visible=False)
    axes.legend(loc="upper left")


def draw_levels(axes: Axes, found: Findings) -> None:
    """Accuracy that was designed against that which was achieved."""
    axes.plot([0, 100], [0, 100], color=FAINT, lw=1, ls="--", label="as designed")
    promised = [one for one in found.existing if one.designed is not None]
    first = [("calibration", SERIES[1], -0.8, [(one, one.calibrated) for one in promised if one.calibrated])]
    first += [("verify", SERIES[0], 0.8, [(one, each) for one in promised for each in one.verified])]
    for how, colour, aside, marks in first:
        for number, (tier, measured) in enumerate(marks):
            assert tier.designed is not None
            _mark(axes, tier.designed + aside, measured, colour, label="" if number else f"{how}, 95 % interval")
    axes.set(xlabel="designed accuracy, %", ylabel="achieved accuracy, %", xlim=(0, 100), ylim=(0, 100))
    axes.legend(loc="upper left")


def draw_recall(axes: Axes, tiers: Sequence[Tier], classes: Sequence[str]) -> None:
    """Recall of each of those classes, in each folder that was verified."""
    for number, tier in enumerate(tiers):
        recall = tier.verified[0].recall
        axes.plot(
            [recall.get(name, float("nan")) for name in classes], range(len(classes)), DOTS[number % len(DOTS)], ms=5,
            color=SERIES[number % len(SERIES)], label=show_tier(tier.name), clip_on=False,
        )  # fmt: skip
    axes.set_yticks(range(len(classes)), [shorten(name) for name in classes])
    axes.set(xlabel="recall, % of the class's test images", xlim=(0, 100), ylim=(len(classes) - 0.5, -0.5))
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4)


def draw_attacks(axes: Axes, audited: Audited, chance: float) -> None:
    """What each attack recovers, beside what the same leaves of clean images."""
    ended = [one for one in audited.attacks if one.accuracy is not None]
    places = range(len(ended))
    axes.barh(places, [one.accuracy or 0.0 for one in ended], color=SERIES[1], height=0.62, label="recovered")
    known = [(at, one.clean_accuracy) for at, one in enumerate(ended) if one.clean_accuracy is not None]
    if known:
        values = [value for _, value in known]
        axes.plot(values, [at for at, _ in known], "D", ms=4, color=INK, label="same on clean images")
    axes.axvline(chance, color=FAINT, lw=1, ls="--", label="chance")
    axes.set_yticks(places, [shorten(one.name) for one in ended])
    axes.set(xlabel="test accuracy, %", xlim=(0, 100), ylim=(len(ended) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
