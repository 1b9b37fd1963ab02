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
from hideseek_cli.reporting import tables
from hideseek_cli.reporting.charts import show_tier
from hideseek_cli.reporting.commands import list_gaps, repeat
from hideseek_cli.reporting.figures import Figure
from hideseek_cli.reporting.findings import Findings
from hideseek_cli.reporting.inventory import Listed
from hideseek_cli.reporting.sentences import describe_time, make_statements
from hideseek_cli.reporting.sheet import Sheet
from hideseek_cli.reporting.style import MARK, PALETTE
from hideseek_cli.runtime.printing import make_printable

KEEP = "Keep this report secret: it is the owner's, and shows what helps to undo the masks."
OPEN = "This report may be published: it shows no original, no mask, and nothing of which images carry one."
LEGEND = (
    "Accuracies in percent, with the 95 % interval and the number of runs behind them in brackets where they are on record. "
    "MSE and SSIM are of images scaled to 0..1, visibility is FLIP's mean, 0 to 1."
)
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
    return value if isinstance(value, Markup) or not isinstance(value, str) else make_printable(value)


def _escape_markdown(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return MARKDOWN.sub(lambda found: f"&#{ord(found.group())};", make_printable(value))


def _prepare(contents: Contents) -> dict[str, Any]:
    """What both pages say."""
    found = contents.found
    sides = f", brought to {found.size} pixels a side" if found.size else ""
    return {
        "mark": MARK, "found": found, "keep": OPEN if found.public else KEEP, "legend": LEGEND, "names": tables.NAMES,
        "about": f"{count(found.images, 'image')} in {count(found.classes, 'class')}{sides}; no pixel moves by more than "
        f"{count(found.epsilon, 'grey level')}.",
        "statements": make_statements(found), "time": describe_time(found), "gaps": list_gaps(found),
        "levels": tables.tabulate_levels(found), "networks": tables.tabulate_networks(found),
        "attacks": [
            {"folder": show_tier(one.tier), "rows": tables.tabulate_attacks(one, found.chance)}
            for one in found.audited if one.attacks
        ],
        "worst": tables.tabulate_worst(found), "recall": tables.tabulate_recall(found),
        "files": tables.tabulate_files(contents.files), "sheet": contents.sheet, "commands": repeat(found),
        "remarks": contents.remarks,
    }  # fmt: skip
