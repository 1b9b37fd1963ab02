"""What a run of ``hide`` works on: the owner's pictures, and what the key decides about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, islice

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8, UInt16

from hideseek_cli import keys
from hideseek_cli.complaints import refuse
from hideseek_cli.entry import Entries
from hideseek_cli.folder import Folder
from hideseek_cli.form import Form
from hideseek_cli.layers import Turns, quietest
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.metrics import portion
from hideseek_cli.picture import Notes, read
from hideseek_cli.stack import Stack

DIGEST = 16
"""Bytes of a digest that tell whether a picture has changed since it was read. No two pictures share them by chance, and who
made two that do would gain nothing: a release is what was written. What a run is resumed by has all bytes."""
ORDERS = 1000
"""Orders of classes that the key draws, to choose from."""
LOOKED = 50
"""Pictures of a sample, however large they are."""


@dataclass(frozen=True)
class Thresholds:
    """Secret thresholds of pictures that have masks of their own, read by their numbers like an array: each picture's are
    derived from its class and name when they are asked for, because those of all take more memory than the pictures."""

    key: bytes
    entries: Entries
    size: tuple[int, int, int]
    """Height, width, channels."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.entries), *self.size)

    def __getitem__(self, numbers: Int64[np.ndarray, " k"]) -> Float64[np.ndarray, "k h w c"]:
        return np.stack([keys.dither(keys.subkey(self.key, *self.entries[int(number)].key), self.size) for number in numbers])


@dataclass(frozen=True)
class Material:
    """The training part of a folder, and its validation part where it has one."""

    folder: Folder
    form: Form
    """How it is to be published."""
    shapes: UInt16[np.ndarray, "n 3"]
    """Of each picture as it lies in its file: height, width, channels."""
    digests: UInt8[np.ndarray, "n d"]
    """Of the pixels of each picture in its file, their first DIGEST bytes; they stay at home."""
    fingerprint: str
    """A hash over class, name and pixels of everything read; stays in the journal, at home."""
    size: int | None
    """Side to which pictures are brought for training; None where they have one size and are trained on as they are."""
    taught: Bool[np.ndarray, " n"]
    """On which pictures masks and networks are trained: on all, unless they are more than are held."""
    stack: Stack
    """Those as networks see them."""
    validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def labels(self) -> Int64[np.ndarray, " t"]:
        """Index of the class of each picture that is trained on."""
        return self.folder.labels[self.taught]

    def spread(self, pixels: int) -> int:
        """Every how many-th picture makes about so many pixels in all, and LOOKED at pictures at least; 1 for all of them."""
        area = int(self.shapes[:, :2].astype(np.int64).prod(1).sum())
        return max(1, min(area // pixels, len(self) // LOOKED))

    def portions(self, every: int = 1) -> Iterator[list[int]]:
        """Every so many-th picture by number: consecutive ones of one shape, few enough to be worked on at once."""
        for sides, numbers in groupby(range(0, len(self), every), lambda number: tuple(self.shapes[number].tolist())):
            size = portion(sides[0] * sides[1])
            while part := list(islice(numbers, size)):
                yield part

    def own(self, numbers: Sequence[int]) -> tuple[UInt8[np.ndarray, "n h w c"], list[Notes], list[str]]:
        """Pictures of one shape as they lie in their files, what is published besides, and the digests of their pixels.

        Raises InputError where one is no longer what was read.
        """
        entries = [self.folder.entries[number] for number in numbers]
        found = [read(entry.path, exif=self.form.exif) for entry in entries]
        digests = [pixel_digest(picture) for picture, _ in found]
        changed = [
            str(entry.path)
            for entry, digest, number in zip(entries, digests, numbers, strict=True)
            if not np.array_equal(digested(digest), self.digests[number])
        ]
        refuse(changed, "pictures were changed while hide was at work; start again without --resume")
        return np.stack([picture for picture, _ in found]), [notes for _, notes in found], digests

    def release_label(self) -> str:
        """Names the release when subkeys are derived: a hash over the names and shapes of its pictures."""
        whole = hashlib.sha256(b"[")
        for number, (key, own) in enumerate(zip(self.folder.entries.keys(), self.shapes, strict=True)):
            whole.update(f"{', ' if number else ''}{(*key, *own.tolist())!r}".encode())
        whole.update(b"]")
        return whole.hexdigest()

    def own_thresholds(self, master: bytes) -> Thresholds:
        """The same of masks that belong to one picture each."""
        shape = (*self.stack.shape, self.stack.channels)
        return Thresholds(keys.subkey(master, self.release_label(), "dither"), self.folder.entries, shape)

    def thresholds(self, master: bytes, banks: int = 1) -> Float64[np.ndarray, "p h w c"]:
        """Secret thresholds for quantising masks of every strength, ``banks`` patterns a class."""
        shape = (banks * len(self.folder.classes), *self.stack.shape, self.stack.channels)
        return keys.dither(keys.subkey(master, self.release_label(), "dither"), shape)

    def secret(self, master: bytes) -> bytes:
        """From which a method derives what nobody may guess."""
        return keys.subkey(master, self.release_label(), "patterns")

    def shifts(self, master: bytes, placement: str) -> UInt16[np.ndarray, "n 2"] | None:
        """Where each picture's pattern is laid: None for the fixed placement."""
        if placement == "fixed":
            return None
        key = keys.subkey(master, self.release_label(), "placement")
        return keys.shifts(key, self.folder.entries.keys(), *self.stack.shape)

    def turns(
        self, master: bytes, unmask: str = "classes", last: Bool[np.ndarray, " t"] | None = None, *,
        aims: Sequence[float] = (), banks: int = 1, patterns: int = 1, own: bool = False,
    ) -> Turns:  # fmt: skip
        """In which turn each picture loses its mask when levels rise, at the end of their class those that are trained on and
        are ``last``.

        ``unmask``: ``classes``, one after another, or ``pictures`` of all classes alike. ``aims``: at what shares of clean
        pictures levels are expected. ``banks``: layers with patterns of their own; ``patterns``: of each class in each of
        them; ``own``: every picture has one of its own.
        """
        late = np.zeros(len(self), bool)
        late[self.taught] = False if last is None else last
        key = keys.subkey(master, self.release_label(), "turns")
        ranks, classes = None, self.folder.classes
        if unmask == "classes":
            order = quietest(keys.orders(key, classes, ORDERS), np.bincount(self.folder.labels), aims)
            ranks = {classes[number]: rank for rank, number in enumerate(order.tolist())}
        return Turns(keys.turns(key, self.folder.entries.keys(), late, ranks), self.folder.labels, banks, patterns, own)


def digested(whole: str) -> UInt8[np.ndarray, " d"]:
    """What is kept of a pixel digest in hexadecimals."""
    return np.frombuffer(bytes.fromhex(whole)[:DIGEST], np.uint8)
