"""Whole or absent: files and folders that appear complete or not at all.

A file is written beside its place, flushed to the disk and renamed. A folder is filled beside its place under a hidden
name and renamed when it is complete; what a killed run left there is removed by the next one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO
from uuid import uuid4

from hideseek_cli.errors import DiskError, InputError

MARK = ".hideseek-partial"
"""Marks a folder in which another is being filled, as one that hideseek may remove."""


def write_whole(path: Path, content: bytes, *, secret: bool = False) -> None:
    """Write a file so that it exists complete or not at all; a secret one is readable by its owner alone."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.unlink(missing_ok=True)
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
        raise DiskError(f"{path} cannot be written: {error.strerror}; free space or choose another place") from error


def sync_folder(path: Path) -> None:
    """Flush a folder's entries to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def refuse_unwritable(place: Path) -> None:
    """Raise DiskError where no file or folder can be made at a place. Touches nothing."""
    nearest = next(parent for parent in place.absolute().parents if os.path.exists(parent))
    if not nearest.is_dir():
        raise DiskError(f"{place} cannot be written: {nearest} is a file; choose another place")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise DiskError(f"{place} cannot be written: there is no leave to write in {nearest}; choose another place")


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Raise InputError where an output file exists and may not be replaced, DiskError where there can be none."""
    refuse_unwritable(path)
    if path.is_dir():
        raise InputError(f"{path} is a folder, but a file is to be written there; choose another place")
    if path.exists() and not overwrite:
        raise InputError(f"{path} exists already; choose another place, or replace it with `overwrite=True`")


def refuse_inside(place: Path, source: Path) -> None:
    """Raise InputError where something is to be written into a folder that is read, or in its place."""
    if source.resolve() in (place.resolve(), *place.resolve().parents):
        raise InputError(f"{place} lies inside the input folder {source}; choose a place outside of it")


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """All that is below a folder, none of it in memory for long. Raises OSError."""
    with os.scandir(folder) as entries:
        for entry in entries:
            yield entry
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(Path(entry))


def _hash_names(names: Iterable[str]) -> int:
    """A number that two sets of names share if they are the same, in any order; it takes no memory for each name."""
    return sum(int.from_bytes(hashlib.sha256(os.fsencode(name)).digest()) for name in names)


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
        self, place: Path, *, overwrite: bool = False, ours: Callable[[], Iterable[str]] | None = tuple, keep: bool = False,
        resume: bool = False,
    ) -> None:  # fmt: skip
        """``overwrite``: replace a folder that holds nothing but ``ours``.

        ``ours``: the files that hideseek wrote there, relative to the folder; None where it is not known which. ``keep``: what
        is finished stays where the run is interrupted or the disk fails. ``resume``: go on with what a run has left.
        """
        self.place, self.overwrite, self.ours, self.keep, self.resume = place, overwrite, ours, keep, resume
        self.beside = place.parent / f".{place.name}.partial"
        self.stage = self.beside / "content"

    def check(self) -> None:
        """Raise InputError where the place is taken, DiskError where nothing can be written. Touches nothing."""
        refuse_unwritable(self.place)
        if self.place.is_symlink() or (self.place.exists() and not self.place.is_dir()):
            raise InputError(f"{self.place} exists and is not a folder; choose another `out`")
        if not self.place.exists() or not any(self.place.iterdir()):
            return
        if not self.overwrite or self.ours is None:
            leave = "" if self.ours is None else ", or replace what hideseek wrote there with `overwrite=True`"
            raise InputError(f"{self.place} is not empty; choose another `out`{leave}")
        mine = (name for name in self.ours() if os.path.lexists(self.place / name))
        if _hash_names(self._files()) == _hash_names(mine):
            return
        foreign = sorted({*self._files()} - {*self.ours()})
        if foreign:
            some = f"a file that hideseek did not write, {foreign[0]}; move it"
            if len(foreign) > 1:
                some = f"{len(foreign)} files that hideseek did not write, such as {foreign[0]}; move them"
            raise InputError(f"{self.place} holds {some} away or choose another `out`")

    def _files(self) -> Iterator[str]:
        """What is in the place and is no folder, relative to it. Raises OSError."""
        return (
            Path(one).relative_to(self.place).as_posix() for one in _walk(self.place) if not one.is_dir(follow_symlinks=False)
        )

    def __enter__(self) -> StagedFolder:
        self.check()
        try:
            if self.beside.exists():
                if any(self.beside.iterdir()) and not (self.beside / MARK).is_file():
                    raise InputError(f"{self.beside} is in the way and not from hideseek; move it away")
                self._clear()
            self.beside.mkdir(parents=True, exist_ok=True)
            (self.beside / MARK).touch()
            self.stage.mkdir(exist_ok=True)
        except OSError as error:
            raise DiskError(f"{self.place} cannot be written: {error.strerror}; choose another `out`") from error
        return self

    def _clear(self) -> None:
        """Remove what an earlier run left, or only what was not finished. Raises OSError."""
        if not self.resume:
            shutil.rmtree(self.beside)
            return
        for path in self.beside.iterdir():
            if path != self.stage:
                path.unlink()

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
            raise DiskError(f"{self.place / name} cannot be written: {error.strerror}; free space there") from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if kind is None:
                self._rename()
        except OSError as fault:
            error = DiskError(f"{self.place} cannot be written: {fault.strerror}; free space there")
            raise error from fault
        finally:
            if not (self.keep and isinstance(error, KeyboardInterrupt | DiskError)):
                shutil.rmtree(self.beside, ignore_errors=True)

    def _rename(self) -> None:
        """Give the complete folder its name; what had it before comes back where that fails."""
        sync_folder(self.stage)
        for entry in _walk(self.stage):
            if entry.is_dir(follow_symlinks=False):
                sync_folder(Path(entry))
        replaced = self.place.parent / f".{self.place.name}.replaced"
        if self.place.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            self.place.replace(replaced)
        try:
            self.stage.replace(self.place)
        except OSError:
            if replaced.exists():
                replaced.replace(self.place)
            raise
        sync_folder(self.place.parent)
        shutil.rmtree(replaced, ignore_errors=True)
