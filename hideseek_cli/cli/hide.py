"""``hideseek hide``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options
from hideseek_cli.errors import InputError, RefusalError


def hide(
    data: Annotated[Path, typer.Argument(help="DATA/<class>/* or DATA/{train,val,test}/<class>/*; or tar shards.")],
    levels: Annotated[
        str, typer.Option("--levels", help="Test accuracies to sell, in percent: 30,50,70; without, clean images alone.")
    ] = "",
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to publish.")] = Path("published"),
    masks: Annotated[Path, typer.Option("--masks", help="The mask file; keep it secret.")] = Path("masks.safetensors"),
    prices: Annotated[str, typer.Option("--prices", help="Price of each level, for the manifest: 30=10,50=25.")] = "",
    epsilon: Annotated[int, typer.Option("--epsilon", help="Most that a pixel may move, in grey levels.")] = 8,
    min_ssim: Annotated[float, typer.Option("--min-ssim", help="Mean SSIM that the published folder keeps.")] = 0.985,
    method: Annotated[
        str,
        typer.Option(
            "--method", help="What makes masks: emn (error-minimising), confounder (a generator), uge, or random noise."
        ),
    ] = "emn",
    authorized: Annotated[
        Path | None,
        typer.Option("--authorized", help="The network file whose networks learn all the same (uge); see hideseek network."),
    ] = None,
    generator: Annotated[
        Path | None,
        typer.Option("--generator", help="Protect the new images of DATA, labelled or not, by what a confounder left."),
    ] = None,
    scope: Annotated[
        str | None, typer.Option("--scope", help="What has a mask of its own: a class, or every sample (image).")
    ] = None,
    objective: Annotated[
        str | None, typer.Option("--objective", help="What masks do to the loss of emn: error-min (default), or error-max.")
    ] = None,
    placement: Annotated[
        str,
        typer.Option("--placement", help="Where patterns lie: fixed (as in the paper), or keyed (by secret shifts)."),
    ] = "fixed",
    patterns: Annotated[
        int, typer.Option("--patterns", help="Patterns a class in each layer: what known originals must give away.")
    ] = 1,
    robust: Annotated[
        str | None,
        typer.Option(
            "--robust",
            help="What masks must survive: some of gray,jpeg,blur,augment, or none (gray,blur; by alternating none).",
        ),
    ] = None,
    unmask: Annotated[
        str,
        typer.Option("--unmask", help="What loses its mask as levels rise: classes (exact), or images of every class."),
    ] = "classes",
    schedule: Annotated[
        str | None,
        typer.Option("--schedule", help="How masks are trained: joint (default), or alternating (Algorithm 1 of the paper)."),
    ] = None,
    calibration: Annotated[
        str, typer.Option("--calibration", help="How levels are found: retrain, or stop (the paper's; needs alternating).")
    ] = "retrain",
    passes: Annotated[
        int | None, typer.Option("--passes", help="Passes over the images to train each mask (joint).", min=1)
    ] = None,
    inner_steps: Annotated[
        int | None, typer.Option("--inner-steps", help="M, steps between mask updates: 10 (alternating).", min=1)
    ] = None,
    pgd_steps: Annotated[
        int | None, typer.Option("--pgd-steps", help="Steps of Equation 4 a batch: 1; of a sample 20, or 5 by joint.", min=1)
    ] = None,
    stop_error: Annotated[
        float | None,
        typer.Option("--stop-error", help="Training error that ends it: 0.1 (alternating), or 0.01 with --scope sample."),
    ] = None,
    size: options.Size = None,
    train_images: Annotated[
        int | None,
        typer.Option("--train-images", help="Images to train on at most; all are published (600 MB of them)."),
    ] = None,
    labels: Annotated[Path | None, typer.Option("--labels", help="Table name,class for a flat folder.")] = None,
    image_format: Annotated[
        str, typer.Option("--image-format", help="How images are written: png, or webp (lossless).")
    ] = "png",
    shards: Annotated[
        int | None, typer.Option("--shards", help="Write tar shards of so many images, in place of a file each.")
    ] = None,
    keep_exif: Annotated[
        bool, typer.Option("--keep-exif", help="Publish where, when and how images were taken (EXIF); thumbnails never.")
    ] = False,
    key_file: Annotated[Path | None, typer.Option("--key-file", help="32 secret bytes in place of fresh ones.")] = None,
    max_runs: Annotated[
        int | None, typer.Option("--max-runs", help="Retrainings at most (11 without levels; 8, and 7 for each).")
    ] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Points by which calibration may miss a level.")] = 5.0,
    recipe: options.RecipeName = None,
    arch: options.Arch = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    seed: Annotated[int, typer.Option("--seed", help="Seed of all training; decides nothing secret.", min=0)] = 0,
    device: options.Device = "auto",
    threads: options.Threads = 0,
    jobs: options.Workers = 0,
    engine: options.Engine = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue a run that was interrupted.")] = False,
    overwrite: options.Overwrite = False,
    dry_run: options.DryRun = False,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Publish DATA so that nobody can train on it, with masks for every level that you sell.

    Writes the folder to publish and the secret mask file. Exit code 1 where a level could not be reached, or the
    published folder still teaches; everything that was reached is written all the same.
    """
    asked = locals()
    options.present(data)
    if generator is not None:
        from hideseek_cli.cli.protect import protect

        protect(asked, hide)
        return
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork
    from hideseek_cli.images.output_format import OutputFormat
    from hideseek_cli.methods import select
    from hideseek_cli.publishing.config import HideConfig
    from hideseek_cli.publishing.pipeline import hide as run
    from hideseek_cli.publishing.plan import plan

    chosen_device = options.training_device(device, threads)
    config = HideConfig(
        data=data, levels=_levels(levels), out=out, masks=masks, prices=_prices(prices), epsilon=epsilon,
        recipe=options.training_recipe(recipe, arch, epochs, batch_size, chosen_device), placement=placement,
        unmask=unmask, patterns=patterns, robust=_robust(robust), min_ssim=min_ssim, calibration=calibration, size=size,
        train_images=train_images, labels=labels, key_file=key_file, seed=seed, threads=threads or 1, max_runs=max_runs,
        tolerance=tolerance, overwrite=overwrite, resume=resume,
        output_format=OutputFormat(encoding=image_format, shard=shards, exif=keep_exif),
        method=select(method, scope, {
            "schedule": schedule, "passes": passes, "inner_steps": inner_steps, "pgd_steps": pgd_steps,
            "stop_error": stop_error, "objective": objective, "authorized": authorized and AuthorizedNetwork.load(authorized),
        }),
    )  # fmt: skip
    with options.terminal(quiet) as screen, options.executor(jobs, engine) as executor:
        if dry_run:
            try:
                document(plan(config, chosen_device, executor, screen))
            except RefusalError as refused:
                document({"refused": refused.problems})
                raise
            return
        with options.resumable(screen, config.journal):
            hidden = run(config, chosen_device, executor, screen)
        if json:
            document(hidden.to_json())
        else:
            show(hidden.rows(), style.value)
        for line in hidden.remarks():
            screen.say(line)
    raise typer.Exit(0 if hidden.complete else 1)


def _robust(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    return () if text == "none" else options.names(text)


def _levels(text: str) -> tuple[float, ...]:
    try:
        return tuple(sorted(float(part) for part in text.split(",") if part.strip()))
    except ValueError as error:
        raise InputError(f"--levels {text!r} is not a list of percentages, such as 30,50,70") from error


def _prices(text: str) -> dict[float, float]:
    try:
        pairs = [part.split("=") for part in text.split(",") if part.strip()]
        found = {float(level): float(price) for level, price in pairs}
    except ValueError as error:
        raise InputError(f"--prices {text!r} is not a list of level=price, such as 30=10,50=25") from error
    if len(found) < len(pairs):
        raise InputError(f"--prices {text!r} names a level twice; give each once")
    return found
