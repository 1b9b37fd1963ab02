"""What a run of ``hide`` works on: the owner's pictures, read once and checked, and what the key decides about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8, UInt16

from hideseek_cli import keys, manifest
from hideseek_cli.complaints import PICTURES, refuse, refuse_all
from hideseek_cli.entry import Entry, Key
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, attempts, pixels, scan, splits, survey
from hideseek_cli.layers import Turns
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.metrics import portions
from hideseek_cli.picture import Picture, decode, fitted, read, shape, unfit, visible
from hideseek_cli.progress import Progress
from hideseek_cli.stack import Stack

FEWEST = 4
"""Pictures that a class needs, so that every fold of it teaches and tests."""
SMALL, SIDE = 96, 64
"""Pixels a side of pictures that are trained on as they are where all have one size, and to which others are brought."""
LOOKED = 50
"""Pictures of a sample, however large they are."""


@dataclass(frozen=True)
class Thresholds:
    """Secret thresholds of pictures that have masks of their own, read by their numbers like an array: each picture's are
    derived from its class and name when they are asked for, because those of all take more memory than the pictures."""

    key: bytes
    names: tuple[Key, ...]
    size: tuple[int, int, int]
    """Height, width, channels."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.names), *self.size)

    def __getitem__(self, numbers: Int64[np.ndarray, " k"]) -> Float64[np.ndarray, "k h w c"]:
        return np.stack([keys.dither(keys.subkey(self.key, *self.names[number]), self.size) for number in numbers])


