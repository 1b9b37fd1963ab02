"""Read the owner's folder once, check all of it, and hold what masks and networks are trained on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import compress
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64, UInt8, UInt16

from hideseek_cli.errors import UNUSABLE, InputError, Problems, count, raise_for_all
from hideseek_cli.formats import manifest
from hideseek_cli.formats.manifest_rows import MAX_CLASSES
from hideseek_cli.images.codec import Pixels, drop_alpha, fit, read_shape, take_alpha
from hideseek_cli.images.copies import SIDE, find_copies, make_thumbnail
from hideseek_cli.images.dataset import ImageDataset, report_count, scan, survey, try_each
from hideseek_cli.images.jpeg import Grid
from hideseek_cli.images.label_table import read_column
from hideseek_cli.images.layout import Layout, find_layout
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.images.portable import find_unportable
from hideseek_cli.images.reading import tell_reading
from hideseek_cli.images.siblings import AUTO, COLUMN, NONE, find_siblings, group_named, match_names
from hideseek_cli.images.stored import read_original
from hideseek_cli.images.twins import SIDE as LARGER
from hideseek_cli.masks.image_stack import ImageStack, choose_training_size, load_labelled
from hideseek_cli.publishing.kept_jpegs import KeptJpegs, tell_kind
from hideseek_cli.publishing.source import DIGEST, SourceDataset, shorten_digest
from hideseek_cli.publishing.transparency import Transparency, sketch
from hideseek_cli.runtime.progress import Progress

FEWEST = 4
"""Images that a class needs, so that every fold of it teaches and tests."""
HELD = 50_000 * 3 * 64 * 64
"""Bytes of images that are trained on unless told otherwise, as networks see them in colour."""
FATES = {"train": "published", "val": "calibrates levels, not published", "test": "not read, not published"}
"""What becomes of each part of the data set."""
WHOLE = "published, all of it; keep test images elsewhere"
"""What becomes of a folder without parts."""


@dataclass(frozen=True)
class _Read:
    """What is kept of an image when it has been read."""

    number: int
    shape: tuple[int, ...]
    digest: str
    """As ``images.stored`` has it."""
    kind: Grid | str | None
    """As ``kept_jpegs.tell_kind`` has it."""
    seen: Pixels | None
    """How networks see it, where it is trained on."""
    alpha: bytes | None
    """A sketch of its alpha channel."""
    thumbnail: UInt8[np.ndarray, " t"]
    """By which copies of it are found."""
    larger: UInt8[np.ndarray, " l"]
    """By which its other siblings are."""


def load_source(
    data: Path, table: Path | None, size: int | None, executor: Executor, progress: Progress,
    output_format: OutputFormat = PNG_FILES, *, most: int | None = None, seed: int = 0, split: str = "auto",
    groups: str = AUTO,
) -> SourceDataset:  # fmt: skip
    """Read and check the owner's folder, which is to be published in that form. At most ``most`` images, chosen by the
    seed, are held for training (None: as many as take HELD bytes), and of a validation part as many. Says what is read, and
    where alpha channels tell the classes. ``split``: how ``images.layout`` finds parts.
    ``groups``: how ``images.siblings`` finds what belongs together.

    Raises InputError that names everything that cannot be used.
    """
    if manifest.exists(data):
        raise InputError(f"{data} was written by hideseek and is masked already; hide the original folder")
    layout = find_layout(data, split, progress) if table is None else Layout.whole(data)
    folder, problems = survey(layout.train, table, layout.passed_over)
    problems |= find_unportable(folder.records.keys(), output_format.suffixes, manifest.BESIDE)
    reading = tell_reading(folder, layout, FATES, progress, whole=WHOLE)
    wrong: Problems = {}
    shapes = _read_sizes(folder, executor, wrong, progress)
    known = shapes[:, 0] > 0
    size = size or (choose_training_size(shapes[known, :2]) if known.any() else None)
    taught = _draw_held(folder, HELD // _bytes(shapes, size) if most is None else most, seed)
    whole = hashlib.sha256(repr(size).encode())
    digests, images, transparency = np.zeros((len(shapes), DIGEST), np.uint8), list[Pixels](), Transparency()
    jpegs = KeptJpegs(len(shapes))
    thumbnails, larger = (np.zeros((len(shapes), side**2), np.uint8) for side in (SIDE, LARGER))
    taken = _read_images(folder, np.flatnonzero(known), taught, size, output_format, executor, wrong, progress)
    for key, found in zip(compress(folder.records.keys(), known), taken, strict=True):
        if found is not None:
            number = found.number
            shapes[number], digests[number] = found.shape, shorten_digest(found.digest)
            jpegs.add(number, found.kind, None if found.seen is None else len(images))
            thumbnails[number], larger[number] = found.thumbnail, found.larger
            whole.update(repr((key, found.digest)).encode())
            images += [] if found.seen is None else [found.seen]
            transparency.add(number, found.alpha)
    raise_for_all({**problems, UNUSABLE: sorted(wrong.get(UNUSABLE, []))})
    _check(folder, taught, most)
    for warning in (jpegs.describe_others(output_format.encoding), transparency.warn(folder.labels)):
        if warning:
            progress.say(warning)
    sides = None if size is None else shapes[taught, :2].min(1).astype(np.int64)
    channels = np.unique(shapes[:, 2] - (shapes[:, 2] % 2 == 0)).tolist()
    stack = ImageStack.of(folder, images, sides, channels, jpegs.grids)
    validation = None
    if "val" in layout.parts:
        besides = PassedOver(layout.parts["val"])
        part = scan(layout.parts["val"], passed_over=besides)
        for line in besides.describe():
            progress.say(line)
        part = part.select(_draw_held(part, len(stack), seed))
        validation = load_labelled(part, folder.classes, stack, executor, progress, size)
    for held in validation or ():
        whole.update(held.tobytes())
    siblings = _find_siblings(folder, find_copies(digests, thumbnails), larger, groups, table)
    return SourceDataset(
        folder, replace(output_format, keeps_jpeg=bool(jpegs.which.any())), shapes, digests, jpegs.which, siblings,
        whole.hexdigest(), size, taught, stack, validation, reading,
    )  # fmt: skip


def _read_sizes(folder: ImageDataset, executor: Executor, wrong: Problems, progress: Progress) -> UInt16[np.ndarray, "n 3"]:
    """Height and width of each image by its header, and room for its channels; zeros where it cannot be used."""
    found = np.zeros((len(folder.records), 3), np.uint16)
    on_step = report_count(folder, progress, "looking at")
    for number, sides in enumerate(try_each(folder.records, lambda record: read_shape(record.path), executor, wrong, on_step)):
        found[number, :2] = sides or (0, 0)
    return found


def _read_images(
    folder: ImageDataset, numbers: Int64[np.ndarray, " k"], taught: Bool[np.ndarray, " n"], size: int | None,
    output_format: OutputFormat, executor: Executor, wrong: Problems, progress: Progress,
) -> Iterator[_Read | None]:  # fmt: skip
    """What is kept of each of those images; None for one that cannot be used."""

    def take(number: int) -> _Read:
        path = folder.records[number].path
        own = read_original(path, exif=output_format.exif, keeps_jpeg=output_format.keeps_jpeg)
        if why := own.why_unfit(output_format.encoding):
            raise InputError(f"{path} {why}")
        image = own.pixels
        seen = _see(image, size) if taught[number] else None
        thumbnails = [make_thumbnail(image, side) for side in (SIDE, LARGER)]
        return _Read(number, own.shape, own.digest, tell_kind(own), seen, sketch(image), *thumbnails)

    return try_each(map(int, numbers), take, executor, wrong, report_count(folder, progress, "reading"))


def _find_siblings(
    folder: ImageDataset, copies: Int64[np.ndarray, " n"], larger: UInt8[np.ndarray, "n l"], groups: str, table: Path | None
) -> Int64[np.ndarray, " n"]:
    """The first sibling of each image, found as ``groups`` says."""
    if groups in (AUTO, NONE):
        return copies if groups == NONE else find_siblings(copies, larger, folder.labels)
    keys = folder.records.keys()
    if table is not None and groups.startswith(COLUMN):
        title = groups.removeprefix(COLUMN)
        told = read_column(table, title)
        names, what = [told.get(key) for key in keys], f"column {title} of {table}"
    else:
        names, what = match_names(keys, groups), f"`groups` {groups!r}"
    return group_named(copies, names, folder.labels, folder.classes, what)


def _see(image: Pixels, size: int | None) -> UInt8[np.ndarray, "_ _ _"]:
    """An image as networks see it; with a last channel of how much of its mask they will see, where it is wholly transparent
    somewhere."""
    colours, masked = drop_alpha(image), take_alpha(image) > 0
    parts = [colours] if masked.all() else [colours, masked * np.uint8(255)]
    return np.concatenate(parts if size is None else [fit(part, size) for part in parts], axis=2)


def _check(folder: ImageDataset, taught: Bool[np.ndarray, " n"], most: int | None) -> None:
    """Raises InputError where nothing can be learned of these classes, or not of so few images."""
    if len(json.dumps(folder.classes)) > MAX_CLASSES:
        raise InputError(f"{count(len(folder.classes), 'class')} have names too long for a manifest; shorten them")
    if len(folder.classes) < 2:
        raise InputError(f"{folder.root} has one class, {folder.classes[0]}; a level needs at least two to tell apart")
    few = [name for name, count in zip(folder.classes, np.bincount(folder.labels), strict=True) if count < FEWEST]
    if few:
        raise InputError(f"classes with fewer than {FEWEST} images cannot be trained: {', '.join(few)}; add or remove")
    if taught.sum() > (most or len(folder.records)):
        classes = count(len(folder.classes), "class")
        raise InputError(f"`train_images` {most} is too few for {classes}; give at least {taught.sum()}")


def _bytes(shapes: UInt16[np.ndarray, "n 3"], size: int | None) -> int:
    """That the largest image takes in colour as networks see it."""
    return 3 * (int(shapes[:, :2].astype(np.int64).prod(1).max(initial=1)) if size is None else size**2)


def _draw_held(folder: ImageDataset, most: int, seed: int) -> Bool[np.ndarray, " n"]:
    """Which ``most`` images to hold at most: FEWEST of every class, and of what it has besides the same share of all."""
    labels, generator = folder.labels, np.random.default_rng([seed, 0x7A06])
    found = np.ones(len(labels), bool)
    if len(labels) > most:
        besides = [max(0, int(count) - FEWEST) for count in np.bincount(labels)]
        room = max(0, most - FEWEST * len(besides))
        for label, more in enumerate(besides):
            members = generator.permutation(np.flatnonzero(labels == label))
            found[members[FEWEST + room * more // max(1, sum(besides)) :]] = False
    return found
