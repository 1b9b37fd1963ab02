"""``hideseek verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hideseek_cli.cli import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hideseek_cli.evaluation.verify import Verification
    from hideseek_cli.training.accuracy_stats import Verdict

EXIT: dict[str | None, int] = {"pass": 0, "fail": 1, "inconclusive": 3, None: 0}
WORSE: tuple[str | None, ...] = (None, "pass", "inconclusive", "fail")


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
    from hideseek_cli.evaluation.verify import journal_path
    from hideseek_cli.evaluation.verify import verify as run
    from hideseek_cli.formats.authorized_network import AuthorizedNetwork

    chosen_device = options.training_device(device, threads)
    fallback = options.training_recipe(recipe, None, epochs, batch_size, chosen_device)
    chosen = fallback if recipe or epochs or batch_size else None
    allowed, teacher = (None if path is None else AuthorizedNetwork.load(path) for path in (authorized, distill_from))
    with options.terminal(quiet) as screen, options.executor(jobs, engine) as executor:
        with options.resumable(screen, journal_path(folder)):
            verified = run(
                folder, test, executor, screen, chosen_device, recipe=chosen, archs=options.names(arch), level=level,
                tolerance=tolerance, runs=runs, seed=seed, size=size, threads=threads or 1, fallback=fallback,
                resume=resume, authorized=allowed, teacher=teacher,
            )  # fmt: skip
        if json:
            documents = [_document(one) for one in verified]
            document(documents[0] if len(documents) == 1 else documents)
        else:
            show([_row(folder, one) for one in verified], style.value)
            for line in _remarks(verified):
                screen.say(line)
    raise typer.Exit(exit_code([one.verdict for one in verified]))


def exit_code(verdicts: Sequence[Verdict | None]) -> int:
    """Of several networks the worst verdict counts."""
    return EXIT[max(verdicts, key=WORSE.index)]


def _remarks(verified: tuple[Verification, ...]) -> list[str]:
    """How it was measured, and what would settle what is not settled."""
    first = verified[0]
    lines = [first.recipe.account(first.images, first.tested, first.seed)]
    for one in verified:
        if one.verdict == "inconclusive":
            settled = f"about {one.more} more runs" if one.more else f"no number of runs on these {one.tested} test images"
            lines.append(f"{one.label}: inconclusive; if mean and spread stay, {settled} would settle it")
    return lines


def _promise(verified: Verification) -> str:
    if verified.level is None:
        return "none"
    if verified.one_sided:
        return f"at most chance, {verified.level:g} + {verified.tolerance:g}"
    return f"{verified.level:g} ± {verified.tolerance:g}"


def _row(folder: Path, verified: Verification) -> dict[str, Any]:
    low, high = verified.found.interval()
    return {
        "folder": str(folder), "network": verified.label, "promised %": _promise(verified),
        "accuracy %": f"{verified.found.mean:.2f}", "95 % interval": f"{low:.2f} to {high:.2f}", "runs": verified.found.runs,
        "verdict": verified.verdict or "nothing promised",
    }  # fmt: skip


def _document(verified: Verification) -> dict[str, Any]:
    low, high = verified.found.interval()
    return {
        "accuracy": verified.found.mean, "low": low, "high": high, "runs": verified.found.runs,
        "accuracies": list(verified.accuracies), "level": verified.level, "tolerance": verified.tolerance,
        "one_sided": verified.one_sided, "verdict": verified.verdict, "more_runs": verified.more,
        "recipe": verified.recipe.to_json(), "kind": verified.kind or None, "seed": verified.seed,
        "images": verified.images, "tested": verified.tested,
    }  # fmt: skip
