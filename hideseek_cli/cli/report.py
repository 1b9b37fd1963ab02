"""``hideseek report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options

EXAMPLES = """\b
Examples:
  hideseek report published
  hideseek report published --public -o public.html
  hideseek report published --format md,svg -o release.md
  hideseek report published --run --clean data/train --test data/test --masks masks.safetensors"""


def report(
    release: Annotated[Path, typer.Argument(metavar="RELEASE", help="The published folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page; other files lie beside it, under its name.")] = Path(
        "report.html"
    ),
    records: Annotated[
        list[Path] | None,
        typer.Option("--record", help="A record that lies elsewhere than beside RELEASE. Again for more."),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option("--masks", help="The mask file, for the record and the sheet beside it, and for --run."),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public", help="Leave out what would help an adversary or shows an original.")
    ] = False,
    formats: Annotated[
        str, typer.Option("--format", help="html, md, svg and png; the last two are a file for each figure.", metavar="NAMES")
    ] = "html",
    run: Annotated[bool, typer.Option("--run", help="Make the missing records of metrics, verify and audit first.")] = False,
    clean: Annotated[Path | None, typer.Option("--clean", help="The originals, for --run.")] = None,
    test: Annotated[Path | None, typer.Option("--test", help="Clean test images of the same classes, for --run.")] = None,
    attacks: Annotated[
        str, typer.Option("--attacks", help="Which attacks --run tries. All unless given.", metavar="NAMES")
    ] = "",
    device: options.Device = "auto",
    workers: options.Workers = 0,
    overwrite: options.Overwrite = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Put what is known of a release on one page: is it hidden, do its levels hold, what undoes it, as of when.

    It reads the records that hide, verify, metrics and audit left beside the folders, and names what has not been measured,
    with the command that would. With --run it measures that first, as far as --clean, --test and --masks serve; a level
    that lies nowhere is cleaned for a while. The page is for the owner alone, unless --public makes one for everyone.
    It needs matplotlib and jinja2: pip install 'hideseek[report]'.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_result

    with Screen(report, quiet=quiet) as screen:
        found = hs.report(
            release, out=out, records=records or (), masks=masks, public=public, formats=formats, run=run, clean=clean,
            test=test, attacks=attacks, device=device, workers=workers, progress=screen, overwrite=overwrite,
        )  # fmt: skip
        show_result(found, screen, json=json, style=options.TableStyle.table.value)
