"""The ``hideseek`` program: its commands, and the one boundary where errors become exit codes."""

from __future__ import annotations

import importlib
import inspect
import io
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from difflib import get_close_matches
from types import FrameType
from typing import Annotated

import typer
from typer.exceptions import TyperException

from hideseek_cli import __version__
from hideseek_cli.cli.help import WIDTH, ThemedCommand, ThemedGroup
from hideseek_cli.cli.installed import describe_absent, list_installed, refuse_absent
from hideseek_cli.cli.options import VERBOSITY
from hideseek_cli.errors import DiskError, InputError, RefusalError
from hideseek_cli.runtime.printing import make_printable

DONE, BAD, FAULT, INTERRUPTED = 0, 2, 101, 130

OWNER, BUYER, ANYONE = "For the owner", "For the buyer", "For anyone"
COMMANDS = {
    "hide": OWNER, "cleaner": OWNER, "report": OWNER, "card": OWNER, "export": OWNER, "protect": OWNER,
    "network": OWNER, "seek": BUYER, "verify": BUYER, "inspect": ANYONE, "metrics": ANYONE, "audit": ANYONE,
}  # fmt: skip
"""Whom each command is for."""

EXIT_CODES = (
    "Exit codes: 0 done; 1 a negative verdict; 2 a bad option, input or disk; 3 inconclusive; 101 a fault of ours; "
    "130 interrupted."
)
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": WIDTH}
START = """hideseek publishes a labelled image folder: everyone can look, nobody can train, a buyer trains to the accuracy sold.

You own images. See what would happen, publish, and make a cleaner for each buyer:
  hideseek hide data --levels 30,50 --dry-run
  hideseek hide data --levels 30,50
  hideseek cleaner masks.safetensors --level 50

You bought a level. Clean what you downloaded, and test the promise before you pay the balance:
  hideseek seek published cleaner_k50.safetensors
  hideseek verify cleaned_k50 --test data/test

All commands: hideseek --help. Options of one: hideseek hide --help."""


def program(*names: str) -> typer.Typer:
    """The program with those commands; a command that is not asked for is not even imported."""
    app = typer.Typer(
        name="hideseek",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        cls=ThemedGroup,
        context_settings=CONTEXT,
        help="Publish a labelled image folder: everyone can look, nobody can train, a buyer trains to the accuracy sold.",
        epilog=_paragraphs(EXIT_CODES, describe_absent(COMMANDS)),
    )
    app.callback()(root)
    for name in names:
        module = importlib.import_module(f"hideseek_cli.cli.{name}")
        command = getattr(module, name)
        app.command(
            cls=ThemedCommand, rich_help_panel=COMMANDS[name], context_settings=CONTEXT,
            help=_unwrapped(inspect.getdoc(command) or ""), epilog=getattr(module, "EXAMPLES", None),
        )(command)  # fmt: skip
    return app


def _unwrapped(text: str) -> str:
    """Paragraphs on one line each, for a terminal of any width."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _paragraphs(*texts: str) -> str:
    """One below the other, those that say something."""
    return "\n\n".join(filter(None, texts))


def _version(value: bool | None) -> None:
    if value:
        typer.echo(f"hideseek {__version__}")
        raise typer.Exit


def root(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = None,
) -> None:
    """Nothing to do before a command."""


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run the program and exit with its code."""
    signal.signal(signal.SIGTERM, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # whatever the encoding lacks
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's; images stand side by side already
    asked = sys.argv[1:]
    sys.exit(run(asked))


def run(asked: Sequence[str]) -> int:
    """The exit code of those words."""
    if not asked and "_HIDESEEK_COMPLETE" not in os.environ:
        typer.echo(_paragraphs(START, describe_absent(COMMANDS)))
        return DONE
    first = next(iter(asked), "")
    try:
        if first in COMMANDS:
            refuse_absent(first)
        names = [first] if first in COMMANDS else list_installed(COMMANDS)
        code = program(*names)(list(asked), prog_name="hideseek", standalone_mode=False)
        return _interrupted() if code == INTERRUPTED else int(code or DONE)
    except TyperException as error:
        return _fail(asked, [_usage(error)], BAD)
    except (InputError, DiskError) as error:
        sentences, found = (error.sentences, error.problems) if isinstance(error, RefusalError) else ((str(error),), {})
        refused = {_spelt(first, why): lines for why, lines in found.items()}
        return _fail(asked, [_spelt(first, one) for one in sentences], BAD, refused)
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except BrokenPipeError:
        return INTERRUPTED
    except OSError as error:
        return _fail(asked, [f"{error.filename or 'the disk'}: {error.strerror}; check the path, rights and space"], BAD)
    except Exception as error:  # the one boundary: whatever reaches it is a fault of ours
        if VERBOSITY.traceback:
            for line in traceback.format_exc().splitlines():
                typer.echo(make_printable(line), err=True)
        hint = "" if VERBOSITY.traceback else "; run again with -v for the traceback"
        return _fail(asked, [f"a fault of ours, {type(error).__name__}: {error}{hint}"], FAULT)


def _fail(asked: Sequence[str], sentences: Sequence[str], code: int, refused: dict[str, list[str]] | None = None) -> int:
    """Say what is wrong, to scripts that want JSON too."""
    message = "\n".join(map(make_printable, sentences))
    typer.echo(f"hideseek: {message}", err=True)
    if "--json" in asked:
        from hideseek_cli.cli.terminal import show_json

        show_json({"error": "\n".join(sentences), "exit_code": code, **({"refused": refused} if refused else {})})
    return code


def _interrupted() -> int:
    typer.echo("hideseek: interrupted; nothing half-written is left", err=True)
    return INTERRUPTED


def _spelt(command: str, message: str) -> str:
    """A message of the library with the options of the command."""
    from hideseek_cli.cli.wording import options_of, spell_options

    known = getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command) if command in COMMANDS else None
    return spell_options(message, options_of(known) if known else {})


def _usage(error: TyperException) -> str:
    """What is wrong with the words of a command, with the nearest option or command where there is one."""
    message, context = error.format_message(), getattr(error, "ctx", None)
    name = getattr(error, "option_name", None)
    if name is not None and getattr(error, "possibilities", None) is not None and context is not None:
        known = [option for parameter in context.command.params for option in parameter.opts if option.startswith("--")]
        near = get_close_matches(name, known, 1, 0.75)
        message = f"there is no option {name}" + (f"; did you mean {near[0]}?" if near else "")
    hint = f" ({context.command_path} --help lists what there is)" if context is not None else ""
    return f"{message.rstrip('.')}{hint}"
