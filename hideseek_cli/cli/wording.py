"""The library speaks of arguments, `min_ssim`; on the command line they are options, --min-ssim. Here one becomes the other.

>>> from typing import Annotated
>>> import typer
>>> def command(data: Annotated[str, typer.Argument()], min_ssim: Annotated[float, typer.Option("--min-ssim")]) -> None: ...
>>> spell_options("`min_ssim` 2 is out of range for `data`", options_of(command))
'--min-ssim 2 is out of range for DATA'
>>> spell_options("go on with `resume=True`, or give `levels=[30, 50]` and `robust='none'`", {})
'go on with --resume, or give --levels 30,50 and --robust none'
"""

from __future__ import annotations

import inspect
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import get_type_hints

from typer.models import ArgumentInfo, OptionInfo

ARGUMENT = re.compile(r"`([a-z_]+)(?:=([^`]*))?`")


def options_of(command: Callable[..., None]) -> dict[str, str]:
    """How each argument of a command is spelt: ``--min-ssim``, or ``DATA`` where it stands without a name."""
    found: dict[str, str] = {}
    hints = get_type_hints(command, include_extras=True)
    for name in inspect.signature(command).parameters:
        for note in getattr(hints[name], "__metadata__", ()):
            if isinstance(note, OptionInfo):
                words = [str(word) for word in (note.default, *(note.param_decls or ())) if str(word).startswith("--")]
                found[name] = words[0]  # Typer keeps the first of an annotated option's words as its default
            elif isinstance(note, ArgumentInfo):
                found[name] = name.upper()
    return found


def spell_options(text: str, options: Mapping[str, str]) -> str:
    """A message of the library in the words of the command line; what is quoted and no argument stays as it is."""

    def spell(match: re.Match[str]) -> str:
        name, value = match.groups()
        option = options.get(name, f"--{name.replace('_', '-')}")
        if value is None or value == "True":
            return option
        return f"{option} {re.sub(', *', ',', value.strip('[]()')).replace(chr(39), '').replace(chr(34), '')}"

    return ARGUMENT.sub(spell, text)


def spell_command(command: str, arguments: Sequence[str], options: Mapping[str, str | bool]) -> str:
    """A command as it is typed; ``options`` by the names of their arguments.

    >>> spell_command("verify", ["my folder", "-x"], {"test": "TEST", "dry_run": True})
    "hideseek verify 'my folder' ./-x --test TEST --dry-run"
    """
    words = ["hideseek", command, *(f"./{one}" if one.startswith("-") else one for one in arguments)]
    for name, value in options.items():
        words += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
    return shlex.join(words)
