"""``hideseek export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import DryRun, Engine, Json, Overwrite, Quiet, Resume, Verbose, Workers

EXAMPLES = """\b
Examples:
  Image files with a table, which every hub takes:
    hideseek export published --hub upload
  Parquet files, which hubs show and stream:
    hideseek export published --hub upload --layout parquet
  A buyer who downloaded either:
    hideseek seek upload cleaner_k50.safetensors
  Back from Parquet to image files:
    hideseek export upload --hub files"""


def export(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED", help="The published folder, or a cleaned one.")],
    out: Annotated[Path, typer.Option("--hub", "--out", "-o", help="The folder to write, ready to upload.")] = Path("exported"),
    layout: Annotated[
        str,
        typer.Option(
            "--layout",
            metavar="imagefolder|parquet",
            help="Image files with metadata.csv, or Parquet files (pip install 'hideseek[hub]').",
        ),
    ] = "imagefolder",
    resume: Resume = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    workers: Workers = 0,
    engine: Engine = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Lay a published folder out for a hub of data sets.

    The library datasets loads what is written, and seek, verify, metrics, audit and hide read it as the folder itself.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_json, show_line

    with Screen(export, quiet=quiet) as screen:
        if dry_run:
            found = hs.plan_export(published, out=out, layout=layout, resume=resume, overwrite=overwrite)
        else:
            found = hs.export(
                published, out=out, layout=layout, workers=workers, engine=engine, progress=screen, resume=resume,
                overwrite=overwrite,
            )  # fmt: skip
    show_json(found.to_json()) if json else show_line(found)
