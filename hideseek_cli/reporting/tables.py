"""Tables of a report: rows of the same columns, of which those with nothing in them are left out."""

from __future__ import annotations

from collections.abc import Sequence

from hideseek_cli.formats.levels import CLEAN
from hideseek_cli.reporting.findings import Audited, Findings, Likeness, Measured, Tier, show_tier
from hideseek_cli.reporting.inventory import Listed
from hideseek_cli.reporting.verdicts import show_tolerance, show_verdict

Table = list[dict[str, str]]
NAMES = ("folder", "attack", "class", "image", "for", "file", "what", "tolerance")
"""Columns of words, which may take several lines."""


def drop_empty(rows: Table) -> Table:
    """The columns in which anything stands."""
    filled = {name for row in rows for name, cell in row.items() if cell}
    return [{name: cell for name, cell in row.items() if name in filled} for row in rows]


def tabulate_levels(found: Findings) -> Table:
    """What is sold, at what price, designed against achieved."""
    return drop_empty([_make_row(one) for one in found.tiers])


def _make_row(tier: Tier) -> dict[str, str]:
    verified = tier.verified[0] if tier.verified else None
    return {
        "folder": show_tier(tier.name) + ("" if tier.reached or tier.name == CLEAN else " (not reached)"),
        "price": "" if tier.price is None else f"{tier.price:g}", "verdict": show_verdict(tier.verdict),
        "designed, %": _show(tier.designed), "tolerance": show_tolerance(verified) if verified else "",
        "by verify, %": _show_measured(verified), "by hide, %": _show_measured(tier.calibrated) or _show(tier.estimate),
        "masked, %": "" if tier.masked_share is None else f"{100 * tier.masked_share:.1f}",
    }  # fmt: skip


def tabulate_looks(found: Findings) -> Table:
    """How like the originals each folder is."""
    rows = [{"folder": show_tier(one.name), **_show_likeness(one.likeness)} for one in found.tiers if one.likeness]
    return drop_empty(rows)


def _show(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def _show_measured(found: Measured | None) -> str:
    return "" if found is None else f"{found.accuracy:.1f} ({found.low:.1f} to {found.high:.1f}; {found.runs})"


def _show_likeness(like: Likeness | None) -> dict[str, str]:
    return {
        "MSE": f"{like.mse:.2e}" if like else "", "SSIM": f"{like.ssim:.4f}" if like else "",
        "visibility": "" if like is None or like.visibility is None else f"{like.visibility:.4f}",
    }  # fmt: skip


def tabulate_networks(found: Findings) -> Table:
    """What each network was verified to learn, where there were several."""
    if all(len(one.verified) < 2 for one in found.tiers):
        return []
    return [
        {
            "folder": show_tier(tier.name), "network": one.network, "verdict": show_verdict(one.verdict) or "nothing promised",
            "tolerance": show_tolerance(one), "accuracy, %": _show_measured(one),
        }
        for tier in found.tiers
        for one in tier.verified
    ]  # fmt: skip


def tabulate_attacks(audited: Audited, chance: float) -> Table:
    """What each attack recovers."""
    return drop_empty([
        {
            "attack": one.name, "recovered, %": "failed" if one.accuracy is None else _show(one.accuracy),
            "clean images, %": _show(one.clean_accuracy),
            "above chance, points": "" if one.accuracy is None else f"{one.accuracy - chance:.1f}",
        }
        for one in audited.attacks
    ])  # fmt: skip


def tabulate_recall(found: Findings) -> Table:
    """Every class, in every folder that was verified."""
    tiers = [(show_tier(one.name), one.verified[0].recall) for one in found.tiers if one.verified and one.verified[0].recall]
    classes = found.order({name for _, recall in tiers for name in recall})
    return [{"class": name, **{f"{tier}, %": _show(recall.get(name)) for tier, recall in tiers}} for name in classes]


def tabulate_worst(found: Findings) -> Table:
    """The images that `metrics` names as least like the originals."""
    return drop_empty([
        {"image": one.name, "folder": show_tier(tier.name), **_show_likeness(one.likeness), "visibility": ""}
        for tier in _list_changed(found)
        for one in tier.worst
    ])  # fmt: skip


def tabulate_visible(found: Findings) -> Table:
    """The images that it names as those whose mask is seen most."""
    return drop_empty([
        {"image": one.name, "folder": show_tier(tier.name), **_show_likeness(one.likeness)}
        for tier in _list_changed(found)
        for one in tier.most_visible
    ])  # fmt: skip


def _list_changed(found: Findings) -> list[Tier]:
    """The clean images are the originals."""
    return [one for one in found.tiers if one.name != CLEAN]


def tabulate_files(files: Sequence[Listed]) -> Table:
    """Whom each is for, sizes and digests."""
    return [{"for": one.whom, "file": one.name, "what": one.what, "size": one.size, "SHA-256": one.sha256} for one in files]
