"""``hideseek metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options


def metrics(
    clean: Annotated[Path, typer.Argument(metavar="CLEAN", help="The original images.")],
    other: Annotated[Path, typer.Argument(metavar="OTHER", help="The published or cleaned folder.")],
    worst: Annotated[int, typer.Option("--worst", help="How many of the worst images to name.", min=0)] = 5,
    gradients: Annotated[
        bool,
        typer.Option("--gradients", help="Train a network on OTHER too: CAR and GCR, of what it still learns from images."),
    ] = False,
    size: options.Size = None,
    labels: options.Labels = None,
    split: options.Split = "auto",
    device: options.Device = "auto",
    workers: options.Workers = 0,
    engine: options.Engine = None,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Measure how much the images of OTHER still look like those of CLEAN.

    MSE and SSIM are of images scaled to 0..1, PSNR is in dB, L-infinity in grey levels. Visibility is FLIP's mean
    (0 to 1) of at most 64 images, beside that of JPEGs of quality 75. With --gradients also, in percent:
    CAR, of the images whose class a network is surer of with the mask, and GCR, what is left of their gradients.
    """
    given = dict(locals())
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, leave_record, show_result

    with Screen(metrics, quiet=quiet) as screen:
        found = hs.metrics(
            clean, other, size=size, worst=worst, labels=labels, gradients=gradients, split=split, device=device,
            workers=workers, engine=engine, progress=screen,
        )  # fmt: skip
        show_result(found, screen, json=json, style=style.value)
        leave_record(found, screen, given)
