"""``hideseek audit``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options


def audit(
    folder: Annotated[Path, typer.Argument(help="The published folder, or a level that seek wrote.")],
    test: Annotated[Path, typer.Option("--test", help="Clean test images of the same classes.")],
    clean: Annotated[Path | None, typer.Option("--clean", help="The originals, for the same attacks on clean images.")] = None,
    other: Annotated[
        Path | None, typer.Option("--other", help="Another release of the same images, for what their difference tells.")
    ] = None,
    cleaner: Annotated[
        list[Path] | None,
        typer.Option("--cleaner", help="The cleaner that made FOLDER: what its buyer may try; again for buyers together."),
    ] = None,
    attacks: Annotated[str, typer.Option("--attacks", help="Which attacks, such as none,greyscale; all unless given.")] = "",
    max_accuracy: Annotated[
        float | None,
        typer.Option("--max-accuracy", help="Exit with 1 where an attack ends above this accuracy.", min=0, max=100),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", help="Trainings of each attack.", min=1)] = 1,
    recipe: options.RecipeName = None,
    arch: options.Arch = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the first run; fresh unless given.", min=0)] = None,
    device: options.Device = "auto",
    threads: options.Threads = 0,
    jobs: options.Workers = 0,
    engine: options.Engine = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an audit that was interrupted.")] = False,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Retrain on FOLDER under each attack and say how much an adversary recovers.

    Accuracy is that of the last epoch, peak that of the best one; gain is what the attack adds to what was paid for (chance
    for a published folder). An attack that fails is named, and the others go on.
    """
    options.present(folder, test, clean, other)
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.evaluation.audit import AuditConfig
    from hideseek_cli.evaluation.audit import audit as run

    chosen_device = options.training_device(device, threads)
    chosen_recipe = options.training_recipe(recipe, None, epochs, batch_size, chosen_device)
    asked = chosen_recipe if recipe or epochs or batch_size else None
    config = AuditConfig(
        folder=folder, test=test, attacks=options.names(attacks), clean=clean, other=other, cleaners=tuple(cleaner or ()),
        recipe=asked, arch=arch, runs=runs, seed=seed, threads=threads or 1, resume=resume,
    )  # fmt: skip
    with options.terminal(quiet) as screen, options.executor(jobs, engine) as executor:
        with options.resumable(screen, config.journal):
            found = run(config, chosen_device, executor, screen)
        if json:
            document(found.to_json())
        else:
            show(found.rows(), style.value)
    raise typer.Exit(0 if found.holds(max_accuracy) else 1)
