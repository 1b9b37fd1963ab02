"""Folders of labelled images: which splits, which classes, which images, and their pixels.

A folder is ``ROOT/<class>/*``, or ``ROOT/{train,val,test}/<class>/*`` with the usual synonyms, or flat with a table of
names and classes; or it holds shards, ``ROOT/*.tar``, ``ROOT/{train,val,test}/*.tar`` or ``ROOT/train-*.tar``. Nothing
under it is ever written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from hideseek_cli.errors import CLASHES, NAMES, UNUSABLE, InputError, Problems, count, raise_for_all
from hideseek_cli.images import image_folder
from hideseek_cli.images.codec import SUFFIXES, MixedPixels, decode, drop_alpha
from hideseek_cli.images.image_folder import read_class_folders, read_table
from hideseek_cli.images.index import ImageIndex, ImageRecord, is_safe
from hideseek_cli.images.webdataset import find_archives, make_shard_pattern, read_shards
from hideseek_cli.runtime.executors import Item, Result, ordered_map
from hideseek_cli.runtime.progress import Progress

OnCount = Callable[[int], None]
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}


@dataclass(frozen=True)
class ImageDataset:
    """A labelled folder: records sorted by class and name, classes sorted."""

    root: Path
    records: ImageIndex

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.records.classes)

    @property
    def labels(self) -> Int64[np.ndarray, " n"]:
        """Index of each image's class."""
        return self.records.labels

    def select(self, which: Bool[np.ndarray, " n"]) -> ImageDataset:
        """Some of its images, by number."""
        return ImageDataset(self.root, ImageIndex(self.root, (self.records[int(number)] for number in np.flatnonzero(which))))

    def chance(self) -> float:
        """Accuracy in percent of always naming the largest class."""
        return 100 * int(np.bincount(self.labels).max()) / len(self.records)


def find_splits(root: Path) -> dict[str, Path]:
    """The splits of a folder, keyed train, val and test; a folder without any is all training part, and so is one tar.

    A split is a folder, or the pattern of shards that have its name in theirs: ``train-*.tar``.
    """
    require_folder(root)
    names = {name: {name.lower()} for name in (child.name for child in root.glob("*/"))}
    if root.is_dir():
        names |= {name: set(re.split("[^a-z]+", name.lower())) for name in map(make_shard_pattern, find_archives(root))}
    found: dict[str, Path] = {}
    for name in sorted(names):
        splits = [split for split, synonyms in SPLITS.items() if names[name] & set(synonyms)]
        if len(splits) > 1:
            raise InputError(f"{root / name} names the parts {' and '.join(splits)}; rename it after one of them")
        for split in splits:
            if split in found:
                raise InputError(f"{root} has two {split} parts, {found[split].name} and {name}; keep one")
            found[split] = root / name
    if not found:
        return {"train": root}
    if "train" not in found:
        raise InputError(f"{root} has a {', '.join(sorted(found))} part but no train part; name the training part train")
    return found


def scan(root: Path, table: Path | None = None) -> ImageDataset:
    """The labelled images of ``ROOT/<class>/*``, of a flat folder with a ``name,class`` table, or of shards.

    Raises InputError that names every offending file at once (the first ten of a kind, and how many there are).
    """
    folder, problems = survey(root, table)
    raise_for_all(problems)
    return folder


def survey(root: Path, table: Path | None = None) -> tuple[ImageDataset, Problems]:
    """The same, with what is wrong: the folder holds only what is not."""
    require_folder(root)
    problems: Problems = {}
    found: Iterable[ImageRecord]
    if table or find_archives(root):
        unsorted = read_table(root, table, problems) if table else read_shards(root, problems)
        found = ImageIndex(root, _drop_unsafe(unsorted, problems)).walk_sorted()
    else:
        _refuse_one_class(root)
        found = _drop_unsafe(read_class_folders(root, problems), problems)
    records = _drop_clashes(root, found, problems)
    if not records and not problems:
        raise InputError(f"{root} holds no images; it needs one folder a class with the class's images inside")
    return ImageDataset(root, records), problems


def _refuse_one_class(root: Path) -> None:
    """Raise InputError where a folder has images and no folders: one class, or what has no labels."""
    visible = [child for child in root.iterdir() if not child.name.startswith(".")]
    images = sum(child.suffix.lower() in SUFFIXES for child in visible)
    if images and not any(child.is_dir() for child in visible):
        above = root.resolve().parent if root.name in ("", "..") else root.parent
        part = any(root.name.lower() in synonyms for synonyms in SPLITS.values())
        raise InputError(
            f"{root} holds {count(images, 'image')} but no folders of classes: "
            + ("" if part else f"give the folder above it ({above}), or ")
            + "name each image's class with `labels`"
        )


def scan_unlabelled(root: Path) -> ImageIndex:
    """All images below a folder, whatever lies where, as of one class. Raises InputError as ``scan`` does."""
    require_folder(root)
    problems: Problems = {}
    records = _drop_clashes(root, _drop_unsafe(image_folder.read_unlabelled(root, problems), problems), problems)
    raise_for_all(problems)
    if not records:
        raise InputError(f"{root} holds no images; give the folder in which they are")
    return records


def _drop_clashes(root: Path, found: Iterable[ImageRecord], problems: Problems) -> ImageIndex:
    """Records in their order, none of the class and name of the one before."""
    records = ImageIndex(root)
    before: ImageRecord | None = None
    for record in found:
        if before is not None and record.key == before.key:
            problems.setdefault(CLASHES, []).append(f"{before.path} and {record.path.name}")
        else:
            records.add(before := record)
    return records


def _drop_unsafe(found: Iterable[ImageRecord], problems: Problems) -> Iterator[ImageRecord]:
    """Those whose class and name are safe."""
    for record in found:
        if is_safe(record.key):
            yield record
        else:
            problems.setdefault(NAMES, []).append(repr(str(record.path)))


def try_each(
    items: Iterable[Item], work: Callable[[Item], Result], executor: Executor, problems: Problems, on_step: OnCount
) -> Iterator[Result | None]:
    """``work`` of every item, in their order; None where it raises InputError, which is added to ``problems``."""

    def attempt(item: Item) -> Result | InputError:
        try:
            return work(item)
        except InputError as error:
            return error

    for done, result in enumerate(ordered_map(executor, attempt, items), 1):
        on_step(done)
        if isinstance(result, InputError):
            problems.setdefault(UNUSABLE, []).append(str(result))
            yield None
        else:
            yield result


def map_images(
    folder: ImageDataset, work: Callable[[ImageRecord], Result], executor: Executor, progress: Progress
) -> list[Result]:
    """``work`` of every image, in the order of the records; reports every image that raises InputError at once."""
    problems: Problems = {}
    on_step = report_count(folder, progress, "reading")
    found = [result for result in try_each(folder.records, work, executor, problems, on_step) if result is not None]
    raise_for_all(problems)
    return found


def report_count(folder: ImageDataset, progress: Progress, about: str) -> OnCount:
    """Says how many of a folder's images are done."""
    return lambda done: progress.step(f"{about} {folder.root.name}", done, len(folder.records))


def load_pixels(folder: ImageDataset, executor: Executor, progress: Progress, size: int | None = None) -> MixedPixels:
    """The colours of every image, or of its central square brought to ``size``."""
    return map_images(folder, lambda record: drop_alpha(decode(record.path, size)), executor, progress)


def require_folder(root: Path) -> None:
    """Raises InputError where there is neither a folder nor a tar."""
    if not root.is_dir() and not find_archives(root):
        raise InputError(f"{root} is not a folder; give a folder that holds one folder a class, or tar shards")
