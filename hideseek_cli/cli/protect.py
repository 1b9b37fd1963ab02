"""``hideseek protect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options


def protect(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="New images, labelled or not.")],
    generator: Annotated[Path, typer.Option("--generator", help="The secret file that hide --method confounder left.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to publish.")] = Path("protected"),
    image_format: options.ImageFormat = "png",
    keep_exif: options.KeepExif = False,
    device: options.Device = "auto",
    threads: options.Threads = 0,
    workers: options.Workers = 0,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Put noise on new images, labelled or not, in one forward pass each.

    The generator was trained on a folder that hide published. There is no cleaner and no level: keep the originals.
    """
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, show_result

    with Screen(protect, quiet=quiet) as screen:
        found = hs.protect(
            data, generator, out=out, image_format=image_format, keep_exif=keep_exif, device=device, threads=threads or 1,
            workers=workers, progress=screen,
        )  # fmt: skip
        show_result(found, screen, json=json, style=style.value)
