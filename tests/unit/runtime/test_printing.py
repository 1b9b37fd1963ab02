"""What strangers' names may do on a screen: nothing."""

from __future__ import annotations

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hideseek_cli.runtime.bars import Bars
from hideseek_cli.runtime.printing import make_printable
from hideseek_cli.runtime.tables import format_table

HOSTILE = "a\x1b[2J\x1b]0;x\x07\x9b1m\u202e|b\nhideseek: exact\r\udcff"


@given(st.text())
def test_what_is_shown_is_one_line_that_can_be_printed(text):
    assert make_printable(text).isprintable()
    assert not text.isprintable() or make_printable(text) == text


@pytest.mark.parametrize("style", ["table", "markdown", "csv"])
def test_a_cell_ends_where_it_should(style):
    lines = format_table([{"row": "1", "image": HOSTILE}], style).split("\n")
    assert len(lines) == {"table": 3, "markdown": 3, "csv": 2}[style]
    assert all(line.isprintable() for line in lines)
    if style == "markdown":
        assert all(line.replace("\\|", "").count("|") == 3 for line in lines)


def test_messages_and_bars_show_names_as_they_would_be_written():
    screen = StringIO()
    bars = Bars(console=Console(file=screen, force_terminal=True, color_system=None, width=200))
    with bars:
        bars.say(f"passed over: {HOSTILE}")
    assert HOSTILE[:3] not in screen.getvalue() and screen.getvalue().count("\n") == 1
