"""Fields of configurations: what a person may pass for one, what it becomes, and what it must be.

>>> from dataclasses import dataclass, field
>>> @dataclass(frozen=True, kw_only=True)
... class Config:
...     data: Place = field(metadata=PATH)
...     epsilon: int = field(default=8, metadata=between(1, 63, "grey levels"))
...
...     def __post_init__(self) -> None:
...         settle(self)
>>> Config(data="here").data.name
'here'
>>> Config(data="here", epsilon=0)
Traceback (most recent call last):
hideseek_cli.errors.InputError: `epsilon` 0 is out of range: 1 to 63 grey levels
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hideseek_cli.errors import InputError, unknown

if TYPE_CHECKING:  # what a field is once it is settled
    Place = Path
    Places = tuple[Path, ...]
    Names = tuple[str, ...]
    Number = float
    Numbers = tuple[float, ...]
    Prices = dict[float, float]
else:  # what may be passed for it
    Place = str | Path
    Places = Sequence[str | Path]
    Names = Sequence[str]
    Number = float | int
    Numbers = Sequence[Number]
    Prices = Mapping[Number, Number]

Metadata = Mapping[str, Callable[..., Any]]
"""``become``: makes of what was passed what the field holds; ``check``: raises InputError for a name and a value."""


def as_path(place: str | Path) -> Path:
    """A path in which ``~`` is the home folder; ``./~`` is a folder of that name.

    >>> as_path("~/x") == Path.home() / "x", as_path("./~/x") == Path.cwd() / "~/x", as_path("a/~")
    (True, True, PosixPath('a/~'))
    """
    found = Path(os.path.expanduser(place))  # noqa: PTH111, a Path no longer knows the dot before it
    return Path.cwd() / found if str(found).startswith("~") else found


PATH: Metadata = {"become": as_path}
PATHS: Metadata = {"become": lambda places: tuple(map(as_path, places))}
NAMES: Metadata = {"become": tuple}


def within(allowed: Callable[[Any], bool], words: str) -> Metadata:
    """A range of numbers, and the same in words."""

    def check(name: str, value: Number) -> None:
        if not allowed(value):
            raise InputError(f"`{name}` {value:g} is out of range: {words}")

    return {"check": check}


def between(low: Number, high: Number, unit: str = "") -> Metadata:
    """Both ends included."""
    return within(lambda value: low <= value <= high, f"{low:g} to {high:g} {unit}".rstrip())


def at_least(low: int, otherwise: str) -> Metadata:
    """``otherwise``: what less than that does, and what to give."""

    def check(name: str, value: int) -> None:
        if value < low:
            raise InputError(f"`{name}` {value} {otherwise}")

    return {"check": check}


def one_of(*choices: str) -> Metadata:
    """One of these words."""

    def check(name: str, value: str) -> None:
        if value not in choices:
            raise unknown(f"`{name}`", value, choices)

    return {"check": check}


def settle(config: Any) -> None:
    """Bring every field that is given to its type, and check it. Raises InputError."""
    for one in fields(config):
        value = getattr(config, one.name)
        if value is None:
            continue
        if "become" in one.metadata:
            value = one.metadata["become"](value)
            object.__setattr__(config, one.name, value)
        if "check" in one.metadata:
            one.metadata["check"](one.name, value)
