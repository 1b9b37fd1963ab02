"""``hideseek verify``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hideseek_cli.cli import options

EXIT: dict[str | None, int] = {"pass": 0, "fail": 1, "inconclusive": 3, None: 0}


def verify(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to train on: cleaned, published or any other.")],
    test: Annotated[Path, typer.Option("--test", help="Clean test images of the same classes.")],
    level: Annotated[float | None, typer.Option("--level", help="Accuracy promised, in place of the manifest's.")] = None,
    tolerance: Annotated[
        float | None,
        typer.Option("--tolerance", help="Points by which the accuracy may miss the level. Usual: 4; 8 of a published folder."),
    ] = None,
    runs: Annotated[int, typer.Option("--runs", help="Trainings with fresh seeds.", min=1)] = 4,
    resume: options.Resume = False,
    recipe: options.RecipeName = None,
    arch: options.Arch = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    seed: options.FirstSeed = None,
    authorized: Annotated[
        Path | None,
        typer.Option(
            "--authorized", rich_help_panel=options.TRAINING,
            help="A network file: let its network, which may, learn as well.",
        ),
    ] = None,
    distill_from: Annotated[
        Path | None,
        typer.Option(
            "--distill-from", rich_help_panel=options.TRAINING,
            help="A network file: let others learn what its trained network says, as an attack.",
        ),
    ] = None,
    size: options.Size = None,
    split: options.Split = "auto",
    device: options.Device = "auto",
    threads: options.Threads = 0,
    workers: options.Workers = 0,
    engine: options.Engine = None,
    per_class: Annotated[
        bool, typer.Option("--per-class", help="Print what is got right of each class.", rich_help_panel=options.OUTPUT)
    ] = False,
    junit: Annotated[
        Path | None,
        typer.Option("--junit", rich_help_panel=options.OUTPUT, help="A JUnit XML file of the verdicts, for build servers."),
    ] = None,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:  # fmt: skip
    """Train networks from scratch on FOLDER and say whether they reach what was promised.

    pass (exit code 0): the 90 % interval lies within the tolerance of the level. fail (1): the 95 % interval lies
    outside of it. Otherwise inconclusive (3): more --runs decide. A published folder promises at most chance. Of several
    networks the worst verdict counts.
    """
    given = dict(locals())
    import hideseek_cli as hs
    from hideseek_cli.cli.junit import open_report
    from hideseek_cli.cli.terminal import Screen, leave_record, show_result

    with Screen(verify, quiet=quiet) as screen, open_report(junit, verify, folder, test) as cases:
        found = hs.verify(
            folder, test, level=level, tolerance=tolerance, runs=runs, recipe=recipe, arch=arch, epochs=epochs,
            batch_size=batch_size, size=size, split=split, seed=seed, authorized=authorized, distill_from=distill_from,
            device=device, threads=threads, workers=workers, engine=engine, progress=screen, resume=resume,
        )  # fmt: skip
        cases += found.cases()
        show_result(found.by_class() if per_class else found, screen, json=json, style=style.value)
        leave_record(found, screen, given)
    raise typer.Exit(EXIT[found.verdict])
