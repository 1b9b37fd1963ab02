"""``hideseek audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options


def audit(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The published folder, or a level that seek wrote.")],
    test: Annotated[Path, typer.Option("--test", help="Clean test images of the same classes.")],
    clean: Annotated[Path | None, typer.Option("--clean", help="The originals, for the same attacks on clean images.")] = None,
    other: Annotated[
        Path | None, typer.Option("--other", help="Another release of the same images, for what their difference tells.")
    ] = None,
    cleaners: Annotated[
        list[Path] | None,
        typer.Option("--cleaner", help="The cleaner that made FOLDER: what its buyer may try. Again for buyers together."),
    ] = None,
    backbone: Annotated[
        str | None,
        typer.Option(
            "--backbone",
            help="A pretrained network, for probe and knn: efficientnet-lite0, or as in resnet18:weights.safetensors.",
            metavar="NAME|ARCH:FILE",
        ),
    ] = None,
    attacks: Annotated[
        str, typer.Option("--attacks", help="Which attacks, such as none,greyscale. All unless given.", metavar="NAMES")
    ] = "",
    max_accuracy: Annotated[
        float | None,
        typer.Option("--max-accuracy", help="Exit with 1 where an attack ends above this accuracy.", min=0, max=100),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", help="Trainings of each attack.", min=1)] = 1,
    resume: options.Resume = False,
    recipe: options.RecipeName = None,
    arch: options.Arch = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    seed: options.FirstSeed = None,
    split: options.Split = "auto",
    device: options.Device = "auto",
    threads: options.Threads = 0,
    workers: options.Workers = 0,
    engine: options.Engine = None,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Retrain on FOLDER under each attack and say how much an adversary recovers.

    Accuracy is that of the last epoch, peak that of the best one. Gain is what the attack adds to what was paid for (chance
    for a published folder). An attack that fails is named, and the others go on.
    """
    given = dict(locals())
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, leave_record, show_result

    with Screen(audit, quiet=quiet) as screen:
        found = hs.audit(
            folder, test, clean=clean, other=other, cleaners=cleaners or (), backbone=backbone, attacks=attacks, runs=runs,
            recipe=recipe, arch=arch, epochs=epochs, batch_size=batch_size, split=split, seed=seed, device=device,
            threads=threads, workers=workers, engine=engine, progress=screen, resume=resume,
        )  # fmt: skip
        show_result(found, screen, json=json, style=style.value)
        leave_record(found, screen, given)
    raise typer.Exit(0 if found.holds(max_accuracy) else 1)
