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
    from hideseek_cli.images.similarity import SSIM, compare

    if gradients and labels:
        raise InputError("--gradients needs a folder a class; leave out --labels")
    with terminal(quiet) as screen, executor(jobs, engine) as hands:
        originals = scan(clean if labels else find_splits(clean)["train"], labels)
        compared = scan(other if manifest.exists(other) else find_splits(other)["train"])
        found = compare(originals, compared, hands, screen, size=size, worst=worst)
        ratios = {}
        if gradients:
            from hideseek_cli.cli.options import training_device
            from hideseek_cli.evaluation.learnability import measure_learnability
            from hideseek_cli.recipe import preset

            left = measure_learnability(
                find_splits(clean)["train"], other, hands, screen, training_device(device, 0), recipe=preset("quick"), size=size
            )
            ratios = {"car": left.confidence_ascent, "gcr": left.gradient_compression}
        if json:
            document(
                {"images": found.images, "mse": found.mse, "psnr": found.psnr, "ssim": found.ssim, "linf": found.linf,
                 "ssim_definition": SSIM, **ratios,
                 "worst": [{"image": name, "mse": one.mse, "ssim": one.ssim, "linf": one.linf} for name, one in found.worst]}
            )  # fmt: skip
            return
        everything = {
            "images": f"all {found.images}", "MSE": f"{found.mse:.3e}",
            "PSNR dB": "identical" if found.psnr is None else f"{found.psnr:.2f}", "SSIM": f"{found.ssim:.4f}",
            "Linf": str(found.linf), **{f"{name.upper()} %": f"{ratio:.1f}" for name, ratio in ratios.items()},
        }  # fmt: skip
        rows = [
            {"images": name, "MSE": f"{one.mse:.3e}", "PSNR dB": "", "SSIM": f"{one.ssim:.4f}", "Linf": str(one.linf)}
            for name, one in found.worst
        ]
        show([everything, *rows], style.value)
        screen.say(f"SSIM: {SSIM}; MSE of images scaled to 0..1; the rows below the first are the worst by SSIM")
