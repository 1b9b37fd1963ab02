"""One run at a place: whoever comes second hears at once that another is at work there.

The lock is the system's and dies with its process. It lies on a hidden file beside the place, which goes when the run
ends; one that a killed run left is taken over by the next. Some network shares have no locks: there runs go on without,
and it is left to ``StagedFolder`` that they do not mix.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hideseek_cli.errors import InputError, unwritable
from hideseek_cli.runtime import partial
from hideseek_cli.runtime.places import refuse_unwritable

if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    def _remove(path: Path, handle: int) -> None:
        """An open file cannot be removed here; one that another run has opened meanwhile stays."""
        os.close(handle)
        path.unlink()
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _remove(path: Path, handle: int) -> None:
        """First the name and then the lock, or another run could get the lock of a file without a name."""
        try:
            path.unlink()
        finally:
            os.close(handle)


NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""A link in place of a lock file would lead elsewhere."""


@contextmanager
def hold(place: Path, *besides: Path) -> Iterator[bool]:
    """Keep other runs from a place. Yields whether nobody else can be at work there: False where there are no locks.

    ``besides``: files that only whoever holds the place writes. What runs that died left half-written of all of them is
    removed. Raises InputError where another run is at work there, DiskError where nothing can be written.
    """
    refuse_unwritable(place)
    path = place.with_name(f".{place.name}.lock")
    fresh = [parent for parent in place.parents if not parent.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, alone = _open_locked(place, path)
    except OSError as error:
        raise unwritable(place, error) from error
    try:
        if alone:
            for one in (place, *besides):
                partial.sweep(one)
        yield alone
    finally:
        with suppress(OSError):
            _remove(path, handle)
        with suppress(OSError):
            for parent in fresh:
                parent.rmdir()


def _open_locked(place: Path, path: Path) -> tuple[int, bool]:
    """The lock file, and whether it is locked. Raises InputError where another run has it, OSError."""
    while True:
        handle = _open(path)
        try:
            _lock(handle)
        except (BlockingIOError, PermissionError) as error:
            os.close(handle)
            raise InputError(
                f"{place} is busy: another run of hideseek is at work there (it holds {path}); "
                "wait for it to end, or choose another place"
            ) from error
        except OSError:
            return handle, False
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle, True
        os.close(handle)  # whoever had it ended just now and removed it


def _open(path: Path) -> int:
    """A lock file, made where there is none; that of another user can only be read. Raises OSError."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | NO_LINK, 0o644)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY | NO_LINK)
