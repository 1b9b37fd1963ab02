"""What a manifest may say, value by value: it may come from a stranger. Each check returns its value, or raises InputError."""

from __future__ import annotations

import json
from collections import Counter
from math import inf
from typing import Any

from hideseek_cli.errors import InputError


def check_sha256(value: object) -> str:
    """A SHA-256 digest in hexadecimals."""
    if not isinstance(value, str) or len(value) != 64 or value.strip("0123456789abcdef"):
        raise InputError(f"{value!r:.80} is no SHA-256 digest")
    return value


def check_number(value: object, low: float = -inf, high: float = inf) -> float:
    """A number within those bounds, and no truth value."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InputError(f"{value!r:.80} is no number from {low:g} to {high:g}")
    return float(value)


def check_count(value: object, low: int = 0) -> int:
    """A whole number that is not below ``low``."""
    if isinstance(value, bool) or not isinstance(value, int) or value < low:
        raise InputError(f"{value!r:.80} is no whole number from {low}")
    return value


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
