"""What a run of ``hide`` works on: the owner's images, and what the key decides about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import groupby, islice

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt8, UInt16

from hideseek_cli.errors import raise_for
from hideseek_cli.images.dataset import ImageDataset
from hideseek_cli.images.index import ImageIndex
from hideseek_cli.images.jpeg import PREFIX
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.reading import Reading
from hideseek_cli.images.similarity import choose_batch_size
from hideseek_cli.images.stored import Raster, read_original
from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import CARRIED, UnmaskingOrder, find_quietest_order
from hideseek_cli.masks.canvas import Canvas, make_canvas
from hideseek_cli.masks.image_stack import ImageStack
from hideseek_cli.runtime.executors import ordered_map

DIGEST = 16
"""Bytes of a digest that tell whether an image has changed since it was read. No two images share them by chance, and who
made two that do would gain nothing: a release is what was written. What a run is resumed by has all bytes."""
ORDERS = 1000
"""Orders of classes that the key draws, to choose from."""
SEED_BYTES = 7
"""Of a seed that is derived from the key: generators of random numbers take no more than 64 bits, and no sign."""
LOOKED = 50
"""Images of a sample, however large they are."""


@dataclass(frozen=True)
class Thresholds:
    """Secret thresholds of images that have masks of their own, read by their numbers like an array: each image's are
    derived from its class and name when they are asked for, because those of all take more memory than the images."""

    key: bytes
    records: ImageIndex
    size: tuple[int, int, int]
    """Height, width, channels."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return (len(self.records), *self.size)

    def __getitem__(self, numbers: Int64[np.ndarray, " k"]) -> Float64[np.ndarray, "k h w c"]:
        return np.stack(
            [
                keys.draw_thresholds(keys.derive_subkey(self.key, *self.records[int(number)].key), self.size)
                for number in numbers
            ]
        )


