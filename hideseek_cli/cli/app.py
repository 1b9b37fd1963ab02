"""The ``hideseek`` program: its commands, and the one boundary where errors become exit codes."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import traceback
from types import FrameType
from typing import Annotated

import typer

from hideseek_cli import __version__
from hideseek_cli.cli.options import VERBOSITY
from hideseek_cli.errors import DiskError, InputError

DONE, NEGATIVE, BAD, INCONCLUSIVE, FAULT, INTERRUPTED = 0, 1, 2, 3, 101, 130

COMMANDS = ("hide", "cleaner", "seek", "verify", "metrics", "audit", "network")


def program(*names: str) -> typer.Typer:
    """The program with those commands; a command that is not asked for is not even imported."""
    app = typer.Typer(
        name="hideseek",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Publish a labelled image folder: everyone can look, nobody can train, a buyer trains to the accuracy sold.",
        epilog="Exit codes: 0 done; 1 a negative verdict; 2 a bad option, input or disk; 3 inconclusive; 101 a fault of "
        "ours; 130 interrupted.",
    )
    app.callback()(root)
    for name in names:
        app.command()(getattr(importlib.import_module(f"hideseek_cli.cli.{name}"), name))
    return app


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
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy's; images stand side by side already
    try:
        asked = sys.argv[1:2]
        program(*(asked if asked and asked[0] in COMMANDS else COMMANDS))()
    except (InputError, DiskError) as error:
        typer.echo(f"hideseek: {error}", err=True)
        sys.exit(BAD)
    except KeyboardInterrupt:
        typer.echo("hideseek: interrupted; nothing half-written is left", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.exit(INTERRUPTED)
    except OSError as error:
        typer.echo(f"hideseek: {error.filename or 'the disk'}: {error.strerror}; check the path, rights and space", err=True)
        sys.exit(BAD)
    except Exception as error:  # the one boundary: whatever reaches it is a fault of ours
        if VERBOSITY.traceback:
            traceback.print_exc()
        hint = "" if VERBOSITY.traceback else "; run again with -v for the traceback"
        typer.echo(f"hideseek: a fault of ours, {type(error).__name__}: {error}{hint}", err=True)
        sys.exit(FAULT)
