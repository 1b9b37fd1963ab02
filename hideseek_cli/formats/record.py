"""Records: what a command found, left as a small JSON file beside what it was about, for ``report`` to read.

One object: ``format``, ``hideseek`` (the version that found it), ``command``, ``date`` (UTC), ``release`` and ``level`` of
the folder where it has a manifest, ``arguments`` as they were given, and ``result``, the document of the command's result.
It is read as from a stranger.

>>> from pathlib import Path
>>> path_beside(Path("sold/published"), "verify").name, path_beside(Path("masks.safetensors"), "hide").name
('published.verify.json', 'masks.hide.json')
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from hideseek_cli import __version__
from hideseek_cli.errors import InputError
from hideseek_cli.formats.checks import check_count, check_number, check_percent, check_sha256, check_text, parse_json
from hideseek_cli.formats.levels import PUBLISHED, check_level
from hideseek_cli.runtime import atomic
from hideseek_cli.runtime.places import refuse_special

FORMAT = 1
MAX_BYTES = 2**24
MAX_NUMBER = 2.0**64
"""More than any figure or seed in a record."""
Check = Callable[[object], object]


def path_beside(place: Path, command: str) -> Path:
    """Where the record of a command lies: beside the mask file of ``hide``, or the folder that the others are about."""
    whole = place.resolve()
    return whole.with_name(f"{whole.stem if command == 'hide' else whole.name}.{command}.json")


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one command found. ``Record.read(path) == record`` after ``record.write(path)``."""

    hideseek: str = __version__
    """The version that found it."""
    command: str
    """``hide``, ``verify``, ``metrics`` or ``audit``."""
    date: str
    """The day in UTC on which it ended, such as ``2026-11-28``."""
    release: str | None
    """Identity of the release that the folder is of; None where it is of none."""
    level: str | None
    """What that folder is: ``published``, a level such as ``50``, or ``clean``; None for ``hide``, and without a release."""
    arguments: dict[str, Any]
    """The words of the command and what was given for each, paths as text."""
    result: dict[str, Any] | list[dict[str, Any]]
    """Of the command's result, ``to_json()``; of ``verify`` on several networks one for each."""

    def __post_init__(self) -> None:
        """Raises InputError for whatever no record says."""
        if self.command not in RESULTS:
            raise InputError(f"its command is {self.command!r:.80}")
        _check_date(self.date)
        if self.release is not None:
            check_sha256(self.release)
        if self.level is not None:
            check_level(self.level, PUBLISHED)
        if not self.results or (self.command != "verify" and isinstance(self.result, list)):
            raise InputError(f"{self.command} has one result, and verify one for each network")
        for one in self.results:
            for name, check in RESULTS[self.command].items():
                check(one[name])
        _check_numbers([self.arguments, self.result])

    @property
    def results(self) -> tuple[dict[str, Any], ...]:
        """The result, or those of each network."""
        return tuple(self.result) if isinstance(self.result, list) else (self.result,)

    def write(self, path: Path, *, secret: bool = False) -> None:
        """Write it in place of an earlier record of the same command; ``secret``: its owner alone may read it.

        Raises InputError where something else lies there, or where it cannot be written as a record; DiskError.
        """
        refuse_other(path, self.command)
        try:
            content = json.dumps({"format": FORMAT, **vars(self)}, indent=2, allow_nan=False).encode() + b"\n"
        except (TypeError, ValueError, RecursionError) as error:
            raise InputError(f"what was found is no JSON ({error})") from error
        if len(content) > MAX_BYTES:
            raise InputError(f"{path} would have {len(content)} bytes, and a record has at most {MAX_BYTES}")
        atomic.write_whole(path, content, secret=secret)

    @classmethod
    def read(cls, path: Path) -> Record:
        """A record, checked from the ground up: it may come from a stranger. Raises InputError."""
        refuse_special(path, "a record")
        try:
            with path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise InputError(f"{path} cannot be read as a record ({error.strerror}); check the path") from error
        try:
            return cls._parse(content)
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError, InputError) as error:
            why = f"it does not say its {error}" if isinstance(error, KeyError) else error
            raise InputError(f"{path} is no record of hideseek, or damaged ({why}); run the command again") from error

    @classmethod
    def _parse(cls, content: bytes) -> Record:
        if len(content) > MAX_BYTES:
            raise InputError(f"it has more than {MAX_BYTES} bytes")
        said = parse_json(content)
        if not isinstance(said, dict):
            raise InputError("it is no JSON object")
        if check_count(said["format"]) != FORMAT:
            raise InputError(f"format {said['format']}, and this version reads {FORMAT}: update hideseek")
        result, several = said["result"], isinstance(said["result"], list)
        return cls(
            hideseek=check_text(said["hideseek"]), command=check_text(said["command"]), date=check_text(said["date"]),
            release=_text_or_none(said["release"]), level=_text_or_none(said["level"]),
            arguments=_check_object(said["arguments"]),
            result=[_check_object(one) for one in result] if several else _check_object(result),
        )  # fmt: skip


