"""``hideseek metrics``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli.options import Device, Engine, Json, Quiet, Size, Style, TableStyle, Verbose, Workers, executor, terminal
from hideseek_cli.errors import InputError


def metrics(
    clean: Annotated[Path, typer.Argument(help="The original images.")],
    other: Annotated[Path, typer.Argument(help="The published or cleaned folder.")],
    size: Size = None,
    worst: Annotated[int, typer.Option("--worst", help="How many of the worst images to name.", min=0)] = 5,
    labels: Annotated[Path | None, typer.Option("--labels", help="Table name,class where CLEAN is flat.")] = None,
    gradients: Annotated[
        bool,
        typer.Option("--gradients", help="Train a network on OTHER too: CAR and GCR, of what it still learns from images."),
    ] = False,
    device: Device = "auto",
    jobs: Workers = 0,
    engine: Engine = None,
    json: Json = False,
    style: Style = TableStyle.table,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure how much the images of OTHER still look like those of CLEAN.

    MSE and SSIM are of images scaled to 0..1, PSNR is in dB, L-infinity in grey levels. With --gradients also, in percent:
    CAR, of the images whose class a network is surer of with the mask, and GCR, what is left of their gradients.
    """
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.formats import manifest
    from hideseek_cli.images.dataset import find_splits, scan
    from hideseek_cli.images.similarity import compare

    if gradients and labels:
        raise InputError("--gradients needs a folder a class; leave out --labels")
    with terminal(quiet) as screen, executor(jobs, engine) as hands:
        originals = scan(clean if labels else find_splits(clean)["train"], labels)
        compared = scan(other if manifest.exists(other) else find_splits(other)["train"])
        found = compare(originals, compared, hands, screen, size=size, worst=worst)
        if gradients:
            from dataclasses import replace

            from hideseek_cli.cli.options import training_device
            from hideseek_cli.evaluation.learnability import LearnabilityConfig, measure_learnability
            from hideseek_cli.recipe import preset

            config = LearnabilityConfig(clean=find_splits(clean)["train"], masked=other, fallback=preset("quick"), size=size)
            left = measure_learnability(config, training_device(device, 0), hands, screen)
            found = replace(found, confidence_ascent=left.confidence_ascent, gradient_compression=left.gradient_compression)
        if json:
            document(found.to_json())
            return
        show(found.rows(), style.value)
        for line in found.remarks():
            screen.say(line)
