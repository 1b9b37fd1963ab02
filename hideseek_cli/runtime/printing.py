"""Text as it is shown to a person. Names of files and classes come from strangers and may hold anything: what would move the
cursor, colour the screen, turn text around or begin a line of its own is shown as it would be written in Python.

>>> make_printable("50\\x1b[2J \\u202egpj.exe, 图片")
'50\\\\x1b[2J \\\\u202egpj.exe, 图片'
"""

from __future__ import annotations


def make_printable(text: str) -> str:
    """A text on one line, of characters that can be printed, in any encoding that has them."""
    return text if text.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)
