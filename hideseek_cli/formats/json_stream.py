"""JSON as from a stranger, read value by value: no more is in memory than the value that is being read.

>>> import io
>>> scanner = Scanner(io.BytesIO(b'{"a": [1, 2], "b": {"c": "d"}}'))
>>> {name: scanner.value() for name in scanner.members()}
{'a': [1, 2], 'b': {'c': 'd'}}
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from typing import Any

CHUNK = 2**16
"""Bytes that are read at once."""
MOST, MOST_STRING = 2**23, 2**16
"""Characters of a value, and of a string that is read by itself."""
SPACE = re.compile(r"[ \t\n\r]*")
DECODER = json.JSONDecoder()


class MalformedError(ValueError):
    """What is read is no JSON, or has a value that is larger than any of ours."""


class Scanner:
    """Values of a JSON text in UTF-8, one after the other."""

    def __init__(self, file: io.BufferedIOBase) -> None:
        self.file, self.decoder = file, codecs.getincrementaldecoder("utf-8-sig")()
        self.text, self.at, self.ended = "", 0, False

    def mark(self) -> str:
        """The next character that is no white space, which stays; none where the text ends."""
        while True:
            self.at = SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text):
                return self.text[self.at]
            if not self._more():
                return ""

    def take(self, expected: str) -> str:
        """The next character, which must be one of those. Raises MalformedError."""
        found = self.mark()
        if not found or found not in expected:
            raise MalformedError(f"{found!r} in place of one of {expected!r}" if found else "it ends too early")
        self.at += 1
        return found

    def value(self, most: int = MOST) -> Any:
        """The next value. Raises MalformedError."""
        self.mark()
        while True:
            try:
                found, end = DECODER.raw_decode(self.text, self.at)
            except RecursionError as error:
                raise MalformedError("it is nested too deeply") from error
            except ValueError as error:
                if self.ended:
                    raise MalformedError(getattr(error, "msg", str(error))) from error
            else:
                if end + len("e+") < len(self.text) or self.ended:  # a number may go on behind what was read so far
                    self.at = end
                    return found
            if len(self.text) - self.at > most:
                raise MalformedError(f"a value is no JSON, or has more than {most} characters")
            self._more()

    def string(self) -> str:
        """The next value, a short string. Raises MalformedError."""
        found = self.value(MOST_STRING)
        if not isinstance(found, str):
            raise MalformedError("a name is no string")
        return found

    def members(self) -> Iterator[str]:
        """The names of the next value, an object; what each names is to be read before the next is asked for."""
        self.take("{")
        if self.mark() == "}":
            self.take("}")
            return
        while True:
            name = self.string()
            self.take(":")
            yield name
            if self.take(",}") == "}":
                return

    def end(self) -> None:
        """Raises MalformedError where more follows."""
        if self.mark():
            raise MalformedError("more follows behind its end")

    def _more(self) -> bool:
        """Read on, twice as far each time that one value needs it; False where the text has ended."""
        if self.ended:
            return False
        raw = self.file.read(max(CHUNK, len(self.text) - self.at))
        self.ended = not raw
        try:
            self.text, self.at = self.text[self.at :] + self.decoder.decode(raw, self.ended), 0
        except UnicodeDecodeError as error:
            raise MalformedError("it is no UTF-8") from error
        return True
