"""How levels are written: ``clean``, or a test accuracy in percent in its one spelling.

A level becomes part of the names of files and folders, and a cleaner or a manifest may come from a stranger, so what is
spelt in any other way is no level.

>>> spell_level(50.0), spell_level("62.50"), spell_level("clean")
('50', '62.5', 'clean')
>>> [name for name in ("50", "62.5", "clean", "050", "5e1", "100", "0", "nan", "٥٠", "/../x", "published") if is_level(name)]
['50', '62.5', 'clean']
"""

from __future__ import annotations

import re

from hideseek_cli.errors import InputError

PUBLISHED, CLEAN = "published", "clean"
"""What is no accuracy: the strongest mask, which is no level that is sold, and no mask at all."""
LEVEL_TOLERANCE, CHANCE_TOLERANCE = 4.0, 8.0
"""Points by which an accuracy may miss a level, or pass chance on a published folder, unless told otherwise; `hide` counts a
folder as hidden up to 8 % of what lies above chance."""
DIGITS = 6
"""Significant digits of a level; more would mean nothing."""
_PLAIN = re.compile(r"[0-9]{1,2}(\.[0-9]{1,8})?")


def spell_level(level: float | str) -> str:
    """The one spelling of a level. Raises InputError where it is none, or has more than DIGITS digits."""
    try:
        number = float(level)
    except ValueError:
        number, found = 0.0, str(level)
    else:
        found = f"{number:.{DIGITS}g}"
    if not is_level(found):
        raise InputError(f"{str(level)!r:.80} is no level: give clean, or a number above 0 and below 100, such as 50")
    if found != CLEAN and float(found) != number:
        raise InputError(f"level {level} has more than {DIGITS} digits; give {found}")
    return found


def is_level(name: str) -> bool:
    """Whether that is a level in its one spelling."""
    return name == CLEAN or (_PLAIN.fullmatch(name) is not None and float(name) > 0 and f"{float(name):.{DIGITS}g}" == name)


def check_level(value: object, *others: str) -> str:
    """A level in its one spelling, or one of ``others``. Raises InputError."""
    if not isinstance(value, str) or not (is_level(value) or value in others):
        raise InputError(f"{value!r:.80} is no level")
    return value
