"""``hideseek seek``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import DryRun, Engine, Json, Overwrite, Quiet, Resume, Verbose, Workers


def seek(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED", help="The published folder, as downloaded.")],
    cleaner: Annotated[Path, typer.Argument(metavar="CLEANER", help="The cleaner that was bought.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write; cleaned_k50 for level 50 unless given.")
    ] = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Clean what there is, though not all is.")] = False,
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    workers: Workers = 0,
    engine: Engine = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn a published folder into the level that was bought.

    Checks that the cleaner belongs to this release and that no image was changed, writes the level's folder, and says
    whether the result is exactly what the owner made.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_json, show_line

    with Screen(seek, quiet=quiet) as screen:
        if dry_run:
            planned = hs.plan_seek(published, cleaner, out=out, allow_missing=allow_missing, resume=resume, overwrite=overwrite)
            show_json(planned.to_json()) if json else show_line(planned)
            return
        found = hs.seek(
            published, cleaner, out=out, allow_missing=allow_missing, workers=workers, engine=engine, progress=screen,
            resume=resume, overwrite=overwrite,
        )  # fmt: skip
    show_json(found.to_json()) if json else show_line(found)
