"""``hideseek inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options

EXAMPLES = """\b
Examples:
  What a folder offers, and which cleaners here are for it:
    hideseek inspect published
  Which release a cleaner belongs to, for a script:
    hideseek inspect cleaner_k50.safetensors --json"""


def inspect(
    path: Annotated[Path, typer.Argument(metavar="FILE_OR_FOLDER", help="What hideseek wrote, or a folder of images.")],
    secret: Annotated[
        bool, typer.Option("--secret", help="Tell what must not leave the house too: strengths, masked shares, seeds.")
    ] = False,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Say what a file or folder is, what fits to it, and what to do next.

    It knows published and cleaned folders, mask files, cleaners, generators, network files, contact sheets and folders
    of images. What is secret in a file is not shown without --secret.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_result

    with Screen(inspect, quiet=quiet) as screen:
        found = hs.inspect(path, secret=secret)
        show_result(found, screen, json=json, style=style.value)
        for step in found.next:
            screen.say_next(step.command, step.arguments, step.options)
