"""The images of a manifest, a row each: class, name and pixel digest, in order of class and name.

There may be more of them than fit into memory, so rows are read from their file, and kept on the disk until all are
known, one at a time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol, runtime_checkable

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.formats.json_stream import MOST_STRING, MalformedError, Scanner
from hideseek_cli.images.index import Key, is_safe

IMAGES = "pictures"
"""The member of a manifest whose members the rows are."""
Row = tuple[Key, str]


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
        """Take a row; returns what was hashed of it, one line of ASCII."""
        line = json.dumps([*key, digest])
        self.hash.update(b", " if self.count else b"")
        self.hash.update(line.encode())
        self.count += 1
        return line

    def hexdigest(self) -> str:
        whole = self.hash.copy()
        whole.update(b"]")
        return whole.hexdigest()


class Listed:
    """The rows of a manifest on the disk, checked each time they are walked through."""

    def __init__(self, path: Path, count: int) -> None:
        self.path, self.count = path, count

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        with open_scanner(self.path) as scanner:
            for name in scanner.members():
                if name == IMAGES:
                    yield from read_rows(scanner)
                    return
                scanner.value()
        raise InputError(f"{self.path} lists no images any more; download it again")


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
        with self._saying():
            self.file.write(f"{line}\n".encode())

    def __enter__(self) -> Spool:
        with self._saying():
            self.file: IO[bytes] = self.path.open("w+b")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._saying():
            self.file.close()

    def __len__(self) -> int:
        return self.identity.count

    def __iter__(self) -> Iterator[Row]:
        with self._saying():
            if not self.file.closed:
                self.file.flush()
            with self.path.open("rb") as file:
                for line in file:
                    label, name, digest = json.loads(line)
                    yield (label, name), digest

    @contextmanager
    def _saying(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DiskError(f"{self.path.parent} cannot be written: {error.strerror}; free space there") from error


@contextmanager
def open_scanner(path: Path) -> Iterator[Scanner]:
    """What reads a manifest. Raises InputError, then and inside."""
    try:
        with path.open("rb") as file:
            yield Scanner(file)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); is {path.parent} a folder that hideseek wrote?") from error
    except MalformedError as error:
        raise InputError(f"{path} is not valid JSON ({error}); download the folder again") from error


def read_rows(scanner: Scanner) -> Iterator[Row]:
    """The rows that are read next. Raises InputError for whatever is no image of a release, and MalformedError."""
    if scanner.mark() != "{":
        raise InputError("its images are not names with digests")
    before: Key = "", ""
    for name in scanner.members():
        label, _, rest = name.partition("/")
        key = label, rest
        if not is_safe(key):
            raise InputError(f"it lists {name!r}, which is no safe place for an image")
        if key <= before:
            raise InputError(f"it lists {name!r} twice, or not in order of class and name")
        before = key
        yield key, check_sha256(scanner.value(MOST_STRING))


def check_sha256(value: object) -> str:
    """A SHA-256 digest in hexadecimals. Raises InputError where it is none."""
    if not isinstance(value, str) or len(value) != 64 or value.strip("0123456789abcdef"):
        raise InputError(f"{value!r:.80} is no SHA-256 digest")
    return value
