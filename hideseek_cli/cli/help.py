"""Help in plain text: options by theme, whole sentences. Typer's own has themes where rich renders it, which takes too long."""

from __future__ import annotations

from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.models import TyperPath

from hideseek_cli.runtime.fields import as_path

WIDTH = 100
"""Columns at most."""


class HomePath(TyperPath):
    """A path in which ``~`` is the home folder: shells see to it only where a word begins, and not in ``--out=~/x``."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return super().convert(str(as_path(value)), param, ctx)


class ThemedCommand(TyperCommand):
    """A command whose options stand under the themes that they were given (``rich_help_panel``), and whose paths may lie in
    the home folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for param in self.params:
            if isinstance(param.type, TyperPath):
                param.type = HomePath()

    def format_options(self, ctx: Any, formatter: Any) -> None:
        themes: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                usual = "Arguments" if isinstance(param, TyperArgument) else "Options"
                themes.setdefault(getattr(param, "rich_help_panel", None) or usual, []).append(record)
        for theme, records in themes.items():
            with formatter.section(theme):
                formatter.write_dl(records)


class ThemedGroup(TyperGroup):
    """The program, whose commands stand under whom they are for, each with its whole first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        themes: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None and not command.hidden:
                first = (command.help or "").split("\n\n")[0]
                themes.setdefault(getattr(command, "rich_help_panel", None) or "Commands", []).append((name, first))
        for theme, records in themes.items():
            with formatter.section(theme):
                formatter.write_dl(records)
