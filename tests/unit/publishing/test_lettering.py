"""Whatever a class is called, its name can be drawn, and fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.publishing.lettering import FONT, MISSING, shorten, spell


@pytest.mark.parametrize(
    ("name", "spelt"),
    [("cat/001 (2).final_v3", "cat/001 (2).final_v3"), ("café", "cafe"), ("Ångström", "Angstrom"), ("猫/犬", "?/?"),
     ("a\u3000b", "a b"), ("\u0645\u06cc\u200c\u0631", "???"), ("½", "1⁄2")],
)  # fmt: skip
def test_letters_are_kept_accents_lost_and_others_marked(name, spelt):
    assert spell(name) == spelt


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_nothing_is_drawn_that_the_font_lacks(text):
    missing = FONT.getlength(MISSING), bytes(FONT.getmask(MISSING))
    assert all((FONT.getlength(letter), bytes(FONT.getmask(letter))) != missing for letter in spell(text))


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P"]), max_size=300), st.integers(0, 400))
def test_what_is_too_long_loses_its_middle_and_no_more_than_it_must(text, width):
    found = shorten(text, width)
    assert FONT.getlength(found) <= width
    if FONT.getlength(text) <= width and len(text) <= 200:
        assert found == text
    elif found:
        first, last = found.split("…", 1) if "…" not in text else (found, "")
        assert text.startswith(first) and text.endswith(last)
        assert FONT.getlength(found) > width - 40, "as much is kept as there is room for"
