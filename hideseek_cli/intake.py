"""Read the owner's folder once, check all of it, and hold what masks and networks are trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor
from itertools import compress
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64, Integer, UInt16

from hideseek_cli import manifest
from hideseek_cli.complaints import PICTURES, Complaints, refuse_all
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, attempts, scan, splits, survey, ticking
from hideseek_cli.form import PNG_FILES, Form
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.material import DIGEST, Material, digested
from hideseek_cli.picture import Picture, fitted, read, shape, unfit, visible
from hideseek_cli.progress import Progress
from hideseek_cli.stack import Stack, labelled

FEWEST = 4
"""Pictures that a class needs, so that every fold of it teaches and tests."""
SMALL, SIDE = 96, 64
"""Pixels a side of pictures that are trained on as they are where all have one size, and to which others are brought."""
HELD = 50_000 * 3 * 64 * 64
"""Bytes of pictures that are trained on unless told otherwise, as networks see them in colour."""


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
    wrong: Complaints = {}
    shapes = _sides(folder, executor, wrong, progress)
    known = shapes[:, 0] > 0
    size = size or (training_size(shapes[known, :2]) if known.any() else None)
    taught = _drawn(folder, HELD // _bytes(shapes, size) if most is None else most, seed)
    whole = hashlib.sha256(repr(size).encode())
    digests, pictures = np.zeros((len(shapes), DIGEST), np.uint8), []
    taken = _pictures(folder, np.flatnonzero(known), taught, size, form, executor, wrong, progress)
    for key, found in zip(compress(folder.entries.keys(), known), taken, strict=True):
        if found is not None:
            number, shapes[number], digest, seen = found
            whole.update(repr((key, digest)).encode())
            digests[number] = digested(digest)
            pictures += [] if seen is None else [seen]
    refuse_all({**complaints, PICTURES: sorted(wrong.get(PICTURES, []))})
    _check(folder, taught, most)
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


def _sides(folder: Folder, executor: Executor, wrong: Complaints, progress: Progress) -> UInt16[np.ndarray, "n 3"]:
    """Height and width of each picture by its header, and room for its channels; zeros where it cannot be used."""
    found = np.zeros((len(folder.entries), 3), np.uint16)
    tick = ticking(folder, progress, "looking at")
    for number, sides in enumerate(attempts(folder.entries, lambda entry: shape(entry.path), executor, wrong, tick)):
        found[number, :2] = sides or (0, 0)
    return found


def _pictures(
    folder: Folder, numbers: Int64[np.ndarray, " k"], taught: Bool[np.ndarray, " n"], size: int | None, form: Form,
    executor: Executor, wrong: Complaints, progress: Progress,
) -> Iterator[tuple[int, tuple[int, ...], str, Picture | None] | None]:  # fmt: skip
    """Number, shape and pixel digest of those pictures, and how networks see it where it is trained on; None for one that
    cannot be used."""

    def take(number: int) -> tuple[int, tuple[int, ...], str, Picture | None]:
        path = folder.entries[number].path
        picture, _ = read(path, exif=form.exif)
        if why := unfit(picture.shape, form.encoding):
            raise InputError(f"{path} {why}")
        seen = (visible(picture) if size is None else fitted(picture, size)) if taught[number] else None
        return number, picture.shape, pixel_digest(picture), seen

    return attempts(map(int, numbers), take, executor, wrong, ticking(folder, progress, "reading"))


def _check(folder: Folder, taught: Bool[np.ndarray, " n"], most: int | None) -> None:
    """Raises InputError where nothing can be learned of these classes, or not of so few pictures."""
    if len(folder.classes) < 2:
        raise InputError(f"{folder.root} has one class, {folder.classes[0]}; a level needs at least two to tell apart")
    few = [name for name, count in zip(folder.classes, np.bincount(folder.labels), strict=True) if count < FEWEST]
    if few:
        raise InputError(f"classes with fewer than {FEWEST} pictures cannot be trained: {', '.join(few)}; add or remove")
    if taught.sum() > (most or len(folder.entries)):
        raise InputError(f"--train-images {most} is too few for {len(folder.classes)} classes; give at least {taught.sum()}")


def _bytes(shapes: UInt16[np.ndarray, "n 3"], size: int | None) -> int:
    """That the largest picture takes in colour as networks see it."""
    return 3 * (int(shapes[:, :2].astype(np.int64).prod(1).max(initial=1)) if size is None else size**2)


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


def training_size(found: Integer[np.ndarray, "n 2"]) -> int | None:
    """The side at which pictures of these heights and widths are trained on; None: as they are, being small and alike."""
    if (found == found[0]).all() and int(found[0, 0]) * int(found[0, 1]) <= SMALL**2:
        return None
    return min(SIDE, int(np.median(found.min(1))))
