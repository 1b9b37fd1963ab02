"""Levels: one spelling each, from whatever a person or a stranger's file says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.formats.levels import check_level, is_level, spell_level

HOSTILE = (
    "/../../../victim/.config/autostart", "50\x1b[2J", "50\n", "50 ", "+50", "050", "5e1", "1_0", "٥٠", "50.", "50.0", ".5",
    "0", "100", "-1", "nan", "inf", "", "Clean", "published",
)  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_spelt_otherwise_is_no_level(name):
    assert not is_level(name)
    with pytest.raises(InputError, match="is no level"):
        check_level(name)


@given(st.integers(1, 99_999))
def test_every_level_of_three_decimals_has_one_spelling(thousandths):
    level = thousandths / 1000
    name = spell_level(level)
    assert is_level(name) and float(name) == level
    assert spell_level(name) == spell_level(f"{level:.5f}") == name


@pytest.mark.parametrize("level", [0.0, 100.0, -3.0, float("nan"), float("inf"), "high", "../50", "\x1b[1m"])
def test_what_a_person_asks_for_is_a_level_or_refused(level):
    with pytest.raises(InputError, match="is no level"):
        spell_level(level)


def test_digits_that_a_spelling_would_lose_are_refused():
    with pytest.raises(InputError, match=r"more than 6 digits; give 33.3333"):
        spell_level(33.33333333)
