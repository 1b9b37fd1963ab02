"""What a file may say, value by value: it may come from a stranger. Each check returns its value, or raises InputError.

Every number of a manifest, a mask file, a cleaner, a generator or a network passes here once, with the range that it has.
"""

from __future__ import annotations

import json
from collections import Counter
from math import inf
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.images.jpeg import PREFIX

MAX_COUNT = 2**40
"""More images, retrainings or masks than anybody has."""
MAX_PRICE, MAX_STRENGTH = 1e12, 1e6
MAX_SEED = 2**32 - 1
"""Of a training; torch takes twice as many bits."""
MIN_SIZE, MAX_SIZE, MAX_SIDE = 8, 1024, 1152
"""Pixels a side to which images are brought for training, and of the longest one that is trained on as it lies in its file
(96x96 pixels in all)."""


def check_sha256(value: object) -> str:
    """A SHA-256 digest in hexadecimals."""
    if not isinstance(value, str) or len(value) != 64 or value.strip("0123456789abcdef"):
        raise InputError(f"{value!r:.80} is no SHA-256 digest")
    return value


def check_digest(value: object) -> str:
    """A SHA-256 digest of an image, over pixels, or with ``jpeg:`` before it over the coefficients of a JPEG."""
    if isinstance(value, str):
        check_sha256(value.removeprefix(PREFIX))
        return value
    return check_sha256(value)


def check_text(value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise InputError(f"{value!r:.80} is no text")
    return value


def check_classes(value: object) -> tuple[str, ...]:
    """The names of classes."""
    if not isinstance(value, list):
        raise InputError(f"{value!r:.80} is no list of classes")
    return tuple(map(check_text, value))


def check_number(value: object, low: float, high: float) -> float:
    """A number within those bounds, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{value!r:.80} is no number from {low:g} to {high:g}")
    return float(value)


def check_percent(value: object) -> float:
    """An accuracy in percent."""
    return check_number(value, 0.0, 100.0)


def check_count(value: object, low: int = 0, high: int = MAX_COUNT) -> int:
    """A whole number within those bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InputError(f"{value!r:.80} is no whole number from {low} to {high}")
    return value


def check_size(value: object) -> int:
    """Pixels a side to which images are brought for training."""
    return check_count(value, MIN_SIZE, MAX_SIZE)


def parse_json(content: bytes) -> Any:
    """A JSON value in UTF-8 that names nothing twice and whose numbers are finite. Raises ValueError and RecursionError."""
    return _DECODER.decode(content.decode("utf-8-sig"))


def _make_object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        (twice, _), *_ = Counter(name for name, _ in members).most_common(1)
        raise ValueError(f"it says twice what its {twice!r:.80} is")
    return found


def _make_number(word: str) -> float:
    number = float(word)
    if not abs(number) < inf:
        raise ValueError(f"{word:.80} is no number")
    return number


_DECODER = json.JSONDecoder(object_pairs_hook=_make_object, parse_float=_make_number, parse_constant=_make_number)
