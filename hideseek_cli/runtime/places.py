"""Places that are written to: whether something may be put there, and whose it is that lies there."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.clutter import is_worthless

MAX_NAME = 230
"""Bytes of a place's name: hidden names beside it have some 20 more, and systems take 255."""
Ours = Callable[[], Iterable[str]]
"""The files that hideseek wrote into a folder, relative to it."""


def refuse_unwritable(place: Path) -> None:
    """Raise DiskError where nothing can be made at a place, InputError where it cannot be renamed. Touches nothing."""
    if place.name in ("", "..") or Path.cwd().is_relative_to(place.resolve()):
        raise InputError(
            f"{place} is the current folder or holds it, which cannot be replaced; choose another place, "
            "such as a new folder in it"
        )
    if os.path.ismount(place):
        raise InputError(f"{place} is where a disk is mounted, which cannot be replaced; choose a new folder in it")
    if len(os.fsencode(place.name)) > MAX_NAME:
        raise InputError(
            f"{place} has a name of more than {MAX_NAME} bytes, too long for what is made beside it; choose another"
        )
    nearest = next(parent for parent in place.absolute().parents if os.path.exists(parent))
    if not nearest.is_dir():
        raise DiskError(f"{place} cannot be written: {nearest} is a file; choose another place")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise DiskError(f"{place} cannot be written: there is no leave to write in {nearest}; choose another place")


def refuse_special(path: Path, what: str) -> None:
    """Raise InputError where a pipe or a device lies in place of a file: reading it could wait for ever."""
    if path.exists() and not path.is_dir() and not path.is_file():
        raise InputError(f"{path} is no file but a pipe or a device, and {what} is needed here")


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise InputError where an output file exists and may not be replaced, DiskError where there can be none."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, but a file is to be written there; choose another place")
    refuse_unwritable(path)
    if os.path.lexists(path) and not overwrite:
        raise InputError(f"{path} exists already; choose another place, or replace it with `overwrite=True`")


def refuse_inside(place: Path, source: Path) -> None:
    """Raise InputError where something is to be written into a folder that is read, or in its place."""
    if source.resolve() in (place.resolve(), *place.resolve().parents):
        raise InputError(f"{place} lies inside the input folder {source}; choose a place outside of it")


def refuse_taken(place: Path, overwrite: bool, ours: Ours | None) -> None:
    """Raise InputError where a folder can not appear: where anything lies but, with leave, what is ``ours``.

    ``ours`` None: it is not known which is.
    """
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise InputError(f"{place} exists and is not a folder; choose another `out`")
    if not place.exists() or not any(walk(place)):
        return
    if not overwrite or ours is None:
        leave = "" if ours is None else ", or replace what hideseek wrote there with `overwrite=True`"
        raise InputError(f"{place} is not empty; choose another `out`{leave}")
    mine = (name for name in ours() if os.path.lexists(place / name))
    if hash_files(place) == _hash_names(mine):
        return
    foreign = sorted({*_list_files(place)} - {*ours()})
    if foreign:
        some = f"a file that hideseek did not write, {foreign[0]}; move it"
        if len(foreign) > 1:
            some = f"{len(foreign)} files that hideseek did not write, such as {foreign[0]}; move them"
        raise InputError(f"{place} holds {some} away or choose another `out`")


def hash_files(folder: Path) -> int:
    """A number by which it is seen that other files lie in a folder than before. Raises OSError."""
    return _hash_names(_list_files(folder))


def walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is below a folder but what is worthless, none of it in memory for long. Raises OSError."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_worthless(Path(entry)):
                continue
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(Path(entry))


def _list_files(folder: Path) -> Iterator[str]:
    """What is in a folder and is no folder, relative to it."""
    return (Path(one).relative_to(folder).as_posix() for one in walk(folder) if not one.is_dir(follow_symlinks=False))


def _hash_names(names: Iterable[str]) -> int:
    """A number that two sets of names share if they are the same, in any order; it takes no memory for each name."""
    return sum(int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()) for name in names)
