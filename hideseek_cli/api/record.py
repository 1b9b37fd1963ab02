"""``hs.keep_record``: leave what a call found beside what it was about, where ``report`` finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hideseek_cli.api.machine import open_progress
from hideseek_cli.errors import DiskError, InputError, unknown
from hideseek_cli.formats import manifest
from hideseek_cli.formats.record import Record, path_beside, refuse_other
from hideseek_cli.images.layout import find_part
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.places import refuse_existing, refuse_inside
from hideseek_cli.runtime.progress import Progress


@runtime_checkable
class Result(Protocol):
    """What a call returned, as far as a record of it goes."""

    def to_json(self) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class _About:
    """Of a command, by the names of its arguments."""

    place: str
    """What its record lies beside."""
    folder: str
    """What it is about, whose manifest says of which release it is."""
    inputs: tuple[str, ...]
    """Into which nothing is written."""
    secrets: tuple[str, ...] = ()
    """What not everybody has: where it is given, the record is for its owner alone."""


ABOUT = {
    "hide": _About(place="masks", folder="out", inputs=("data",), secrets=("masks",)),
    "verify": _About(place="folder", folder="folder", inputs=("folder", "test")),
    "metrics": _About(place="other", folder="other", inputs=("clean", "other")),
    "audit": _About(
        place="folder", folder="folder", inputs=("folder", "test", "clean", "other"), secrets=("clean", "other", "cleaners")
    ),
}


def keep_record(
    command: str, result: Result, arguments: Mapping[str, object], *, progress: bool | Progress = True
) -> Path | None:
    """Leave a small JSON file beside the mask file of ``hide``, or beside the folder that ``verify``, ``metrics`` or
    ``audit`` is about, such as ``published.verify.json``, in place of an earlier one of that command.

    That of ``hide`` holds shares and strengths, and that of an ``audit`` with ``clean``, ``other`` or ``cleaners`` what not
    everybody can measure: these are secret (mode 0600). Where nothing can be written, where something else lies there, or
    where the place is inside an input folder, a message says so and nothing fails.

    Args:
        command: ``hide``, ``verify``, ``metrics`` or ``audit``.
        result: What the function of that name returned; accuracies are in percent.
        arguments: What it was called with, by name: its folders, and the mask file of ``hide``, at least.
        progress: Who hears of it, as of ``hs.verify``.

    Returns:
        Where it lies; None where nothing was written.

    Raises:
        InputError: There is no such command, or an argument is not there.
    """
    about, given = _read_arguments(command, arguments)
    path, secret = path_beside(_path(given, about.place), command), any(name in given for name in about.secrets)
    with open_progress(progress) as hears:
        try:
            _refuse_inputs(path, about, given)
            release, level = _identify(_path(given, about.folder))
            Record(
                command=command, date=datetime.now(UTC).date().isoformat(), release=release, level=level,
                arguments={name: _plain(value) for name, value in given.items()}, result=result.to_json(),
            ).write(path, secret=secret)  # fmt: skip
        except (InputError, DiskError) as error:
            hears.say(f"no record is left: {error}")
            return None
        hears.say(f"record: {path}{' (secret)' if secret else ''}")
    return path


def refuse_record(command: str, arguments: Mapping[str, object]) -> None:
    """Before there is work to lose, raise InputError or DiskError where ``keep_record`` could leave nothing."""
    about, given = _read_arguments(command, arguments)
    path = path_beside(_path(given, about.place), command)
    _refuse_inputs(path, about, given)
    refuse_existing(path, overwrite=True)
    refuse_other(path, command)


def _read_arguments(command: str, arguments: Mapping[str, object]) -> tuple[_About, dict[str, object]]:
    """What is known of a command, and what it was given. Raises InputError."""
    if command not in ABOUT:
        raise unknown("command", command, ABOUT)
    about, given = ABOUT[command], {name: value for name, value in arguments.items() if value not in (None, (), [])}
    lacking = next((name for name in (about.place, about.folder) if name not in given), None)
    if lacking is not None:
        raise InputError(f"`arguments` of {command} do not say its `{lacking}`, and a record belongs to it; give it too")
    return about, given


def _path(given: Mapping[str, object], name: str) -> Path:
    return as_path(str(given[name]))


def _plain(value: object) -> object:
    """In JSON, paths as text."""
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _refuse_inputs(path: Path, about: _About, given: Mapping[str, object]) -> None:
    """Raise InputError where a record lies in an input folder, as beside a folder that is named as a part of a data set."""
    place, inputs = _path(given, about.place), [_path(given, name) for name in about.inputs if name in given]
    data = [place.resolve().parent] if find_part(place.resolve().name) else []
    for folder in (*inputs, *data):
        refuse_inside(path, folder)


def _identify(folder: Path) -> tuple[str | None, str | None]:
    """Release and level of a folder, as far as it has a manifest. Raises InputError where that is damaged."""
    if not manifest.exists(folder):
        return None, None
    found = manifest.read(folder)
    return found.release, found.level