@dataclass(frozen=True)
class SourceDataset:
    """The training part of a folder, and its validation part where it has one."""

    folder: ImageDataset
    output_format: OutputFormat
    """How it is to be published."""
    shapes: UInt16[np.ndarray, "n 3"]
    """Of each image as it lies in its file: height, width, channels."""
    digests: UInt8[np.ndarray, "n d"]
    """Of each image, their first DIGEST bytes; they stay at home."""
    jpegs: Bool[np.ndarray, " n"]
    """Which images are published as JPEGs."""
    siblings: Int64[np.ndarray, " n"]
    """The number of the first image of which each is a sibling (``images.siblings``); its own where it is of none before
    it."""
    fingerprint: str
    """A hash over class, name and pixels of everything read; stays in the journal, at home."""
    size: int | None
    """Side to which images are brought for training; None where they have one size and are trained on as they are."""
    taught: Bool[np.ndarray, " n"]
    """On which images masks and networks are trained: on all, unless they are more than are held."""
    stack: ImageStack
    """Those as networks see them."""
    validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None
    reading: Reading
    """What was read of the data set, and what was not."""

    def __len__(self) -> int:
        return len(self.shapes)

    @property
    def labels(self) -> Int64[np.ndarray, " t"]:
        """Index of the class of each image that is trained on."""
        return self.folder.labels[self.taught]

    def spread(self, pixels: int) -> int:
        """Every how many-th image makes about so many pixels in all, and LOOKED at images at least; 1 for all of them."""
        area = int(self.shapes[:, :2].astype(np.int64).prod(1).sum())
        return max(1, min(area // pixels, len(self) // LOOKED))

    def portions(self, every: int = 1) -> Iterator[list[int]]:
        """Every so many-th image by number: consecutive ones of one shape and kind, few enough to be worked on at once."""
        for (sides, _), numbers in groupby(range(0, len(self), every), self._choose_portion):
            size = choose_batch_size(sides[0] * sides[1])
            while part := list(islice(numbers, size)):
                yield part

    def _choose_portion(self, number: int) -> tuple[tuple[int, ...], bool]:
        return tuple(self.shapes[number].tolist()), bool(self.jpegs[number])

    def read_originals(self, numbers: Sequence[int]) -> Canvas:
        """Images of one shape and kind as they lie in their files. Raises InputError where one is no longer what was read."""
        form, records = self.output_format, [self.folder.records[number] for number in numbers]
        found = [read_original(record.path, exif=form.exif, keeps_jpeg=form.keeps_jpeg) for record in records]
        changed = [
            str(record.path)
            for record, image, number in zip(records, found, numbers, strict=True)
            if not np.array_equal(shorten_digest(image.digest), self.digests[number])
        ]
        raise_for(changed, "images were changed while hide was at work; start again without `resume=True`")
        return make_canvas(found)

    def as_lossless(self, executor: Executor) -> SourceDataset | None:
        """The same, all of it to be published without loss; None where that cannot be. Raises InputError where an image is no
        longer what was read."""
        form, numbers = replace(self.output_format, keeps_jpeg=False), np.flatnonzero(self.jpegs).tolist()
        digests = self.digests.copy()

        def read(number: int) -> Raster:
            (image,) = self.read_originals([number]).images
            return Raster(image.pixels, image.notes)

        for number, found in zip(numbers, ordered_map(executor, read, numbers), strict=True):
            if found.why_unfit(form.encoding):
                return None
            digests[number] = shorten_digest(found.digest)
        stack = replace(self.stack, grids={})
        return replace(self, output_format=form, digests=digests, jpegs=np.zeros_like(self.jpegs), stack=stack)

    def release_label(self) -> str:
        """Names the release when subkeys are derived: a hash over the names and shapes of its images."""
        whole = hashlib.sha256(b"[")
        for number, (key, own) in enumerate(zip(self.folder.records.keys(), self.shapes, strict=True)):
            whole.update(f"{', ' if number else ''}{(*key, *own.tolist())!r}".encode())
        whole.update(b"]")
        return whole.hexdigest()

    def own_thresholds(self, master: bytes) -> Thresholds:
        """Secret thresholds for quantising masks that belong to one image each."""
        shape = (*self.stack.shape, self.stack.channels)
        return Thresholds(keys.derive_subkey(master, self.release_label(), "dither"), self.folder.records, shape)

    def thresholds(self, master: bytes, pattern_sets: int = 1) -> Float64[np.ndarray, "p h w c"]:
        """Secret thresholds for quantising masks of every strength; ``pattern_sets``: patterns a class."""
        shape = (pattern_sets * len(self.folder.classes), *self.stack.shape, self.stack.channels)
        return keys.draw_thresholds(keys.derive_subkey(master, self.release_label(), "dither"), shape)

    def secret(self, master: bytes) -> bytes:
        """From which a method derives what nobody may guess."""
        return keys.derive_subkey(master, self.release_label(), "patterns")

    def draw_seed(self, master: bytes, purpose: str, seed: int) -> int:
        """The seed of a training whose result is secret: another for another key, and for another ``seed``."""
        return int.from_bytes(keys.derive_subkey(master, self.release_label(), purpose, str(seed))[:SEED_BYTES])

    def shifts(self, master: bytes, placement: str) -> UInt16[np.ndarray, "n 2"] | None:
        """Where each image's pattern is laid, of siblings at one place: None for the fixed placement."""
        if placement == "fixed":
            return None
        key = keys.derive_subkey(master, self.release_label(), "placement")
        return keys.draw_shifts(key, self.folder.records.keys(), *self.stack.shape)[self.siblings]

    def unmasking(
        self, master: bytes, unmask: str = "classes", last: Bool[np.ndarray, " t"] | None = None, *,
        aims: Sequence[float] = (), pattern_sets: int = 1, patterns: int = 1, own: bool = False, carried: int = CARRIED,
    ) -> UnmaskingOrder:  # fmt: skip
        """In which turn each image loses its mask when levels rise, at the end of their class those that are trained on and
        are ``last``.

        ``unmask``: ``classes``, one after another, or ``images`` of all classes alike. ``aims``: at what shares of clean
        images levels are expected. ``pattern_sets``: layers with patterns of their own; ``patterns``: of each class in each of
        them; ``own``: every image has one of its own; ``carried``: most patterns of a class in a layer.
        """
        late = np.zeros(len(self), bool)
        late[self.taught] = False if last is None else last
        key = keys.derive_subkey(master, self.release_label(), "turns")
        ranks, classes = None, self.folder.classes
        if unmask == "classes":
            order = find_quietest_order(keys.draw_class_orders(key, classes, ORDERS), np.bincount(self.folder.labels), aims)
            ranks = {classes[number]: rank for rank, number in enumerate(order.tolist())}
        return UnmaskingOrder(
            keys.draw_turns(key, self.folder.records.keys(), late, ranks, self.siblings), self.folder.labels, pattern_sets,
            patterns, own, carried, self.siblings,
        )  # fmt: skip


def shorten_digest(whole: str) -> UInt8[np.ndarray, " d"]:
    """What is kept of an image's digest in hexadecimals."""
    return np.frombuffer(bytes.fromhex(whole.removeprefix(PREFIX))[:DIGEST], np.uint8)
