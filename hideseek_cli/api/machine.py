"""What a call works with: a device, workers and progress, each with a default that fits this machine."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hideseek_cli.errors import InputError
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.runtime.bars import Bars
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    from concurrent.futures import Executor

    import torch

RecipeLike = Recipe | str | None
"""A recipe, the name of a preset, or None for the one that is usual here."""


@contextmanager
def open_progress(progress: bool | Progress) -> Iterator[Progress]:
    """Bars and messages on standard error, or in a notebook; none where ``progress`` is False, or whoever was given hears."""
    if not isinstance(progress, bool):
        yield progress
        return
    with Bars(quiet=not progress) as bars:
        yield bars


@contextmanager
def open_workers(workers: int, engine: str | None) -> Iterator[Executor]:
    """What runs images and retrainings: so many threads of this process (0: one a core), or the workers of a cluster."""
    if workers < 0:
        raise InputError(f"`workers` {workers} cannot work: give at least 1, or 0 for one a core")
    if engine is None:
        with thread_pool(workers or count_cores()) as threads:
            yield threads
        return
    try:
        from hideseek_cli.runtime.dask_executor import connect
    except ModuleNotFoundError as error:
        raise InputError(f"`engine` needs {error.name}; install it with: pip install 'hideseek[cluster]'") from error
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters of it reaches the user as an error
    with connect(engine) as cluster:
        yield cluster


@contextmanager
def keep_for_resume(journal: Path, progress: Progress) -> Iterator[None]:
    """Where a call is interrupted, say what is left of it and how it goes on."""
    try:
        yield
    except KeyboardInterrupt:
        if journal.exists():
            progress.say(f"finished work is kept in {journal}; go on with `resume=True`, or delete it")
        raise


def choose_device(device: str, threads: int = 0) -> torch.device:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N``; sets the threads (0: all cores) and the memory of training.

    Raises InputError where there is no such device.
    """
    import torch

    from hideseek_cli.training.malloc import keep_freed

    torch.set_num_threads(threads or count_cores())
    keep_freed()
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise InputError(f"unknown `device` {device!r}: give auto, cpu, cuda or cuda:N") from error
    if found.type not in ("cpu", "cuda"):
        raise InputError(f"`device` {device!r} is not supported: give auto, cpu, cuda or cuda:N")
    if found.type == "cuda" and (found.index or 0) >= torch.cuda.device_count():
        raise InputError(f"`device` {device} is not there: this machine has {torch.cuda.device_count()} CUDA devices")
    return found


def given_recipe(recipe: RecipeLike, epochs: int | None, batch_size: int | None, device: torch.device) -> Recipe | None:
    """The recipe that was asked for, None where nothing of one was."""
    if recipe is None and not epochs and not batch_size:
        return None
    chosen = recipe if isinstance(recipe, Recipe) else usual_recipe(device) if recipe is None else preset(recipe)
    if epochs or batch_size:
        chosen = replace(chosen, name="custom", epochs=epochs or chosen.epochs, batch_size=batch_size or chosen.batch_size)
    return chosen


def usual_recipe(device: torch.device) -> Recipe:
    """``quick`` on a CPU and ``standard`` on a GPU."""
    return preset("quick" if device.type == "cpu" else "standard")


def split_names(names: str | Sequence[str] | None) -> tuple[str, ...]:
    """Each name once, in their order; a text is split at its commas."""
    parts = names.split(",") if isinstance(names, str) else names or ()
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
