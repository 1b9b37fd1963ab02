"""Figures of a release, one function each: accuracy by share, by folder, designed against achieved, by class, by attack.

A chart draws into axes that it is given. What there is nothing to draw of is no chart (``figures.list_figures``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes

from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.reporting.findings import Audited, Findings, Measured, Tier, show_tier
from hideseek_cli.reporting.style import FAINT, INK, PALE, SERIES
from hideseek_cli.runtime.printing import make_printable

LONGEST = 24
"""Letters of a name in a figure."""
DOTS = ("o", "s", "^", "D", "v", "P", "X")
"""Of series that are told apart in grey too."""
APART = 0.27
"""Rows by which the first and the last folder lie beside the row of their class."""


def shorten(name: str) -> str:
    """A stranger's name, as a figure has room for it."""
    text = make_printable(name)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def colour_tiers(found: Findings) -> dict[str, str]:
    """The same colour for a folder in every figure."""
    first, published, clean, *others = SERIES
    levels = cycle((first, *others))
    return {PUBLISHED: published, CLEAN: clean, **{one.name: next(levels) for one in found.levels}}


def draw_curve(axes: Axes, found: Findings) -> None:
    """Share of masked images against accuracy: each retraining, and each folder with its interval."""
    shares = [100 * one.share for one in found.curve]
    axes.plot(shares, [one.accuracy for one in found.curve], "o", ms=4, color=PALE, label="one retraining")
    colours = colour_tiers(found)
    placed = [one for one in found.existing if one.masked_share is not None and one.measured is not None]
    for one in placed:
        assert one.masked_share is not None and one.measured is not None
        _mark(axes, 100 * one.masked_share, one.measured, colours[one.name])
        aside, side = (-7, "right") if one.masked_share > 0.8 else (7, "left")
        axes.annotate(
            show_tier(one.name), (100 * one.masked_share, one.measured.accuracy), (aside, 5), textcoords="offset points",
            fontsize=8, ha=side,
        )  # fmt: skip
    if placed:
        axes.plot([], [], "o", ms=5, color=INK, label="folder, 95 % interval")
    axes.axhline(found.chance, color=FAINT, lw=1, ls="--", label="chance")
    axes.set(xlabel="images that carry the published mask, %", ylabel="test accuracy, %", xlim=(-3, 103), ylim=(0, 100))
    axes.legend(loc="upper right")


def _mark(axes: Axes, x: float, one: Measured, colour: str, shape: str = "o") -> None:
    """A mean with its interval; a square is hollow and large, so that a dot is seen in it."""
    below, above = max(0.0, one.accuracy - one.low), max(0.0, one.high - one.accuracy)
    size, face = (9, "none") if shape == "s" else (5, colour)
    axes.errorbar([x], [one.accuracy], [[below], [above]], fmt=shape, ms=size, mfc=face, capsize=size / 2, color=colour)


def draw_folders(axes: Axes, found: Findings) -> None:
    """What the published folder, each level and the clean images train to."""
    shown = [one for one in found.existing if one.accuracy is not None]
    colours = colour_tiers(found)
    axes.bar(
        range(len(shown)), [one.accuracy or 0.0 for one in shown],
        color=[colours[one.name] for one in shown], width=0.6,
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
    colours = colour_tiers(found)
    first = [("hide", "s", [(one, one.calibrated) for one in promised if one.calibrated])]
    first += [("verify", "o", [(one, each) for one in promised for each in one.verified])]
    for how, shape, marks in first:
        for tier, measured in marks:
            assert tier.designed is not None
            _mark(axes, tier.designed, measured, colours[tier.name], shape)
        if marks:
            axes.plot([], [], shape, ms=8 if shape == "s" else 5, mfc="none" if shape == "s" else INK, color=INK, label=how)
    axes.set(xlabel="designed accuracy, %", ylabel="achieved accuracy, %", xlim=(0, 100), ylim=(0, 100))
    axes.legend(loc="upper left")


def draw_recall(axes: Axes, found: Findings, tiers: Sequence[Tier], classes: Sequence[str]) -> None:
    """Recall of each of those classes, in each folder that was verified; those of a class lie below each other."""
    colours = colour_tiers(found)
    aside = np.linspace(-APART, APART, len(tiers)) if len(tiers) > 1 else [0.0]
    for number, tier in enumerate(tiers):
        recall = tier.verified[0].recall
        axes.plot(
            [recall.get(name, float("nan")) for name in classes], np.arange(len(classes)) + aside[number],
            DOTS[number % len(DOTS)], ms=4, color=colours[tier.name], label=show_tier(tier.name), clip_on=False,
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
        axes.plot(values, [at for at, _ in known], "D", ms=4, color=INK, label="clean images")
    axes.axvline(chance, color=FAINT, lw=1, ls="--", label="chance")
    axes.set_yticks(places, [shorten(one.name) for one in ended])
    axes.set(xlabel="accuracy, %", xlim=(0, 100), ylim=(len(ended) - 0.4, -0.6))
    axes.grid(axis="y", visible=False)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
