"""Labelled images: class, name and where each lies, many of them in little memory, and which names are safe."""

from __future__ import annotations

import io
import unicodedata
from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from os.path import getsize, splitext
from pathlib import Path
from typing import BinaryIO, Generic, Literal, TypeVar, overload

import numpy as np
from jaxtyping import Int64

from hideseek_cli.images.codec import Source
from hideseek_cli.images.parquet_index import ParquetRef
from hideseek_cli.images.tar_index import TarRef

Key = tuple[str, str]
"""Class and name of an image."""
Content = io.BytesIO | io.BufferedReader
"""An image's file, open to be read."""
Thing = TypeVar("Thing", bound=Hashable)
JOINERS = "\u200c\u200d"
IN_ARCHIVES = (TarRef, ParquetRef)
"""Places in an archive: which one, the member's name, and two numbers."""
MAX_NAME = 240
"""Bytes that a class or an image's name may have without suffix (file systems allow 255 with it)."""
MAX_PATH = 4096
"""Bytes that class and name may have together, with the folders between them: a path on Linux."""


@dataclass(frozen=True)
class FileRef:
    """An image's file in a folder; no ``Path``, each part of which would stay in the interpreter's table of names."""

    folder: Path
    place: str
    """With forward slashes."""

    @property
    def name(self) -> str:
        return self.place.rpartition("/")[2]

    @property
    def length(self) -> int:
        """In bytes. Raises OSError."""
        return getsize(str(self))

    def __str__(self) -> str:
        return f"{self.folder}/{self.place}"

    __fspath__ = __str__

    def open(self, mode: Literal["rb"] = "rb", /) -> BinaryIO:
        """Its content. Raises OSError."""
        return open(str(self), mode)


@dataclass(frozen=True)
class ImageRecord:
    """One image: its class, its name (path below the class's folder, without suffix, forward slashes), where it lies."""

    label: str
    name: str
    path: Source

    @property
    def key(self) -> Key:
        return self.label, self.name


def is_safe(key: Key) -> bool:
    """Whether a class and a name may become a path below an output folder, on any system, and stand in a table."""
    parts = (key[0], *key[1].split("/"))
    return "/" not in key[0] and all(
        all(map(_is_plain, part)) and part.strip() and not part.startswith(".") and "\\" not in part
        and len(part.encode()) <= MAX_NAME
        for part in parts
    ) and len("/".join(key).encode()) <= MAX_PATH  # fmt: skip


def _is_plain(letter: str) -> bool:
    """Whether it can be seen, is a blank, or joins letters, as some scripts need; others move or hide text."""
    return letter.isprintable() or letter in JOINERS or unicodedata.category(letter) == "Zs"


class _Numbered(Generic[Thing]):
    """Different things, numbered as they come."""

    def __init__(self) -> None:
        self.things: list[Thing] = []
        self._numbers: dict[Thing, int] = {}

    def number(self, thing: Thing) -> int:
        """Of a thing that is there or a new one."""
        if thing not in self._numbers:
            self._numbers[thing] = len(self.things)
            self.things.append(thing)
        return self._numbers[thing]


class ImageIndex(Sequence[ImageRecord]):
    """Entries below a root, in some 20 bytes each besides their names; made when asked for."""

    def __init__(self, root: Path, records: Iterable[ImageRecord] = ()) -> None:
        self.root = root
        self._classes, self._archives = _Numbered[str](), _Numbered[Path]()
        self._numbers, self._ends, self._rows = array("I"), array("Q", [0]), bytearray()
        for record in records:
            self.add(record)

    def add(self, record: ImageRecord) -> None:
        """Take the next one."""
        self._numbers.append(self._classes.number(record.label))
        self._rows += "\0".join([record.name, *self._encode_place(record)]).encode("utf-8", "surrogateescape")
        self._ends.append(len(self._rows))

    def _encode_place(self, record: ImageRecord) -> list[str]:
        """Where one lies: its suffix, or its path below the root, or its place in an archive."""
        if isinstance(record.path, IN_ARCHIVES):
            archive, member, *numbers = vars(record.path).values()
            kind = IN_ARCHIVES.index(type(record.path))
            return [*map(str, (kind, self._archives.number(archive), *numbers)), member]
        assert isinstance(record.path, FileRef)
        assert record.path.folder == self.root
        place, suffix = record.path.place, splitext(record.path.name)[1]
        return [suffix] if place == f"{record.label}/{record.name}{suffix}" else ["", place]

    @property
    def classes(self) -> list[str]:
        """In the order in which they came."""
        return self._classes.things

    @property
    def labels(self) -> Int64[np.ndarray, " n"]:
        """Index of each image's class."""
        return np.array(self._numbers, np.int64)

    def keys(self) -> Iterator[Key]:
        """Class and name of each."""
        classes = self.classes
        for number, (first, end) in zip(self._numbers, pairwise(self._ends), strict=True):
            yield classes[number], self._rows[first:end].partition(b"\0")[0].decode()

    def walk_sorted(self) -> Iterator[ImageRecord]:
        """By class and name, alike ones as they came; those of one class at a time are made."""
        labels = self.labels
        for _, number in sorted((label, number) for number, label in enumerate(self.classes)):
            yield from sorted((self[int(at)] for at in np.flatnonzero(labels == number)), key=attrgetter("name"))

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, at: int) -> ImageRecord: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[ImageRecord, ...]: ...
    def __getitem__(self, at: int | slice) -> ImageRecord | tuple[ImageRecord, ...]:
        if isinstance(at, slice):
            return tuple(self[number] for number in range(*at.indices(len(self))))
        number = range(len(self))[at]
        row = self._rows[self._ends[number] : self._ends[number + 1]].decode("utf-8", "surrogateescape")
        name, *told = row.split("\0")
        label = self.classes[self._numbers[number]]
        if len(told) == 5:
            kind, archive, first, second = map(int, told[:4])
            return ImageRecord(label, name, IN_ARCHIVES[kind](self._archives.things[archive], told[4], first, second))
        return ImageRecord(label, name, FileRef(self.root, told[1] if len(told) == 2 else f"{label}/{name}{told[0]}"))
