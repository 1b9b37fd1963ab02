"""Progress that a person sees: bars with a time estimate, and messages, in a terminal or a notebook.

In a terminal all of it goes to standard error. Where standard error is no terminal there are messages and no bars.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from importlib.util import find_spec
from types import TracebackType
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as LiveBars

from hideseek_cli.runtime.printing import make_printable

Own = TypeVar("Own", bound="Bars")

PATIENCE = 1.0
"""Seconds that a task takes before it gets a bar."""
RECENT = 600.0
"""Seconds of a task's past from which the time that is left is estimated: units of some tasks take minutes."""


@dataclass
class _Task:
    """One course of a task, which may have several: each candidate's masks are trained under the same name."""

    begun: float
    course: int = 1
    done: int = 0
    bar: TaskID | None = None
    finished: bool = False

    def is_restarted(self, done: int, total: int) -> bool:
        """Whether those numbers tell of another course."""
        return done < self.done or (self.finished and done < total)


class Bars:
    """A ``Progress`` that shows messages, and bars of tasks that take long; ``quiet`` shows nothing. Use it in ``with``.

    A task that is begun once more gets another bar, named like the first one and numbered: ``training masks (2)``.
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        """``console``: in place of standard error, or of the output of a notebook's cell."""
        self.quiet = quiet
        self.console = console or _open_console()
        self._draws = not quiet and _can_draw(self.console)
        self._tasks: dict[str, _Task] = {}
        self._live: LiveBars | None = None

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Take the bars off the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None
        self._tasks.clear()

    def say(self, message: str) -> None:
        if not self.quiet:
            self.console.print(make_printable(message), highlight=False, markup=False, emoji=False, soft_wrap=True)

    def step(self, task: str, done: int, total: int) -> None:
        if not self._draws:
            return
        now, done, task = time.monotonic(), max(0, done), make_printable(task)
        current = self._tasks.setdefault(task, _Task(now))
        if current.is_restarted(done, total):
            self._remove(current)
            current = self._tasks[task] = _Task(now, current.course + 1)
        current.done, current.finished = done, done >= total
        if current.finished:
            self._remove(current)
        elif now - current.begun >= PATIENCE:
            self._draw(current, task if current.course == 1 else f"{task} ({current.course})", total)

    def _draw(self, task: _Task, name: str, total: int) -> None:
        if self._live is None:
            self._live = _open_live(self.console)
        if task.bar is None:
            task.bar = self._live.add_task(name, total=total, completed=task.done)
        else:
            self._live.update(task.bar, completed=task.done, total=total)

    def _remove(self, task: _Task) -> None:
        """With the last bar goes all that watches the screen: what is printed then is not redrawn."""
        if task.bar is None or self._live is None:
            return
        self._live.remove_task(task.bar)
        task.bar = None
        if not self._live.tasks:
            self._live.stop()
            self._live = None


def _open_console() -> Console:
    """Standard error; in a notebook the output of the cell, where alone bars are drawn."""
    console = Console()
    return console if console.is_jupyter else Console(stderr=True)


def _can_draw(console: Console) -> bool:
    """Whether bars can be drawn: in a terminal that is not dumb, or in a notebook that has widgets."""
    return find_spec("ipywidgets") is not None if console.is_jupyter else console.is_interactive


def _open_live(console: Console) -> LiveBars:
    live = LiveBars(
        TextColumn("{task.description}", markup=False), BarColumn(bar_width=None), MofNCompleteColumn(), TimeRemainingColumn(),
        console=console, transient=True, redirect_stdout=False, speed_estimate_period=RECENT,
    )  # fmt: skip
    live.start()
    return live
