"""Rows as text, in every style."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.runtime.printing import make_printable
from hideseek_cli.runtime.tables import format_table
from tests.helpers.markdown import read_markdown

ROWS = [{"level": "published", "accuracy %": "12.0"}, {"level": "50", "accuracy %": "50.10"}]


@pytest.mark.parametrize(
    ("style", "first", "last"),
    [
        ("table", "level      accuracy %", "50         50.10"),
        ("markdown", "| level     | accuracy %   |", "| 50        | 50.10        |"),
        ("csv", "level,accuracy %", "50,50.10"),
    ],
)
def test_numbers_stay_as_they_are_written_and_no_newline_ends_it(style, first, last):
    lines = format_table(ROWS, style).split("\n")
    assert lines[0] == first and lines[-1] == last


def test_json_gives_the_rows_back():
    assert json.loads(format_table(ROWS, "json")) == ROWS


HOSTILE = [
    "a|b", "a\\|b", "a\\\\|b\\", "<img src=x onerror=alert(1)>", "![x](http://evil/x.png)", "[x](javascript:x)", "`x`|`",
    "**x**", "~~x~~", "&lt;b&gt;", "</td></tr></table># x", "a\nb | c", "<!--", "_x_ mobilenet_v2", "<https://evil>", "$x$",
    "---", "| - |",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_in_markdown_a_name_is_nothing_but_text(name):
    rows = read_markdown(format_table([{"image": name, name: "1"}, {"image": "2", name: name}], "markdown"))
    shown = make_printable(name)
    assert rows == [["image", shown], [shown, "1"], ["2", shown]]
    assert "$" not in format_table([{"image": name}], "markdown").replace("\\$", ""), "nor mathematics"


@given(st.lists(st.text(st.characters(), max_size=20), min_size=1, max_size=4))
def test_in_markdown_every_text_is_read_as_it_is_printed(cells):
    rows = read_markdown(format_table([{"number": str(at), "cell": cell} for at, cell in enumerate(cells)], "markdown"))
    assert [" ".join(row[1].split()) for row in rows[1:]] == [" ".join(make_printable(cell).split()) for cell in cells]
