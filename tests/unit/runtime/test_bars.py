"""What a person sees of progress, on a terminal that is a string."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from rich.console import Console

from hideseek_cli.runtime import bars
from hideseek_cli.runtime.bars import Bars
from hideseek_cli.runtime.progress import Progress

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Bars, Callable[[], list[str]]]]:
    """Bars that show at once, and the lines that were drawn so far, each once."""
    monkeypatch.setattr(bars, "PATIENCE", 0.0)

    def make(*, width: int = 80, terminal: bool = True, environ: dict[str, str] | None = None, quiet: bool = False):
        out = io.StringIO()
        console = Console(
            file=out, width=width, force_terminal=terminal, force_interactive=terminal, force_jupyter=False,
            _environ=environ or {"TERM": "xterm"},
        )  # fmt: skip

        def drawn() -> list[str]:
            lines = ESCAPES.sub("", out.getvalue()).replace("\r", "\n").split("\n")
            return list(dict.fromkeys(line for line in lines if line.strip()))

        shown = Bars(quiet=quiet, console=console)
        shown.raw = out.getvalue
        return shown, drawn

    return make


def run(shown: Bars, task: str, total: int = 3) -> None:
    for done in range(1, total + 1):
        shown.step(task, done, total)


def test_a_task_that_is_begun_again_keeps_its_name_and_is_numbered(screen):
    """Candidate after candidate trains its masks under one name; a bar that merely starts again looks like a fault."""
    shown, drawn = screen()
    with shown:
        for _ in range(3):
            run(shown, "training masks")
            run(shown, "measuring similarity", 9)
            shown.step("training masks", 3, 3)  # said twice
    names = [re.split(" ━| ╸| ╺", line)[0] for line in drawn()]
    assert list(dict.fromkeys(names)) == [
        "training masks", "measuring similarity", "training masks (2)", "measuring similarity (2)", "training masks (3)",
        "measuring similarity (3)",
    ]  # fmt: skip


def test_a_bar_follows_a_total_that_changes_and_a_task_that_is_dropped_half_way(screen):
    shown, drawn = screen()
    with shown:
        shown.step("training masks", -1, 9)
        shown.step("training masks", 2, 10)
        assert shown._live.tasks[0].total == 10 and shown._live.tasks[0].completed == 2
        shown.step("training masks", 1, 9)
        assert [task.description for task in shown._live.tasks] == ["training masks (2)"]
        shown.step("training masks", 9, 9)
        shown.step("training masks", 9, 20)
        assert [task.description for task in shown._live.tasks] == ["training masks (3)"]
    assert "0/9" in drawn()[0]


def test_nothing_watches_the_screen_while_no_bar_is_shown(screen, capsys):
    """Or a result that is printed then would go where the bars are."""
    shown, _ = screen()
    with shown:
        stdout = sys.stdout
        shown.step("reading data", 1, 2)
        assert shown._live is not None and sys.stdout is stdout
        shown.step("reading data", 2, 2)
        assert shown._live is None
        shown.step("reading data", 1, 2)
    assert shown._live is None


def test_short_tasks_have_no_bar(screen, monkeypatch):
    shown, drawn = screen()
    monkeypatch.setattr(bars, "PATIENCE", 60.0)
    with shown:
        run(shown, "reading data")
    assert drawn() == []


def test_messages_are_shown_as_they_are_whatever_the_width(screen):
    shown, drawn = screen(width=30)
    message = "level 30: [bold] :smile: 12.5 % of `epsilon`, in more words than fit in one line"
    with shown:
        shown.say(message)
        shown.step("reading data", 1, 2)
        shown.say(message + " 2")
    assert message in drawn() and message + " 2" in drawn()


@pytest.mark.parametrize("where", [{"terminal": False}, {"environ": {"TERM": "dumb"}, "terminal": None}])
def test_there_are_messages_and_no_bars_where_there_is_no_terminal(screen, where):
    shown, drawn = screen(**where)
    with shown:
        run(shown, "reading data")
        shown.say("said")
    assert drawn() == ["said"] and "\x1b" not in shown.raw()


def test_quiet_shows_nothing(screen):
    shown, drawn = screen(quiet=True)
    with shown:
        run(shown, "reading data")
        shown.say("said")
    assert drawn() == []


@pytest.mark.parametrize(("environ", "coloured"), [({"NO_COLOR": "1"}, False), ({}, True)])
def test_colours_are_left_out_where_they_are_not_wanted(screen, environ, coloured):
    shown, drawn = screen(environ={"TERM": "xterm-256color", **environ})
    with shown:
        shown.step("reading data", 1, 2)
    assert "reading data" in drawn()[0]
    assert bool(re.search(r"\x1b\[[0-9;]*3[0-9][;m]", shown.raw())) == coloured


def test_bars_go_to_standard_error_and_leave_standard_output_to_results():
    code = """
from hideseek_cli.runtime.bars import Bars
with Bars() as bars:
    bars.step("reading", 1, 2)
    bars.say("said")
    print("result")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("result\n", "said\n")
    assert isinstance(Bars(), Progress)
