"""Whole or absent: files and folders that appear complete or not at all.

A file is written beside its place, flushed to the disk and renamed. A folder is filled beside its place under a hidden
name, of which each run has its own, and renamed when it is complete; what a killed run left there is removed by the next
one that holds the place.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import uuid4

from hideseek_cli.errors import DiskError, InputError, TakenError, unwritable
from hideseek_cli.runtime import partial
from hideseek_cli.runtime.places import Ours, hash_files, refuse_taken, refuse_unwritable, walk

UNFLUSHED = (errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM)
"""What systems answer that flush files and no folders: network shares, file systems of programs, Windows."""


def write_whole(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file so that it exists complete or not at all; a secret one is readable by its owner alone.

    Of several that write it at once the last one's stays.
    """
    beside = partial.draw(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600 if secret else 0o644)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise unwritable(path, error) from error


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk, where the system does such a thing. Raises OSError."""
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        if error.errno not in UNFLUSHED:
            raise


@contextmanager
def _open_flushed(path: Path | str) -> Iterator[BinaryIO]:
    """A new file, on the disk when it is left."""
    with open(path, "xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


class StagedFolder:
    """A folder that is filled under a hidden name beside its place and renamed when complete; use it in ``with``."""

    def __init__(
        self, place: Path, *, overwrite: bool = False, ours: Ours | None = tuple, keep: bool = False, resume: bool = False,
        alone: bool = False,
    ) -> None:  # fmt: skip
        """``overwrite``: replace a folder that holds nothing but ``ours``.

        ``ours``: the files that hideseek wrote there, relative to the folder; None where it is not known which. ``keep``: what
        is finished stays where the run is interrupted or the disk fails. ``resume``: go on with what a run has left.
        ``alone``: no other run is at work at the place (``lock.hold``), so that what lies beside it was left by dead ones.
        """
        self.place, self.overwrite, self.ours, self.keep, self.resume = place, overwrite, ours, keep, resume
        self.alone = alone
        self.beside = partial.draw(place)
        self.stage, self.replaced = self.beside / partial.CONTENT, self.beside / partial.REPLACED

    def check(self) -> None:
        """Raise InputError where the place is taken, DiskError where nothing can be written. Touches nothing."""
        refuse_unwritable(self.place)
        refuse_taken(self.place, self.overwrite, self.ours)

    def rehearse(self) -> None:
        """Check, and try all that it takes before there is work that could be lost. Raises as ``check``."""
        try:
            if self.alone:
                partial.recover(self.place)
            self.check()
            partial.rehearse(self.place)
        except OSError as error:
            raise unwritable(self.place, error) from error

    def __enter__(self) -> StagedFolder:
        """Raises TakenError where something has appeared at the place, DiskError."""
        self._refuse_appeared()
        try:
            left = partial.list_folders(self.place)
            if not (self.resume and any(partial.take_over(one, self.beside) for one in left)):
                partial.make_folder(self.beside)
            for one in partial.list_folders(self.place) if self.alone else ():
                if one != self.beside:
                    shutil.rmtree(one)
            self.stage.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(self.place, error) from error
        return self

    def _refuse_appeared(self) -> None:
        """Raise TakenError where something lies at the place that did not when its run began."""
        try:
            self.check()
        except InputError as error:
            raise TakenError(f"its place was taken while this ran: {error}") from error

    def write(self, name: str, content: bytes) -> None:
        """Write one file of the folder; ``name`` is relative, with forward slashes.

        Safe to call from many threads and processes, and once more with the same content, where a machine died over it.
        """
        path, beside = f"{self.stage}/{name}", self._draw_path()
        with self.report_errors(name):
            with _open_flushed(beside) as file:
                file.write(content)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if os.path.exists(path) and Path(path).read_bytes() != content:
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
            os.replace(beside, path)

    def reserve_path(self) -> Path:
        """A new path for what waits beside the folder until that is complete, and is removed with it if nobody takes it."""
        return Path(self._draw_path())

    def _draw_path(self) -> str:
        return f"{self.beside}/{uuid4().hex}"

    @contextmanager
    def open_file(self, name: str) -> Iterator[BinaryIO]:
        """A new file of the folder, to be filled; it is flushed to the disk in the end. Raises OSError."""
        path = self.stage / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with _open_flushed(path) as file:
            yield file

    @contextmanager
    def report_errors(self, name: str) -> Iterator[None]:
        """Raises DiskError, with what to do, for an OSError while that file of the folder is written."""
        try:
            yield
        except FileNotFoundError as error:
            raise DiskError(f"{self.place} is gone, or not every machine sees it; give an `out` that all see") from error
        except OSError as error:
            raise unwritable(self.place / name, error) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._appear()
        except OSError as fault:
            error = unwritable(self.place, fault)
            raise error from fault
        except (TakenError, KeyboardInterrupt) as fault:
            error = fault
            raise
        finally:
            kept = self.keep and isinstance(error, KeyboardInterrupt | DiskError)
            if not (kept or self._is_between()):
                shutil.rmtree(self.beside, ignore_errors=True)

    def _is_between(self) -> bool:
        """Whether what had the place is taken from it, and the new folder not yet there."""
        return self.replaced.exists() and self.stage.exists()

    def _appear(self) -> None:
        """Give the complete folder its name; what had it before comes back where that fails, or was added to just now.

        Raises TakenError, OSError.
        """
        sync_folder(self.stage)
        for entry in walk(self.stage):
            if entry.is_dir(follow_symlinks=False):
                sync_folder(Path(entry))
        seen = hash_files(self.place) if self.place.exists() else 0
        self._refuse_appeared()
        try:
            if self.place.exists():
                self.place.replace(self.replaced)
                if hash_files(self.replaced) != seen:
                    raise TakenError(f"others write into {self.place}; see to it that nobody does")
            self.stage.replace(self.place)
        finally:
            if self._is_between():
                self.replaced.replace(self.place)
        sync_folder(self.place.parent)