@dataclass(frozen=True)
class Material:
    """The training part of a folder, and its validation part where it has one."""

    folder: Folder
    shapes: tuple[tuple[int, ...], ...]
    """Of each picture as it lies in its file: height, width, channels."""
    digests: tuple[str, ...]
    """Of the pixels of each picture in its file; they stay at home."""
    size: int | None
    """Side to which pictures are brought for training; None where they have one size and are trained on as they are."""
    stack: Stack
    """The pictures as networks see them."""
    validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def fingerprint(self) -> str:
        """A hash over class, name and pixels of everything read; stays in the journal, at home."""
        whole = hashlib.sha256(repr(self.size).encode())
        for entry, digest in zip(self.folder.entries, self.digests, strict=True):
            whole.update(repr((entry.key, digest)).encode())
        for part in self.validation or ():
            whole.update(part.tobytes())
        return whole.hexdigest()

    def spread(self, pixels: int) -> int:
        """Every how many-th picture makes about so many pixels in all, and LOOKED at pictures at least; 1 for all of them."""
        area = sum(height * width for height, width, *_ in self.shapes)
        return max(1, min(area // pixels, len(self) // LOOKED))

    def portions(self, every: int = 1) -> Iterator[list[int]]:
        """Every so many-th picture by number: consecutive ones of one shape, few enough to be worked on at once."""
        for (height, width, *_), numbers in groupby(range(0, len(self), every), lambda number: self.shapes[number]):
            kind = list(numbers)
            yield from ([kind[place] for place in part] for part in portions(len(kind), height * width))

    def own(self, numbers: Sequence[int]) -> tuple[UInt8[np.ndarray, "n h w c"], list[bytes | None]]:
        """Pictures of one shape as they lie in their files, and their ICC profiles.

        Raises InputError where one is no longer what was read.
        """
        entries = [self.folder.entries[number] for number in numbers]
        found = [read(entry.path) for entry in entries]
        changed = [
            str(entry.path)
            for entry, (picture, _), number in zip(entries, found, numbers, strict=True)
            if pixel_digest(picture) != self.digests[number]
        ]
        refuse(changed, "pictures were changed while hide was at work; start again without --resume")
        return np.stack([picture for picture, _ in found]), [icc for _, icc in found]

    def release_label(self) -> str:
        """Names the release when subkeys are derived: a hash over the names and shapes of its pictures."""
        rows = [(*entry.key, *shape) for entry, shape in zip(self.folder.entries, self.shapes, strict=True)]
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    def own_thresholds(self, master: bytes) -> Thresholds:
        """The same of masks that belong to one picture each."""
        keyed = [entry.key for entry in self.folder.entries]
        shape = (*self.stack.shape, self.stack.channels)
        return Thresholds(keys.subkey(master, self.release_label(), "dither"), tuple(keyed), shape)

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
        names = [entry.key for entry in self.folder.entries]
        return keys.shifts(keys.subkey(master, self.release_label(), "placement"), names, *self.stack.shape)

    def turns(
        self, master: bytes, unmask: str = "classes", last: Bool[np.ndarray, " n"] | None = None, *, banks: int = 1,
        patterns: int = 1, own: bool = False,
    ) -> Turns:  # fmt: skip
        """In which turn each picture loses its mask when levels rise, those of ``last`` at the end of their class.

        ``unmask``: ``classes``, one after another, or ``pictures`` of all classes alike. ``banks``: layers with patterns of
        their own; ``patterns``: of each class in each of them; ``own``: every picture has one of its own.
        """
        names = [entry.key for entry in self.folder.entries]
        last = np.zeros(len(names), bool) if last is None else last
        key = keys.subkey(master, self.release_label(), "turns")
        return Turns(keys.turns(key, names, last, whole=unmask == "classes"), self.folder.labels, banks, patterns, own)


def load(
    data: Path, table: Path | None, size: int | None, executor: Executor, progress: Progress, encoding: str = "png"
) -> Material:
    """Read and check the owner's folder, which is to be published in that encoding.

    Raises InputError that names everything that cannot be used.
    """
    if manifest.exists(data):
        raise InputError(f"{data} was written by hideseek and is masked already; hide the original folder")
    parts = splits(data) if table is None else {"train": data}
    folder, complaints = survey(parts["train"], table)
    headers, wrong = attempts(folder, lambda entry: shape(entry.path), executor, progress, "looking at")
    size = size or (training_size(list(headers.values())) if headers else None)

    def take(entry: Entry) -> tuple[Picture, tuple[int, ...], str]:
        picture = decode(entry.path)
        if why := unfit(picture.shape, encoding):
            raise InputError(f"{entry.path} {why}")
        return (visible(picture) if size is None else fitted(picture, size)), picture.shape, pixel_digest(picture)

    found, damaged = attempts(Folder(folder.root, tuple(headers)), take, executor, progress)
    offenders = sorted([*wrong.get(PICTURES, []), *damaged.get(PICTURES, [])])
    refuse_all({**complaints, PICTURES: offenders})
    if len(folder.classes) < 2:
        raise InputError(f"{folder.root} has one class, {folder.classes[0]}; a level needs at least two to tell apart")
    few = [name for name in folder.classes if sum(entry.label == name for entry in folder.entries) < FEWEST]
    if few:
        raise InputError(f"classes with fewer than {FEWEST} pictures cannot be trained: {', '.join(few)}; add or remove")
    seen, own, digests = zip(*found.values(), strict=True)
    sides = None if size is None else np.array([min(height, width) for height, width, *_ in own], np.int64)
    stack = Stack.of(folder, list(seen), sides)
    validation = None
    if "val" in parts:
        validation = labelled(scan(parts["val"]), folder.classes, stack, executor, progress, size)
    return Material(folder, own, digests, size, stack, validation)


def training_size(found: Sequence[tuple[int, int]]) -> int | None:
    """The side at which pictures of these heights and widths are trained on; None: as they are, being small and alike."""
    if len(set(found)) == 1 and found[0][0] * found[0][1] <= SMALL**2:
        return None
    return min(SIDE, int(np.median([min(one) for one in found])))


def labelled(
    folder: Folder, classes: tuple[str, ...], like: Stack, executor: Executor, progress: Progress, size: int | None
) -> tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]]:
    """Pixels and labels of a validation or test part, as a network trained on ``like`` expects them.

    Raises InputError where its classes, sizes or channels are not those of the training part.
    """
    if folder.classes != classes:
        odd = sorted(set(folder.classes) ^ set(classes))
        raise InputError(f"{folder.root} and the training part have not the same classes; they differ in: {', '.join(odd)}")
    stack = Stack.of(folder, pixels(folder, executor, progress, size))
    if stack.shape != like.shape:
        (h, w), (height, width) = stack.shape, like.shape
        raise InputError(f"pictures of {folder.root} are {w}x{h}, those trained on {width}x{height}; give --size to both")
    if stack.channels > like.channels:
        raise InputError(f"{folder.root} has pictures in colour, and those trained on are grey; convert one of them")
    images = stack.clean()
    if stack.channels < like.channels:
        images = np.repeat(images, like.channels, axis=3)
    return images, folder.labels
