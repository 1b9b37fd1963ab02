"""Data on standard output, messages and progress on standard error."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from hideseek_cli.runtime.tables import format_table

PATIENCE = 1.0
"""Seconds that a task runs before it gets a bar."""


@dataclass
class Terminal:
    """A Progress that shows bars where standard error is a terminal, and messages unless quiet."""

    quiet: bool = False
    begun: float = field(default_factory=time.monotonic)
    started: dict[str, float] = field(default_factory=dict)
    bars: Bars | None = None
    shown: dict[str, Any] = field(default_factory=dict)

    def seconds(self) -> float:
        """Wall-clock time since the command began."""
        return time.monotonic() - self.begun

    def say(self, message: str) -> None:
        if self.quiet:
            return
        if self.bars is not None:
            self.bars.console.print(message, highlight=False, markup=False, soft_wrap=True)
        else:
            typer.echo(message, err=True)

    def step(self, task: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun = self.started.setdefault(task, now)
        if self.quiet or not sys.stderr.isatty() or now - begun < PATIENCE:
            return
        if task not in self.shown:
            if done >= total:
                return
            if self.bars is None:
                columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
                self.bars = Bars(*columns, console=Console(stderr=True), transient=True)
                self.bars.start()
            self.shown[task] = self.bars.add_task(task, total=total)
        if self.bars is not None:
            self.bars.update(self.shown[task], completed=done)
            if done >= total:
                self.bars.remove_task(self.shown.pop(task))

    def close(self) -> None:
        """Take the bars off the screen."""
        if self.bars is not None:
            self.bars.stop()
            self.bars = None


def show(rows: Sequence[Mapping[str, Any]], style: str) -> None:
    """A table on standard output: ``table``, ``markdown``, ``csv`` or ``json``."""
    typer.echo(format_table(rows, style))


def document(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(value, indent=2))
