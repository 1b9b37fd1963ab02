"""Data on standard output, messages and progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import typer

from hideseek_cli.cli.wording import options_of, spell_command, spell_options
from hideseek_cli.runtime.bars import Bars
from hideseek_cli.runtime.printing import make_printable
from hideseek_cli.runtime.tables import format_table

SHOWN = ("json", "junit", "style", "quiet", "verbose")
"""Words of every command that say how its result is shown."""


class Screen(Bars):
    """Bars and messages, which speak of a command's options."""

    def __init__(self, command: Callable[..., None], *, quiet: bool = False) -> None:
        super().__init__(quiet=quiet)
        self.command, self.options = command.__name__, options_of(command)

    def say(self, message: str) -> None:
        super().say(spell_options(message, self.options))

    def say_next(self, command: str, arguments: Sequence[str], options: Mapping[str, str | bool]) -> None:
        """Which command to run next."""
        super().say(f"next: {spell_command(command, arguments, options)}")


@runtime_checkable
class Result(Protocol):
    """What a call of the public API returns, as far as a table of it goes."""

    def to_json(self) -> Any: ...

    def rows(self) -> list[dict[str, str]]: ...

    def remarks(self) -> list[str]: ...


def show_result(result: Result, screen: Screen, *, json: bool, style: str) -> None:
    """A result as one JSON document or as a table, and what is to be said besides."""
    if json:
        show_json(result.to_json())
    else:
        typer.echo(format_table(result.rows(), style))
    for line in result.remarks():
        screen.say(line)


def leave_record(result: Result, screen: Screen, given: Mapping[str, Any]) -> None:
    """A record of a result, and of the words that were ``given`` for it; it says where."""
    import hideseek_cli as hs

    words = {name: value for name, value in given.items() if name not in SHOWN}
    hs.keep_record(screen.command, result, words, progress=screen)


def show_line(text: object) -> None:
    """One line on standard output."""
    typer.echo(make_printable(str(text)))


def show_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")
    sys.stdout.flush()
