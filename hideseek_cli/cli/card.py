"""``hideseek card``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Json, Overwrite, Quiet, Verbose

EXAMPLES = """\b
Examples:
  Write README.md and croissant.json into the published folder:
    hideseek card published --license cc-by-nc-4.0 --contact sales@example.org
  Sign too that nobody may train on it, with your certificate:
    hideseek card published --certificate chain.pem --private-key key.pem"""


def card(
    published: Annotated[Path, typer.Argument(metavar="PUBLISHED", help="The published folder.")],
    title: Annotated[str | None, typer.Option("--title", help="Title of the data set.")] = None,
    license: Annotated[
        str | None, typer.Option("--license", help="License as hubs name it, such as cc-by-nc-4.0. Without, none is stated.")
    ] = None,
    contact: Annotated[str | None, typer.Option("--contact", help="Where levels are sold, such as an address.")] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate", help="Your certificate and its chain (PEM), to sign that nobody may train on the folder."
        ),
    ] = None,
    private_key: Annotated[Path | None, typer.Option("--private-key", help="The private key of --certificate (PEM).")] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Write a card for data-set hubs into a published folder.

    README.md says what the images are, what is sold and how to buy it; croissant.json describes the files for machines.
    A card that you changed by hand is yours and is not replaced.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_json, show_line

    written = hs.write_card(
        published,
        title=title,
        license=license,
        contact=contact,
        certificate=certificate,
        private_key=private_key,
        overwrite=overwrite,
    )
    show_json(written.to_json()) if json else show_line(written)
    with Screen(card, quiet=quiet) as screen:
        for remark in written.remarks():
            screen.say(remark)
