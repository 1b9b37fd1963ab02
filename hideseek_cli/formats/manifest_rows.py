"""The images of a manifest, one a line: class, name and digest, in order of class and name.

There may be more of them than fit into memory, so rows are read from their file, and kept on the disk until all are
known, one at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol, runtime_checkable

from hideseek_cli.errors import InputError, unwritable
from hideseek_cli.formats.checks import check_digest, parse_json
from hideseek_cli.images.index import Key, is_safe
from hideseek_cli.images.output_format import Row
from hideseek_cli.runtime.places import refuse_special

MAX_HEADER, MAX_CLASSES = 2**23, 2**23 - 2**20
"""Bytes of a manifest's first line, and of the names of classes in it: room for 100,000 with names of 75 letters."""
MAX_ROW = 2**14
"""Bytes of each other line. Class and name have ``index.MAX_PATH`` together, which JSON's escapes treble at most."""


@runtime_checkable
class Rows(Protocol):
    """Rows in order of class and name, which may be walked through more than once; a tuple of them will do."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Row]: ...


class Identity:
    """The identity of a set of images: SHA-256 over class, name and pixel digest of each, as they come in order."""

    def __init__(self) -> None:
        self.count, self.hash = 0, hashlib.sha256(b"[")

    def add(self, key: Key, digest: str) -> str:
        """Take a row; returns what was hashed of it, which is its line in a manifest."""
        line = encode_row(key, digest)
        self.hash.update(b", " if self.count else b"")
        self.hash.update(line.encode())
        self.count += 1
        return line

    def hexdigest(self) -> str:
        whole = self.hash.copy()
        whole.update(b"]")
        return whole.hexdigest()


class FileRows:
    """The rows of a manifest on the disk, checked each time they are walked through."""

    def __init__(self, path: Path, count: int) -> None:
        self.path, self.count = path, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        """Raises InputError."""
        with open_manifest(self.path) as file:
            read_line(file, MAX_HEADER)
            yield from read_rows(file, self.count)


class Spool:
    """Rows that wait on the disk until all are known."""

    def __init__(self, path: Path) -> None:
        self.path, self.identity = path, Identity()
        self.labels: list[str] = []
        """Classes that have an image, in order."""

    def add(self, key: Key, digest: str) -> None:
        """Take the next row. Raises DiskError."""
        line = self.identity.add(key, digest)
        if self.labels[-1:] != [key[0]]:
            self.labels.append(key[0])
        with self._report_errors():
            self.file.write(f"{line}\n".encode())

    def __enter__(self) -> Spool:
        with self._report_errors():
            self.file: IO[bytes] = self.path.open("w+b")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._report_errors():
            self.file.close()

    def __len__(self) -> int:
        return self.identity.count

    def __iter__(self) -> Iterator[Row]:
        with self._report_errors():
            if not self.file.closed:
                self.file.flush()
            with self.path.open("rb") as file:
                for line in file:
                    label, name, digest = json.loads(line)
                    yield (label, name), digest

    @contextmanager
    def _report_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unwritable(self.path.parent, error) from error


@contextmanager
def open_manifest(path: Path) -> Iterator[IO[bytes]]:
    """A manifest, to be read as from a stranger. Raises InputError, then and inside, for whatever is wrong with it."""
    refuse_special(path, "a manifest")
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); is {path.parent} a folder that hideseek wrote?") from error
    except (KeyError, TypeError, ValueError, OverflowError, RecursionError, InputError) as error:
        why = f"it does not say its {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path} is damaged or from another version of hideseek ({why}); download it again") from error


def encode_row(key: Key, digest: str) -> str:
    """An image's line, in ASCII."""
    return json.dumps([*key, digest])


def read_header(file: IO[bytes]) -> Any:
    """What the first line says by itself; None where that is nothing. Raises InputError and RecursionError."""
    try:
        return parse_json(read_line(file, MAX_HEADER))
    except ValueError:
        return None


def read_rows(file: IO[bytes], count: int) -> Iterator[Row]:
    """The images of the lines that follow, so many and no more. Raises InputError, and ValueError where one is no JSON."""
    yield from check_rows(parse_json(line) for line in _read_lines(file, count))


def _read_lines(file: IO[bytes], count: int) -> Iterator[bytes]:
    for number in range(count):
        line = read_line(file, MAX_ROW)
        if not line:
            raise InputError(f"it ends after {number} of its {count} images")
        yield line
    if file.read(1):
        raise InputError(f"more follows behind its {count} images")


def read_line(file: IO[bytes], most: int) -> bytes:
    """The next line, empty at the end. Raises InputError where it has more bytes than that, of which no more are read."""
    line = file.readline(most + 1)
    if len(line) > most:
        raise InputError(f"one of its lines has more than {most} bytes")
    return line


def check_rows(found: Iterable[object]) -> Iterator[Row]:
    """Lists of class, name and digest as rows. Raises InputError for whatever is no image of a release, or out of order."""
    before: Key = "", ""
    for one in found:
        match one:
            case [str(label), str(name), digest]:
                key = label, name
            case _:
                raise InputError(f"{one!r:.80} is no image: an image is a list of class, name and digest")
        if not is_safe(key):
            raise InputError(f"it lists {'/'.join(key)!r:.300}, which is no safe place for an image")
        if key <= before:
            raise InputError(f"it lists {'/'.join(key)!r} twice, or not in order of class and name")
        before = key
        yield key, check_digest(digest)


def summarise_rows(rows: Iterable[Row]) -> tuple[tuple[str, ...], str]:
    """The classes of rows, in order, and their identity."""
    whole, labels = Identity(), [""]
    for key, digest in rows:
        whole.add(key, digest)
        if key[0] != labels[-1]:
            labels.append(key[0])
    return tuple(labels[1:]), whole.hexdigest()
