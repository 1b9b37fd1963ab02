"""Results of finished work, so that a run that was killed continues and ends with the same bytes.

One secret file beside the output holds what has been measured and trained so far, replaced whole after each result and
removed when the run is complete. It names the arguments of the run; a run with others refuses to continue it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hideseek_cli.errors import DiskError, InputError, count
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.progress import Progress

UNTRAINED = ("key", "seed", "release")
"""Names of values that are no accuracies: what a run draws before it trains anything, and what it wrote in the end."""


def path_beside(folder: Path, command: str) -> Path:
    """Where a command that works on a folder remembers what is finished."""
    place = folder.resolve()
    return place.with_name(f".{place.name}.{command}")


def open_journal(
    path: Path, arguments: dict[str, Any], progress: Progress, *, resume: bool, overwrite: bool | None = None
) -> Journal:
    """A journal, in which an interrupted run is found that finished a training, or that ``resume`` asks for.

    Says what was found, that nothing was, or that something is dropped. Raises InputError where what is found belongs to a run
    with other ``arguments``, unless ``overwrite`` (None: there is no such argument) lets it be dropped, or where ``resume``
    asks for what cannot be read.
    """
    there = path.exists()
    if there and not resume and not _holds_work(path, arguments, overwrite=bool(overwrite)):
        progress.say(f"starts afresh: what an interrupted run left in {path} is dropped")
        return Journal(path, arguments)
    again = "delete that file" if overwrite is None else f"give `overwrite=True`{' without `resume=True`' if resume else ''}"
    journal = Journal(path, arguments, resume=there, again=again)
    if resume and not there:
        progress.say(f"nothing to resume at {path}: starts afresh")
    elif journal.values or journal.arrays:
        progress.say(f"resumes: {journal.describe()}")
    return journal


def _holds_work(path: Path, arguments: dict[str, Any], *, overwrite: bool) -> bool:
    """Whether an interrupted run, of these arguments if it may not be dropped, left a training that is finished."""
    try:
        with _open(path) as (file, header):
            finished = bool(file.keys()) or not set(header["values"]) <= set(UNTRAINED)
    except InputError:
        return False
    return finished and (not overwrite or not _list_differences(json.loads(json.dumps(arguments)), header["options"]))


def _list_differences(asked: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """What has other values; names with a space are no arguments of the API."""
    names = sorted(asked.keys() | before.keys())
    return [name if " " in name else f"`{name}`" for name in names if asked.get(name) != before.get(name)]


def recall(path: Path, name: str) -> Any:
    """What an interrupted run remembered under that name, whatever its arguments; None where there is no such.

    Raises InputError where what is there cannot be read.
    """
    if not path.exists():
        return None
    with _open(path) as (_, header):
        return header["values"].get(name)


@contextmanager
def _open(path: Path) -> Iterator[tuple[Any, dict[str, dict[str, Any]]]]:
    """The file of a journal, and what is in it but arrays. Raises InputError where it cannot be read."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["journal"])
            yield file, {part: {**header[part]} for part in ("options", "values")}
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error}); start again without `resume=True`") from error


class Journal:
    """Remembers JSON values and arrays under names."""

    def __init__(self, path: Path, arguments: dict[str, Any], *, resume: bool = False, again: str = "delete that file") -> None:
        """``arguments``: what must be the same for a run to be continued; reported by name where it is not, with how it would
        start afresh, ``again``.

        Names with a space are no arguments of the API. Raises InputError where ``resume`` finds what it cannot go on with.
        """
        self.path, self.again, self.arguments = path, again, json.loads(json.dumps(arguments))
        self.values: dict[str, Any] = {}
        self.arrays: dict[str, np.ndarray] = {}
        if resume and path.exists():
            self._load()

    def value(self, name: str) -> Any:
        """What was remembered under that name, or None."""
        return self.values.get(name)

    def describe(self) -> str:
        """What is finished, in words: arrays are trained masks, with their weights, and values are what trainings gave."""
        masks = {tuple(name.split()[:2]) for name in self.arrays}
        runs = [name for name in self.values if name not in UNTRAINED]
        counts = {"retraining": len(runs), "mask training": len(masks)}
        parts = [count(number, noun) for noun, number in counts.items() if number]
        verb = "is" if sum(counts.values()) <= 1 else "are"
        return f"{' and '.join(parts)} {verb} done already" if parts else "no training was finished yet"

    def begin(self) -> None:
        """Note that a run with these arguments is at work, before anything is finished. Raises DiskError."""
        self._write()

    def remember(self, name: str, value: Any) -> None:
        """Raises DiskError where nothing can be written."""
        self.values[name] = value
        self._write()

    def keep(self, arrays: dict[str, np.ndarray]) -> None:
        """Remember arrays of several names at once. Raises DiskError where nothing can be written."""
        self.arrays |= arrays
        self._write()

    def _write(self) -> None:
        header = json.dumps({"options": self.arguments, "values": self.values}, sort_keys=True)
        write_whole(self.path, save(self.arrays, metadata={"journal": header}), secret=True)

    def close(self) -> None:
        """Forget everything: the run is complete, or nothing of it shall remain."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While a run works: what it remembered is forgotten when it is complete or its input is refused, and stays, as the
        error then says, where the disk fails. Where a fault ends the run, only what was finished is worth keeping."""
        try:
            yield
        except DiskError as error:
            kept = "; what is finished is kept, go on with `resume=True`" if self.path.exists() else ""
            raise DiskError(f"{error}{kept}") from error
        except Exception as error:
            if isinstance(error, InputError) or not (self.values or self.arrays):
                self.close()
            raise
        self.close()

    def _load(self) -> None:
        with _open(self.path) as (file, header):
            before, arrays = header["options"], {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if other := _list_differences(self.arguments, before):
            raise InputError(
                f"the run that {self.path} belongs to had other values of {', '.join(other)}; "
                f"give the same to go on with it, or {self.again} to start again"
            )
        self.values, self.arrays = header["values"], arrays
