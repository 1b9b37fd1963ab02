"""Results of finished work, so that a run that was killed continues and ends with the same bytes.

One secret file beside the output holds what has been measured and trained so far, replaced whole after each result and
removed when the run is complete. It names the options of the run; a run with other options refuses to continue it.
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

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.progress import Progress


def path_beside(folder: Path, command: str) -> Path:
    """Where a command that works on a folder remembers what is finished."""
    place = folder.resolve()
    return place.with_name(f".{place.name}.{command}")


def open_journal(path: Path, options: dict[str, Any], progress: Progress, *, resume: bool) -> Journal:
    """A journal, in which an interrupted run is found where ``resume`` says so; where not, it is said that it is dropped."""
    if path.exists() and not resume:
        progress.say(f"starts afresh: what an interrupted run left in {path} is dropped (--resume would go on with it)")
    return Journal(path, options, resume=resume)


class Journal:
    """Remembers JSON values and arrays under names."""

    def __init__(self, path: Path, options: dict[str, Any], *, resume: bool = False) -> None:
        """``options``: what must be the same for a run to be continued; reported by name where it is not."""
        self.path, self.options = path, json.loads(json.dumps(options))
        self.values: dict[str, Any] = {}
        self.arrays: dict[str, np.ndarray] = {}
        if resume and path.exists():
            self._load()

    def value(self, name: str) -> Any:
        """What was remembered under that name, or None."""
        return self.values.get(name)

    def begin(self) -> None:
        """Note that a run with these options is at work, before anything is finished."""
        self._write()

    def remember(self, name: str, value: Any) -> None:
        self.values[name] = value
        self._write()

    def keep(self, arrays: dict[str, np.ndarray]) -> None:
        """Remember arrays of several names at once."""
        self.arrays |= arrays
        self._write()

    def _write(self) -> None:
        header = json.dumps({"options": self.options, "values": self.values}, sort_keys=True)
        write_whole(self.path, save(self.arrays, metadata={"journal": header}), secret=True)

    def close(self) -> None:
        """Forget everything: the run is complete, or nothing of it shall remain."""
        self.path.unlink(missing_ok=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While a run works: what it remembered is forgotten when it is complete or its input is refused, and stays, as the
        error then says, where the disk fails."""
        try:
            yield
        except DiskError as error:
            kept = "; what is finished is kept, go on with --resume" if self.path.exists() else ""
            raise DiskError(f"{error}{kept}") from error
        except InputError:
            self.close()
            raise
        self.close()

    def _load(self) -> None:
        try:
            with safe_open(self.path, framework="numpy") as file:
                header = json.loads((file.metadata() or {})["journal"])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            options, values = header["options"], header["values"]
        except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{self.path} cannot be read ({error}); start again without --resume") from error
        other = sorted(name for name in self.options.keys() | options.keys() if self.options.get(name) != options.get(name))
        if other:
            raise InputError(
                f"the run that {self.path} belongs to had another {', '.join(other)}; "
                "give the same options to resume it, or start again without --resume"
            )
        self.values, self.arrays = values, arrays
