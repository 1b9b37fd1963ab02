"""``hideseek seek``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import DryRun, Engine, Json, Out, Overwrite, Quiet, Verbose, Workers, executor, terminal


def seek(
    published: Annotated[Path, typer.Argument(help="The published folder, as downloaded.")],
    cleaner: Annotated[Path, typer.Argument(help="The cleaner that was bought.")],
    out: Out = None,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Clean what there is, though not all is.")] = False,
    jobs: Workers = 0,
    engine: Engine = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with what an interrupted run has cleaned.")] = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Turn a published folder into the level that was bought.

    Checks that the cleaner belongs to this release and that no image was changed, writes cleaned_k50/ for level 50
    (or where --out says), and says whether the result is exactly what the owner made.
    """
    from hideseek_cli.cleaning.pipeline import bind, default_place, journal_path
    from hideseek_cli.cleaning.pipeline import seek as run
    from hideseek_cli.cli.terminal import document
    from hideseek_cli.formats import manifest
    from hideseek_cli.formats.cleaner import Cleaner

    bought = Cleaner.load(cleaner)
    place = out or default_place(bought.level)
    if dry_run:
        listed = manifest.read(published)
        images = int(bind(listed, bought, published, allow_missing=allow_missing).sum())
        files = (published / name for name in listed.files())
        size = sum(path.stat().st_size for path in files if path.is_file())
        document({"level": bought.level, "images": images, "path": str(place), "bytes": size})
        return
    with terminal(quiet) as screen, executor(jobs, engine) as hands:
        try:
            sought = run(
                published, bought, place, hands, screen, allow_missing=allow_missing, overwrite=overwrite, resume=resume
            )
        except KeyboardInterrupt:
            if journal_path(place).exists():
                screen.say(f"images that are cleaned are kept beside {place}; go on with --resume")
            raise
    if json:
        document(sought.to_json())
    else:
        typer.echo(str(sought))
