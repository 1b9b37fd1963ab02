"""``hideseek cleaner``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Json, Overwrite, Quiet, Verbose


def cleaner(
    masks: Annotated[Path, typer.Argument(metavar="MASKS", help="The secret mask file that hide wrote.")],
    level: Annotated[str | None, typer.Option("--level", help="The level that was sold, such as 50, or clean.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every level, the clean one included.")] = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Where to write; cleaner_k50.safetensors unless given. With --all, a folder."),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make the cleaner of a level: the small file that its buyer gets.

    Hand it to that buyer alone. The mask file stays with you.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_json, show_line

    if (level is None) != every:
        raise hs.InputError("say which cleaner to make: `level=50`, `level='clean'`, or `every=True`")
    if level is None:
        made = hs.make_cleaners(masks, out=out or Path(), overwrite=overwrite)
    else:
        made = (hs.make_cleaner(masks, level, out=out, overwrite=overwrite),)
    if json:
        documents = [one.to_json() for one in made]
        show_json(documents if every else documents[0])
        return
    with Screen(cleaner, quiet=quiet) as screen:
        for one in made:
            show_line(one.path)
            whom = "it gives the originals back" if one.level == "clean" else "hand it to its buyer alone"
            screen.say(f"level {one.level}: {one.bytes} bytes; {whom}")
        for remark in made[0].remarks:
            screen.say(remark)
