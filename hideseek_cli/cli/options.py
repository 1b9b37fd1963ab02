"""Options that several commands share, spelt alike everywhere."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hideseek_cli.errors import InputError
from hideseek_cli.recipe import ARCHITECTURES, PRESETS
from hideseek_cli.runtime.executors import count_cores, thread_pool

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import torch

    from hideseek_cli.cli.terminal import Terminal
    from hideseek_cli.recipe import Recipe


class TableStyle(StrEnum):
    """How a table is printed."""

    table = "table"
    markdown = "markdown"
    csv = "csv"
    json = "json"


@dataclass
class Verbosity:
    """Whether faults of ours print their traceback; set by -v, read at the one boundary."""

    traceback: bool = False


VERBOSITY = Verbosity()


def _verbose(value: bool) -> bool:
    VERBOSITY.traceback = VERBOSITY.traceback or value
    return value


Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.", metavar="DEVICE")]
Threads = Annotated[
    int,
    typer.Option(
        "--threads", help="Processor threads of one training; 0: one for each retraining, all cores for masks.", min=0
    ),
]
Workers = Annotated[int, typer.Option("--workers", "-j", help="Images and retrainings under way at once; 0: all cores.", min=0)]
Engine = Annotated[
    str | None,
    typer.Option("--engine", help="Run on the workers of this dask scheduler, such as tcp://host:8786.", metavar="ADDRESS"),
]
RecipeName = Annotated[str | None, typer.Option("--recipe", help=f"How to train: {', '.join(PRESETS)}.", metavar="NAME")]
Arch = Annotated[
    str | None, typer.Option("--arch", help=f"Network, or the mean of several: {', '.join(ARCHITECTURES)}.", metavar="NAMES")
]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Passes over the images, in place of the recipe's.", min=1)]
BatchSize = Annotated[int | None, typer.Option("--batch-size", help="Images a step, in place of the recipe's.", min=2)]
Size = Annotated[
    int | None, typer.Option("--size", help="Side at which networks see the central square of images.", min=8, max=1024)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]
Style = Annotated[TableStyle, typer.Option("--format", help="How the table is printed.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what hideseek wrote there before.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No messages and no progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print the traceback of a fault.", callback=_verbose)]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where to write.", show_default=False)]


@contextmanager
def terminal(quiet: bool) -> Iterator[Terminal]:
    """Progress and messages for as long as a command runs."""
    from hideseek_cli.cli.terminal import Terminal

    with Terminal(quiet=quiet) as screen:
        yield screen


@contextmanager
def resumable(screen: Terminal, journal: Path) -> Iterator[None]:
    """Where a command is interrupted, say what is left of it and how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        if journal.exists():
            screen.say(f"finished work is kept in {journal}; go on with --resume, or delete it")
        raise


def names(text: str) -> tuple[str, ...]:
    """Each of the names between commas once, in their order."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


@contextmanager
def executor(jobs: int, engine: str | None) -> Iterator[Executor]:
    """What runs images and retrainings: ``jobs`` threads of this process (0: one a core), or the workers of a cluster."""
    if engine is None:
        with thread_pool(jobs or count_cores()) as threads:
            yield threads
        return
    try:
        from hideseek_cli.runtime.dask_executor import connect
    except ModuleNotFoundError as error:
        raise InputError(f"--engine needs {error.name}; install it with: pip install 'hideseek[cluster]'") from error
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it reaches the user as an error
    with connect(engine) as cluster:
        yield cluster


def present(*folders: Path | None) -> None:
    """Raises InputError where a folder that was given is not there: at once, before PyTorch is loaded."""
    from hideseek_cli.images.dataset import require_folder

    for folder in folders:
        if folder is not None:
            require_folder(folder)


def training_device(name: str, threads: int) -> torch.device:
    """The device that was asked for; sets the threads and the memory of training. Raises InputError where it is not there."""
    import torch

    from hideseek_cli.training.malloc import keep_freed

    torch.set_num_threads(threads or count_cores())
    keep_freed()
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InputError(f"unknown device {name!r}: give auto, cpu, cuda or cuda:N") from error
    if device.type not in ("cpu", "cuda"):
        raise InputError(f"device {name!r} is not supported: give auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"device {name} is not there: this machine has {torch.cuda.device_count()} CUDA devices")
    return device


def training_recipe(
    name: str | None, arch: str | None, epochs: int | None, batch_size: int | None, device: torch.device
) -> Recipe:
    """The recipe that was asked for; by default ``quick`` on a CPU and ``standard`` on a GPU."""
    from dataclasses import replace

    from hideseek_cli.recipe import preset

    chosen = preset(name or ("quick" if device.type == "cpu" else "standard"))
    if epochs or batch_size:
        chosen = replace(chosen, name="custom", epochs=epochs or chosen.epochs, batch_size=batch_size or chosen.batch_size)
    return replace(chosen, arch=arch or chosen.arch)
