"""``hideseek verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hideseek_cli.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hideseek_cli.training.accuracy_stats import Verdict

EXIT: dict[str | None, int] = {"pass": 0, "fail": 1, "inconclusive": 3, None: 0}


def verify(
    folder: Annotated[Path, typer.Argument(help="The folder to train on: cleaned, published or any other.")],
    test: Annotated[Path, typer.Option("--test", help="Clean test images of the same classes.")],
    level: Annotated[float | None, typer.Option("--level", help="Accuracy promised, in place of the manifest's.")] = None,
    tolerance: Annotated[float, typer.Option("--tolerance", help="Points by which the accuracy may miss the level.")] = 8.0,
    runs: Annotated[int, typer.Option("--runs", help="Trainings with fresh seeds.", min=1)] = 4,
    recipe: options.RecipeName = None,
    arch: Annotated[
        str, typer.Option("--arch", help="Networks in place of the recipe's, such as resnet18,vgg11.", metavar="NAMES")
    ] = "",
    authorized: Annotated[
        Path | None, typer.Option("--authorized", help="A network file: let its network, which may, learn as well.")
    ] = None,
    distill_from: Annotated[
        Path | None,
        typer.Option("--distill-from", help="A network file: let others learn what its trained network says, as an attack."),
    ] = None,
    epochs: options.Epochs = None,
    batch_size: options.BatchSize = None,
    size: options.Size = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the first run; fresh unless given.", min=0)] = None,
    device: options.Device = "auto",
    threads: options.Threads = 0,
    jobs: options.Workers = 0,
    engine: options.Engine = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with runs that were interrupted.")] = False,
    json: options.Json = False,
    style: options.Style = options.TableStyle.table,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Retrain from scratch on FOLDER and say whether it reaches the accuracy that was sold.

    pass (exit code 0): the 90 % interval lies within the tolerance of the level. fail (1): the 95 % interval lies
    outside of it. Otherwise inconclusive (3): more --runs decide. A published folder promises at most chance. Of several
    networks the worst verdict counts.
    """
    options.present(folder, test)
    from hideseek_cli.cli.terminal import document, show
    from hideseek_cli.evaluation.verify import VerifyConfig
    from hideseek_cli.evaluation.verify import verify as run
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork

    chosen_device = options.training_device(device, threads)
    fallback = options.training_recipe(recipe, None, epochs, batch_size, chosen_device)
    chosen = fallback if recipe or epochs or batch_size else None
    allowed, teacher = (None if path is None else AuthorizedNetwork.load(path) for path in (authorized, distill_from))
    config = VerifyConfig(
        folder=folder, test=test, recipe=chosen, archs=options.names(arch), level=level, tolerance=tolerance, runs=runs,
        seed=seed, size=size, threads=threads or 1, fallback=fallback, resume=resume, authorized=allowed, teacher=teacher,
    )  # fmt: skip
    with options.terminal(quiet) as screen, options.executor(jobs, engine) as executor:
        with options.resumable(screen, config.journal):
            verified = run(config, chosen_device, executor, screen)
        if json:
            document(verified.to_json())
        else:
            show(verified.rows(), style.value)
            for line in verified.remarks():
                screen.say(line)
    raise typer.Exit(EXIT[verified.verdict])


def exit_code(verdicts: Sequence[Verdict | None]) -> int:
    """Of several networks the worst verdict counts."""
    from hideseek_cli.evaluation.verify_result import find_worst

    return EXIT[find_worst(verdicts)]
