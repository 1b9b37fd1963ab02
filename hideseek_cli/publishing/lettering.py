"""Text on images, in the font that Pillow brings: what it has no letters for is spelt as well as can be.

>>> spell("Café/Œuvre 猫 №3"), shorten("a name that is longer than its place", 120)
('Cafe/?uvre ? No3', 'a name th…its place')
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from PIL import ImageFont

FONT = ImageFont.load_default(13)
LINE = 18
"""Pixels from a line of it to the next."""
UNKNOWN = "?"
MISSING = "\uffff"
"""A letter that no font has."""
MOST = 200
"""Letters of a text that are looked at."""


def spell(text: str) -> str:
    """The text in letters that the font has: without accents, and UNKNOWN in place of what is none of its letters."""
    return "".join(map(_spell_letter, text))


@lru_cache(maxsize=4096)
def _spell_letter(letter: str) -> str:
    if _has(letter):
        return letter
    parts = unicodedata.normalize("NFKD", letter)
    silent = unicodedata.category(letter) in ("Mn", "Me", "Cf")
    return "".join(filter(_has, parts)) or ("" if silent else UNKNOWN)


def _has(letter: str) -> bool:
    """Whether the font has it: all that it has not looks alike."""
    ours, none = FONT.getmask(letter), FONT.getmask(MISSING)
    return FONT.getlength(letter) != FONT.getlength(MISSING) or ours.size != none.size or bytes(ours) != bytes(none)


def shorten(text: str, width: int) -> str:
    """The text, with letters left out in its middle where it is wider than so many pixels."""
    if len(text) <= MOST and FONT.getlength(text) <= width:
        return text
    for kept in range(min(MOST, len(text)), 0, -1):
        short = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
        if FONT.getlength(short) <= width:
            return short
    return ""
