"""Rows as text: a table for people, Markdown, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from tabulate import tabulate

from hideseek_cli.runtime.printing import make_printable

STYLES = {"table": "simple", "markdown": "github"}
"""What tabulate calls the styles that it draws; besides these there are ``csv`` and ``json``."""
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
MARKUP = re.compile(r"[\\<>&|`*_~$\[\]]")
"""What GitHub takes for the end of a cell, HTML, code, emphasis, mathematics, links or images."""


def format_table(rows: Sequence[Mapping[str, Any]], style: str = "table") -> str:
    """Rows of the same columns as ``table``, ``markdown``, ``csv`` or ``json``, without a newline at the end.

    >>> format_table([{"level": "50", "runs": "4"}], "csv")
    'level,runs\\n50,4'
    """
    if style == "json":
        return json.dumps(list(rows), indent=2)
    if style == "csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: make_printable(str(cell)) for name, cell in row.items()} for row in rows)
        return text.getvalue().removesuffix("\n")
    cells = [{_show(name, style): _show(cell, style) for name, cell in row.items()} for row in rows]
    return tabulate(cells, headers="keys", tablefmt=STYLES[style], disable_numparse=True)


def _show(cell: Any, style: str) -> str:
    """A cell on one line, which ends where it should; in Markdown all that it says is text, and no markup, link or HTML."""
    text = make_printable(str(cell))
    return MARKUP.sub(_escape, text) if style == "markdown" else text


def _escape(match: re.Match[str]) -> str:
    """HTML needs entities; the rest takes a backslash."""
    return ENTITIES.get(match[0], f"\\{match[0]}")