def refuse_other(path: Path, command: str) -> None:
    """Raise InputError where something lies that is no earlier record of that command."""
    if os.path.lexists(path) and Record.read(path).command != command:
        raise InputError(f"{path} is the record of another command; move it away")


def _check_date(day: str) -> None:
    """A day as ISO 8601 has it, with hyphens."""
    try:
        exact = date.fromisoformat(day).isoformat() == day
    except ValueError:
        exact = False
    if not exact:
        raise InputError(f"{day!r:.80} is no date such as 2026-11-28")


def _check_optional(check: Check) -> Check:
    """What passes that check, or nothing."""
    return lambda value: None if value is None else check(value)


def _check_list(fields: Mapping[str, Check]) -> Check:
    """A list of objects that have those fields."""

    def check(value: object) -> object:
        if not isinstance(value, list):
            raise InputError(f"{value!r:.80} is no list")
        for one in map(_check_object, value):
            for name, check_field in fields.items():
                check_field(one[name])
        return value

    return check


def _check_object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError(f"{value!r:.80} is no JSON object")
    return value


def _check_percents(value: object) -> object:
    """An object of accuracies in percent."""
    return {name: check_percent(one) for name, one in _check_object(value).items()}


def _check_numbers(value: object) -> None:
    """Every number in a JSON value is finite, and none so large that it could not be shown. Raises InputError."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, int | float) and not abs(one) <= MAX_NUMBER:
            raise InputError(f"{one!r:.80} is too large a number")


_number = partial(check_number, low=-MAX_NUMBER, high=MAX_NUMBER)
_text_or_none: Callable[[object], Any] = _check_optional(check_text)
_percent_or_none = _check_optional(check_percent)
_INTERVAL: dict[str, Check] = {"accuracy": check_percent, "low": check_percent, "high": check_percent, "runs": check_count}
_SIMILARITY: dict[str, Check] = {"mse": _number, "ssim": _number}
RESULTS: dict[str, dict[str, Check]] = {
    "hide": {
        "clean_accuracy": check_percent, "published_accuracy": check_percent, "images": check_count, "classes": check_count,
        "levels": _check_list({"level": check_percent, **_INTERVAL}), **_SIMILARITY,
        "curve": _check_list({"share": _number, "accuracy": check_percent, "runs": check_count}),
    },
    "verify": {
        **_INTERVAL, "level": _percent_or_none, "tolerance": _number, "verdict": _text_or_none, "recall": _check_percents,
    },
    "metrics": {"images": check_count, "linf": _number, **_SIMILARITY},
    "audit": {"attacks": _check_list({
        "attack": check_text, "accuracy": _percent_or_none, "clean_accuracy": _percent_or_none,
    })},
}  # fmt: skip
"""Of each command, what its result says at least, of what type and within what range."""
