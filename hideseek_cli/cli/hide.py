"""``hideseek hide``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options
from hideseek_cli.cli.offers import parse_levels, parse_prices
from hideseek_cli.cli.options import FILES, LEVELS, MASKS, TRAINING

EXAMPLES = """\b
Examples:
  What would be done, and how long it takes:
    hideseek hide data --levels 30,50,70 --dry-run
  Publish, and sell three levels:
    hideseek hide data --levels 30,50,70 --prices 30=10,50=25,70=60
  Sell no level: everyone can look, nobody can train:
    hideseek hide data
  Leave a generator for images that come later:
    hideseek hide data --method confounder"""


def hide(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="DATA/<class>/* or DATA/{train,val,test}/<class>/*, or tar shards.")
    ],
    levels: Annotated[
        str | None,
        typer.Option(
            "--levels", metavar="30,50,70", help="Test accuracies to sell, in percent. Without, clean images alone are sold."
        ),
    ] = None,
    prices: Annotated[
        str | None, typer.Option("--prices", metavar="30=10,50=25", help="Price of each level, for the public manifest.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder to publish.")] = Path("published"),
    masks: Annotated[Path, typer.Option("--masks", help="The mask file; keep it secret.")] = Path("masks.safetensors"),
    look: Annotated[
        str,
        typer.Option("--look", help="faithful, balanced or strong: how visible masks may be, and what they outlive."),
    ] = "faithful",
    epsilon: Annotated[
        int | None, typer.Option("--epsilon", help="Most that a pixel may move, in grey levels. Usual: as --look has it.")
    ] = None,
    min_ssim: Annotated[
        float | None, typer.Option("--min-ssim", help="Mean SSIM that the published folder keeps. Usual: as --look has it.")
    ] = None,
    max_visibility: Annotated[
        float | None,
        typer.Option(
            "--max-visibility", metavar="FLIP",
            help="What the eye may see of masks, 0 to 1. Usual: as --look has it; faithful: as of JPEGs of quality 75.",
        ),
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(
            "--recipe", metavar="NAME",
            help="How networks are trained: quick (usual on a CPU), standard (on a GPU), paper.",
        ),
    ] = None,
    device: options.FirstDevice = "auto",
    resume: options.Resume = False,
    overwrite: options.Overwrite = False,
    dry_run: options.DryRun = False,
    method: Annotated[
        str,
        typer.Option(
            "--method", rich_help_panel=MASKS,
            help="What makes masks: emn (error-minimising), confounder (a generator), uge, or random noise.",
        ),
    ] = "emn",
    robust: Annotated[
        str | None,
        typer.Option(
            "--robust", metavar="NAMES", rich_help_panel=MASKS,
            help="What masks must survive: some of greyscale,jpeg,blur,augment, or none. Usual: as --look has it.",
        ),
    ] = None,
    placement: Annotated[
        str,
        typer.Option(
            "--placement", rich_help_panel=MASKS,
            help="Where patterns lie: fixed (as in the paper), or keyed (by secret shifts).",
        ),
    ] = "fixed",
    patterns: Annotated[
        int,
        typer.Option(
            "--patterns", rich_help_panel=MASKS,
            help="Patterns of a class in each layer. With more, a known original gives away less.",
        ),
    ] = 1,
    scope: Annotated[
        str | None,
        typer.Option("--scope", help="What has a mask of its own: a class, or every sample (image).", rich_help_panel=MASKS),
    ] = None,
    objective: Annotated[
        str | None,
        typer.Option(
            "--objective", rich_help_panel=MASKS, help="What masks do to the loss: error-min (usual), or error-max."
        ),
    ] = None,
    authorized: Annotated[
        Path | None,
        typer.Option(
            "--authorized", rich_help_panel=MASKS,
            help="For --method uge: the network file whose networks learn all the same. See hideseek network.",
        ),
    ] = None,
    schedule: Annotated[
        str | None,
        typer.Option(
            "--schedule", rich_help_panel=MASKS,
            help="How masks are trained: joint (usual), or alternating (Algorithm 1 of the paper).",
        ),
    ] = None,
    passes: Annotated[
        int | None,
        typer.Option("--passes", help="Passes over the images to train each mask.", min=1, rich_help_panel=MASKS),
    ] = None,
    inner_steps: Annotated[
        int | None,
        typer.Option("--inner-steps", help="Steps between mask updates, M (alternating).", min=1, rich_help_panel=MASKS),
    ] = None,
    pgd_steps: Annotated[
        int | None,
        typer.Option("--pgd-steps", help="Steps of Equation 4 on a batch, or a sample.", min=1, rich_help_panel=MASKS),
    ] = None,
    stop_error: Annotated[
        float | None,
        typer.Option("--stop-error", help="Training error, 0 to 1, that ends mask training.", rich_help_panel=MASKS),
    ] = None,
    unmask: Annotated[
        str,
        typer.Option(
            "--unmask", rich_help_panel=LEVELS,
            help="What loses its mask as levels rise: whole classes (exact), or images of every class.",
        ),
    ] = "classes",
    calibration: Annotated[
        str,
        typer.Option(
            "--calibration", rich_help_panel=LEVELS,
            help="How levels are found: retrain, or stop (the paper's way; needs --schedule alternating).",
        ),
    ] = "retrain",
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", help="Points by which calibration may miss a level.", rich_help_panel=LEVELS),
    ] = 2.5,
    max_runs: Annotated[
        int | None,
        typer.Option("--max-runs", help="Retrainings at most. Usual: about 22, and 7 for each level.", rich_help_panel=LEVELS),
    ] = None,
    offer_anyway: Annotated[
        bool,
        typer.Option("--offer-anyway", help="Offer levels that cannot be told from what lies below.", rich_help_panel=LEVELS),
    ] = False,
    arch: options.Arch = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    seed: Annotated[
        int, typer.Option("--seed", help="Seed of all training. Decides nothing secret.", min=0, rich_help_panel=TRAINING)
    ] = 0,
    train_images: Annotated[
        int | None,
        typer.Option(
            "--train-images", rich_help_panel=TRAINING,
            help="Train on so many images at most; all are published. Usual: as many as take 600 MB.",
        ),
    ] = None,
    size: options.Size = None,
    labels: options.Labels = None,
    groups: options.Groups = "auto",
    split: options.Split = "auto",
    image_format: options.PublishedFormat = "auto",
    shards: Annotated[
        int | None,
        typer.Option("--shards", help="Write tar shards of so many images, in place of a file each.", rich_help_panel=FILES),
    ] = None,
    keep_exif: options.KeepExif = False,
    card: options.Card = False,
    key_file: Annotated[
        Path | None,
        typer.Option("--key-file", help="32 secret bytes in place of fresh ones.", rich_help_panel=FILES),
    ] = None,
    threads: options.Threads = 0,
    workers: options.Workers = 0,
    engine: options.Engine = None,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:  # fmt: skip
    """Publish DATA so that nobody can train on it, with masks for every level that you sell.

    Writes the folder to publish and the secret mask file. Exit code 1 where a level could not be reached, or the
    published folder still teaches; everything that was reached is written all the same.
    """
    given = dict(locals())
    import hideseek_cli as hs
    from hideseek_cli.cli.terminal import Screen, leave_record, show_result

    sold, priced = parse_levels(levels), parse_prices(prices)
    with Screen(hide, quiet=quiet) as screen:
        ask: Callable[..., hs.HidePlan | hs.HideResult] = hs.plan_hide if dry_run else hs.hide
        found = ask(
            data, levels=sold, prices=priced, out=out, masks=masks, look=look, epsilon=epsilon, min_ssim=min_ssim,
            max_visibility=max_visibility,
            recipe=recipe, arch=arch, epochs=epochs, batch_size=batch_size, method=method, scope=scope, objective=objective,
            robust=robust, authorized=authorized, placement=placement, patterns=patterns, unmask=unmask, schedule=schedule,
            passes=passes, inner_steps=inner_steps, pgd_steps=pgd_steps, stop_error=stop_error, calibration=calibration,
            tolerance=tolerance, max_runs=max_runs, offer_anyway=offer_anyway, size=size, train_images=train_images,
            labels=labels, groups=groups, split=split, image_format=image_format, shards=shards, keep_exif=keep_exif,
            key_file=key_file, seed=seed, device=device, threads=threads, workers=workers, engine=engine, progress=screen,
            resume=resume, overwrite=overwrite, card=card,
        )  # fmt: skip
        show_result(found, screen, json=json, style=style.value)
        if not dry_run:
            leave_record(found, screen, given)
    raise typer.Exit(0 if found.complete else 1)
