"""Text of strangers in Markdown, and tables of it.

>>> escape("a|b <img src=x> [c](http://d) `e`")
'a\\\\|b \\\\<img src\\\\=x\\\\> \\\\[c\\\\]\\\\(http\\\\:\\\\/\\\\/d\\\\) \\\\`e\\\\`'
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Sequence

from hideseek_cli.runtime.printing import make_printable

PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")


def escape(text: str) -> str:
    """A text that is shown as it is: no mark-up, no link and no HTML comes of it, and it stays on its line."""
    return PUNCTUATION.sub(r"\\\1", make_printable(text))


def tabulate(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of what is escaped here."""
    lines = [head, ["---"] * len(head), *([escape(str(cell)) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
