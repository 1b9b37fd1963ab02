"""The page itself, as HTML and as Markdown. Names come from strangers: whatever is put into a page is escaped there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hideseek_cli.errors import count
from hideseek_cli.formats.levels import CHANCE_TOLERANCE, LEVEL_TOLERANCE
from hideseek_cli.reporting import tables
from hideseek_cli.reporting.commands import list_gaps, repeat
from hideseek_cli.reporting.figures import Figure
from hideseek_cli.reporting.findings import Findings, show_tier
from hideseek_cli.reporting.inventory import Listed
from hideseek_cli.reporting.offers import describe_offers
from hideseek_cli.reporting.sentences import describe_time, make_statements
from hideseek_cli.reporting.sheet import Sheet
from hideseek_cli.reporting.style import MARK, PALETTE
from hideseek_cli.reporting.verdicts import is_usual
from hideseek_cli.runtime.printing import make_printable

KEEP = "Keep this report secret: it is the owner's, and shows what helps to undo the masks."
OPEN = "This report may be published: it shows no original, no mask, and nothing of which images carry one."
LEGEND = (
    "A level is the test accuracy, in percent, that networks trained on its folder reach. By hide: calibration, on images that "
    "it held back. By verify: fresh networks, on test images that nobody trained on; its verdict is pass where the accuracy "
    "lies within the tolerance of what was designed. In brackets the 95 % interval and the number of runs, where on record."
)
LOOKS = "MSE and SSIM are of images scaled to 0..1, visibility is FLIP's mean, 0 to 1."
UNUSUAL = f"Not all tolerances are the usual ones: {LEVEL_TOLERANCE:g} points of a level, {CHANCE_TOLERANCE:g} above chance."
PERCENT = re.compile(r"(?<=\d) (?=%)")
MARKDOWN = re.compile(r"[\\`*_\[\]<>|&#~$@!]")
"""What means something in Markdown."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a page is made of."""

    found: Findings
    figures: Sequence[Figure]
    files: Sequence[Listed]
    sheet: Sheet | None
    remarks: Sequence[str]


def render_html(contents: Contents) -> bytes:
    """One file that needs no other."""
    environment = Environment(
        loader=_loader(), autoescape=True, undefined=StrictUndefined, finalize=_escape_control, trim_blocks=False
    )
    style, _, _ = environment.loader.get_source(environment, "page.css")  # type: ignore[union-attr]
    figures = [{**vars(one), "drawn": Markup(one.svg)} for one in contents.figures]
    page = environment.get_template("page.html")
    return page.render(**_prepare(contents), style=Markup(PALETTE + style), figures=figures).encode()


def render_markdown(contents: Contents, images: dict[str, str]) -> bytes:
    """For a pull request. ``images``: the file of each figure that has one, beside the page."""
    environment = Environment(loader=_loader(), undefined=StrictUndefined, finalize=_escape_markdown)
    environment.filters["code"] = lambda text: Markup(make_printable(text))
    figures = [{**vars(one), "file": quote(images.get(one.name, ""))} for one in contents.figures]
    return environment.get_template("page.md").render(**_prepare(contents), figures=figures).encode()


def _loader() -> PackageLoader:
    return PackageLoader("hideseek_cli.reporting", "")


def _escape_control(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return PERCENT.sub("\N{NO-BREAK SPACE}", make_printable(value))


def _escape_markdown(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return MARKDOWN.sub(lambda found: f"&#{ord(found.group())};", make_printable(value))


def _prepare(contents: Contents) -> dict[str, Any]:
    """What both pages say."""
    found = contents.found
    usual = all(is_usual(one) for tier in found.tiers for one in tier.verified if one.promise is not None)
    return {
        "mark": MARK, "found": found, "keep": OPEN if found.public else KEEP, "looks_legend": LOOKS,
        "legend": LEGEND if usual else f"{LEGEND} {UNUSUAL}", "names": tables.NAMES,
        "about": _introduce(found), "offers": describe_offers(found),
        "statements": make_statements(found), "time": describe_time(found), "gaps": list_gaps(found),
        "levels": tables.tabulate_levels(found), "networks": tables.tabulate_networks(found),
        "attacks": [
            {"folder": show_tier(one.tier), "rows": tables.tabulate_attacks(one, found.chance)}
            for one in found.audited if one.attacks
        ],
        "looks": tables.tabulate_looks(found), "worst": tables.tabulate_worst(found),
        "visible": tables.tabulate_visible(found), "recall": tables.tabulate_recall(found),
        "files": tables.tabulate_files(contents.files), "sheet": contents.sheet, "commands": repeat(found),
        "remarks": contents.remarks,
    }  # fmt: skip


def _introduce(found: Findings) -> str:
    """What a release is, for those who have never seen one."""
    sides = f", brought to {found.size} pixels a side," if found.size else ""
    return (
        f"The folder {found.name} shows {count(found.images, 'image')} in {count(len(found.classes), 'class')}{sides} to "
        "everyone; networks that train on it are meant to learn nothing. The buyer of a level gets a cleaner, which makes of "
        "it a folder that trains to that accuracy. No pixel of the published images has moved by more than "
        f"{count(found.epsilon, 'grey level')} of 255."
    )
