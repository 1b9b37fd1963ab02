"""Data on standard output, messages and progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import typer
from tabulate import tabulate

from hideseek_cli.runtime.bars import Bars


class Terminal(Bars):
    """Bars and messages of a command, and how long it has taken."""

    def __init__(self, *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.begun = time.monotonic()

    def seconds(self) -> float:
        """Wall-clock time since the command began."""
        return time.monotonic() - self.begun


def show(rows: list[dict[str, Any]], style: str) -> None:
    """A table on standard output: ``table``, ``markdown``, ``csv`` or ``json``."""
    if style == "json":
        document(rows)
    elif style == "csv":
        import csv

        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        form = "github" if style == "markdown" else "simple"
        typer.echo(tabulate(rows, headers="keys", tablefmt=form, disable_numparse=True))


def document(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2))
