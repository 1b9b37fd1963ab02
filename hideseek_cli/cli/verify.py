"""``hideseek verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hideseek_cli.cli.options import (
    Arch,
    BatchSize,
    Device,
    Epochs,
    Json,
    Quiet,
    RecipeName,
    Size,
    Style,
    TableStyle,
    Threads,
    Verbose,
    Workers,
    terminal,
    training_device,
    training_recipe,
    workers,
)  # fmt: skip

if TYPE_CHECKING:
    from hideseek_cli.verify import Verification

EXIT = {"pass": 0, "fail": 1, "inconclusive": 3, None: 0}


def verify(
    folder: Annotated[Path, typer.Argument(help="The folder to train on: cleaned, published or any other.")],
    test: Annotated[Path, typer.Option("--test", help="Clean test pictures of the same classes.")],
    level: Annotated[float | None, typer.Option("--level", help="Accuracy promised, in place of the manifest's.")] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Points by which the accuracy may miss the level.")] = 8.0,
    runs: Annotated[int, typer.Option("--runs", help="Trainings with fresh seeds.", min=1)] = 4,
    recipe: RecipeName = None,
    arch: Arch = None,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    size: Size = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the first run; fresh unless given.", min=0)] = None,
    device: Device = "auto",
    threads: Threads = 0,
    jobs: Workers = 0,
    json: Json = False,
    style: Style = TableStyle.table,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Retrain from scratch on FOLDER and say whether it reaches the accuracy that was sold.

    pass (exit code 0): the 90 % interval lies within the tolerance of the level. fail (1): the 95 % interval lies
    outside of it. Otherwise inconclusive (3): more --runs decide. A published folder promises at most chance.
    """
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.parallel import pool
    from hideseek_cli.verify import verify as run

    chosen_device = training_device(device, threads)
    fallback = training_recipe(recipe, None, epochs, batch_size, chosen_device)
    chosen = fallback if recipe or epochs or batch_size else None
    with terminal(quiet) as screen, pool(workers(jobs)) as executor:
        verified = run(
            folder, test, executor, screen, chosen_device, recipe=chosen, arch=arch, level=level, tolerance=tolerance,
            runs=runs, seed=seed, size=size, threads=threads or 1, fallback=fallback,
        )  # fmt: skip
        if json:
            document(_document(verified))
        else:
            show([_row(folder, verified)], style.value)
            screen.say(
                f"recipe {verified.recipe.name}: {verified.recipe.arch}, {verified.recipe.epochs} epochs; trained on "
                f"{verified.images} pictures, tested on {verified.tested}; first seed {verified.seed}"
            )
    raise typer.Exit(EXIT[verified.verdict])


def _promise(verified: Verification) -> str:
    if verified.level is None:
        return "none"
    if verified.one_sided:
        return f"at most chance, {verified.level:g} + {verified.tolerance:g}"
    return f"{verified.level:g} ± {verified.tolerance:g}"


def _row(folder: Path, verified: Verification) -> dict[str, Any]:
    low, high = verified.found.interval()
    return {
        "folder": str(folder), "promised %": _promise(verified), "accuracy %": f"{verified.found.mean:.2f}",
        "95 % interval": f"{low:.2f} to {high:.2f}", "runs": verified.found.runs,
        "verdict": verified.verdict or "nothing promised",
    }  # fmt: skip


def _document(verified: Verification) -> dict[str, Any]:
    low, high = verified.found.interval()
    return {
        "accuracy": verified.found.mean, "low": low, "high": high, "runs": verified.found.runs,
        "accuracies": list(verified.accuracies), "level": verified.level, "tolerance": verified.tolerance,
        "one_sided": verified.one_sided, "verdict": verified.verdict, "recipe": verified.recipe.to_json(),
        "seed": verified.seed, "images": verified.images, "tested": verified.tested,
    }  # fmt: skip
