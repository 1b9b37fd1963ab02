"""Rows as text, in every style."""

from __future__ import annotations

import json

import pytest

from hideseek_cli.runtime.tables import format_table

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
