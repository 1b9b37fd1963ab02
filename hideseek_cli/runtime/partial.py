"""Hidden names beside a place, ``.out.0123abcd.partial``, under which each run makes what is to appear there."""

from __future__ import annotations

import errno
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from hideseek_cli.errors import InputError

MARK = ".hideseek-partial"
"""Marks a folder in which another is being filled, as one that hideseek may remove."""
CONTENT, REPLACED = "content", "replaced"
"""In such a folder, the one that is being filled, and the one whose place it takes."""


def draw(place: Path) -> Path:
    """A name that nothing has yet."""
    return place.parent / f".{place.name}.{uuid4().hex[:8]}.partial"


def _list(place: Path) -> list[Path]:
    """What lies under such names, of all runs. Raises OSError."""
    drawn = re.compile(re.escape(f".{place.name}.") + r"[0-9a-f]{8}\.partial")
    with os.scandir(place.parent) as entries:
        return [Path(entry) for entry in entries if drawn.fullmatch(entry.name)]


def sweep(place: Path) -> None:
    """Remove files that were being written there when a run died. Only for whoever holds the place."""
    with suppress(OSError):
        for path in _list(place):
            if path.is_file() and not path.is_symlink():
                path.unlink()


def make_folder(beside: Path) -> None:
    """A marked one. Raises OSError."""
    beside.mkdir(parents=True)
    (beside / MARK).touch()


def list_folders(place: Path) -> list[Path]:
    """Those that runs fill or, where none is at work, have left; the newest first. Raises OSError.

    Not one of a run that could put neither its own content nor what had been there before into the place.
    """
    if not place.parent.exists():
        return []
    ours = [path for path in _list(place) if (path / MARK).is_file() or (path.is_dir() and not any(path.iterdir()))]
    safe = [path for path in ours if not ((path / CONTENT).exists() and (path / REPLACED).exists())]
    return sorted(safe, key=lambda path: path.stat().st_mtime_ns, reverse=True)


def take_over(left: Path, beside: Path) -> bool:
    """Give what a run has left another name, unless another run did; what was not finished is removed. Raises OSError."""
    try:
        left.replace(beside)
    except FileNotFoundError:
        return False
    for path in beside.iterdir():
        if path.is_file() and path.name != MARK:
            path.unlink()
    return True


def recover(place: Path) -> None:
    """Put back what a run had taken from the place that died before its own was there. Raises OSError.

    Only for whoever holds the place.
    """
    if place.parent.exists() and not os.path.lexists(place):
        for path in _list(place):
            if (path / MARK).is_file() and (path / REPLACED).exists() and (path / CONTENT).exists():
                (path / REPLACED).replace(place)
                return


def rehearse(place: Path) -> None:
    """Make a folder beside the place, rename it, and see whether the system would rename what lies in the place.

    Leaves no trace. Raises InputError where it would not, OSError.
    """
    one, other, third = draw(place), draw(place), draw(place)
    try:
        make_folder(one)
        one.replace(other)
        third.mkdir()
        if place.exists() and _refuse_rename(place, other) != _refuse_rename(third, other):
            raise InputError(f"{place} cannot be replaced: the system does not let it be renamed; choose another `out`")
    finally:
        for made in (one, other, third):
            shutil.rmtree(made, ignore_errors=True)


def _refuse_rename(folder: Path, full: Path) -> int:
    """What the system answers to renaming a folder to the name of one that is not empty, which it never does.

    That there are files comes last among its reasons: another is that this folder is in use, or a disk is mounted there.
    """
    try:
        folder.rename(full)
    except OSError as error:
        return errno.ENOTEMPTY if error.errno == errno.EEXIST else error.errno or 0
    full.rename(folder)  # no system known to us comes here
    return 0
