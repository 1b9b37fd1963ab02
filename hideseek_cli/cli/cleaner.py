"""``hideseek cleaner``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Json, Out, Overwrite, Quiet, Verbose, terminal
from hideseek_cli.errors import InputError


def cleaner(
    masks: Annotated[Path, typer.Argument(help="The secret mask file that hide wrote.")],
    level: Annotated[str | None, typer.Option("--level", help="The level that was sold, such as 50, or clean.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every level, the clean one included.")] = False,
    out: Out = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the cleaner of a level: the small file that a buyer gets.

    Writes cleaner_k50.safetensors for level 50, or where --out says (with --all, into that folder).
    """
    from hideseek_cli.cli.terminal import document
    from hideseek_cli.formats.container import refuse_existing
    from hideseek_cli.formats.mask_file import MaskFile

    if (level is None) != every:
        raise InputError("say which cleaner to make: --level 50, --level clean, or --all")
    file = MaskFile.load(masks)
    asked = [tier.level for tier in file.tiers] if level is None else [_name(level)]
    cleaners = [file.cleaner(name) for name in asked]
    places = [_place(name, out, every) for name in asked]
    for place in places:
        refuse_existing(place, "cleaner", overwrite)
    made = [
        {"level": one.level, "path": str(place), "bytes": one.save(place)} for one, place in zip(cleaners, places, strict=True)
    ]
    if json:
        document(made if every else made[0])
        return
    with terminal(quiet) as screen:
        for row in made:
            typer.echo(row["path"])
            screen.say(f"level {row['level']}: {row['bytes']} bytes; hand it to its buyer alone")


def _name(level: str) -> str:
    """A level as mask files spell it: 50.0 is 50."""
    try:
        return f"{float(level):g}"
    except ValueError:
        return level


def _place(name: str, out: Path | None, every: bool) -> Path:
    file = f"cleaner_{name}.safetensors" if name == "clean" else f"cleaner_k{name}.safetensors"
    if every:
        return (out or Path()) / file
    return out or Path(file)
