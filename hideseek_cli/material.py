"""What a run of ``hide`` works on: the owner's pictures, read once and checked, and what the key decides about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import compress, groupby, islice
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64, Integer, UInt8, UInt16

from hideseek_cli import keys, manifest
from hideseek_cli.complaints import PICTURES, refuse, refuse_all
from hideseek_cli.entry import Entries
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, attempts, scan, splits, survey, ticking
from hideseek_cli.form import PNG_FILES, Form
from hideseek_cli.layers import Turns
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.metrics import portion
from hideseek_cli.picture import Notes, Picture, fitted, read, shape, unfit, visible
from hideseek_cli.progress import Progress
from hideseek_cli.stack import Stack, labelled

FEWEST = 4
"""Pictures that a class needs, so that every fold of it teaches and tests."""
SMALL, SIDE = 96, 64
"""Pixels a side of pictures that are trained on as they are where all have one size, and to which others are brought."""
DIGEST = 16
"""Bytes of a digest that tell whether a picture has changed since it was read. No two pictures share them by chance, and who
made two that do would gain nothing: a release is what was written. What a run is resumed by has all bytes."""
HELD = 50_000 * 3 * 64 * 64
"""Bytes of pictures that are trained on unless told otherwise, as networks see them in colour."""
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
            if not np.array_equal(_digest(digest), self.digests[number])
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
        self, master: bytes, unmask: str = "classes", last: Bool[np.ndarray, " t"] | None = None, *, banks: int = 1,
        patterns: int = 1, own: bool = False,
    ) -> Turns:  # fmt: skip
        """In which turn each picture loses its mask when levels rise, at the end of their class those that are trained on and
        are ``last``.

        ``unmask``: ``classes``, one after another, or ``pictures`` of all classes alike. ``banks``: layers with patterns of
        their own; ``patterns``: of each class in each of them; ``own``: every picture has one of its own.
        """
        late = np.zeros(len(self), bool)
        late[self.taught] = False if last is None else last
        key = keys.subkey(master, self.release_label(), "turns")
        numbers = keys.turns(key, self.folder.entries.keys(), late, whole=unmask == "classes")
        return Turns(numbers, self.folder.labels, banks, patterns, own)


def load(
    data: Path, table: Path | None, size: int | None, executor: Executor, progress: Progress, form: Form = PNG_FILES, *,
    most: int | None = None, seed: int = 0,
) -> Material:  # fmt: skip
    """Read and check the owner's folder, which is to be published in that form. At most ``most`` pictures, chosen by the
    seed, are held for training (None: as many as take HELD bytes), and of a validation part as many.

    Raises InputError that names everything that cannot be used.
    """
    if manifest.exists(data):
        raise InputError(f"{data} was written by hideseek and is masked already; hide the original folder")
    parts = splits(data) if table is None else {"train": data}
    folder, complaints = survey(parts["train"], table)
    entries, wrong = folder.entries, dict[str, list[str]]()
    shapes = np.zeros((len(entries), 3), np.uint16)
    for number, sides in enumerate(
        attempts(entries, lambda entry: shape(entry.path), executor, wrong, ticking(folder, progress, "looking at"))
    ):
        shapes[number, :2] = sides or (0, 0)
    known = shapes[:, 0] > 0
    size = size or (training_size(shapes[known, :2]) if known.any() else None)
    pixels_each = int(shapes[:, :2].astype(np.int64).prod(1).max(initial=1)) if size is None else size**2
    taught = _drawn(folder, HELD // (3 * pixels_each) if most is None else most, seed)

    def take(number: int) -> tuple[int, tuple[int, ...], str, Picture | None]:
        path = entries[number].path
        picture, _ = read(path, exif=form.exif)
        if why := unfit(picture.shape, form.encoding):
            raise InputError(f"{path} {why}")
        seen = (visible(picture) if size is None else fitted(picture, size)) if taught[number] else None
        return number, picture.shape, pixel_digest(picture), seen

    whole = hashlib.sha256(repr(size).encode())
    digests, pictures = np.zeros((len(entries), DIGEST), np.uint8), []
    there = np.flatnonzero(known)
    taken = attempts(map(int, there), take, executor, wrong, ticking(folder, progress, "reading"))
    for key, found in zip(compress(entries.keys(), known), taken, strict=True):
        if found is not None:
            number, shapes[number], digest, seen = found
            whole.update(repr((key, digest)).encode())
            digests[number] = _digest(digest)
            pictures += [] if seen is None else [seen]
    refuse_all({**complaints, PICTURES: sorted(wrong.get(PICTURES, []))})
    if len(folder.classes) < 2:
        raise InputError(f"{folder.root} has one class, {folder.classes[0]}; a level needs at least two to tell apart")
    few = [name for name, count in zip(folder.classes, np.bincount(folder.labels), strict=True) if count < FEWEST]
    if few:
        raise InputError(f"classes with fewer than {FEWEST} pictures cannot be trained: {', '.join(few)}; add or remove")
    if taught.sum() > (most or len(entries)):
        raise InputError(f"--train-images {most} is too few for {len(folder.classes)} classes; give at least {taught.sum()}")
    sides = None if size is None else shapes[taught, :2].min(1).astype(np.int64)
    stack = Stack.of(folder, pictures, sides, kinds=np.unique(shapes[:, 2] - (shapes[:, 2] % 2 == 0)).tolist())
    validation = None
    if "val" in parts:
        part = scan(parts["val"])
        part = part.only(_drawn(part, len(stack), seed))
        validation = labelled(part, folder.classes, stack, executor, progress, size)
    for held in validation or ():
        whole.update(held.tobytes())
    return Material(folder, form, shapes, digests, whole.hexdigest(), size, taught, stack, validation)


def _drawn(folder: Folder, most: int, seed: int) -> Bool[np.ndarray, " n"]:
    """Which ``most`` pictures to hold at most: FEWEST of every class, and of what it has besides the same share of all."""
    labels, generator = folder.labels, np.random.default_rng([seed, 0x7A06])
    found = np.ones(len(labels), bool)
    if len(labels) > most:
        besides = [max(0, int(count) - FEWEST) for count in np.bincount(labels)]
        room = max(0, most - FEWEST * len(besides))
        for label, more in enumerate(besides):
            members = generator.permutation(np.flatnonzero(labels == label))
            found[members[FEWEST + room * more // max(1, sum(besides)) :]] = False
    return found


def _digest(whole: str) -> UInt8[np.ndarray, " d"]:
    return np.frombuffer(bytes.fromhex(whole)[:DIGEST], np.uint8)


def training_size(found: Integer[np.ndarray, "n 2"]) -> int | None:
    """The side at which pictures of these heights and widths are trained on; None: as they are, being small and alike."""
    if (found == found[0]).all() and int(found[0, 0]) * int(found[0, 1]) <= SMALL**2:
        return None
    return min(SIDE, int(np.median(found.min(1))))
