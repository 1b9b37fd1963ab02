"""Folders of labelled images: which classes, which images, and their pixels.

A folder is ``ROOT/<class>/*``, or flat with a table of names and classes, or it holds shards; ``images.layout`` finds the
one that is to be read where a data set has parts. Nothing under it is ever written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int64

from hideseek_cli.errors import CLASHES, NAMES, UNUSABLE, InputError, Problems, count, raise_for_all
from hideseek_cli.images.archives import find_archives, make_shard_pattern
from hideseek_cli.images.codec import MixedPixels, decode, drop_alpha
from hideseek_cli.images.file_kinds import is_supported, why_ignored
from hideseek_cli.images.glance import note_beside
from hideseek_cli.images.image_folder import read_class_folders, read_unlabelled
from hideseek_cli.images.index import ImageIndex, ImageRecord, is_safe
from hideseek_cli.images.label_table import find_table, read_table
from hideseek_cli.images.layout import find_part, require_folder
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.images.shards import read_shards
from hideseek_cli.runtime.executors import Item, Result, ordered_map
from hideseek_cli.runtime.progress import Progress

OnCount = Callable[[int], None]


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


def scan(root: Path, table: Path | None = None, passed_over: PassedOver | None = None) -> ImageDataset:
    """The labelled images of ``ROOT/<class>/*``, of a flat folder with a ``name,class`` table, or of shards.

    Raises InputError that names every offending file at once (the first ten of a kind, and how many there are).
    """
    folder, problems = survey(root, table, passed_over)
    raise_for_all(problems)
    return folder


def survey(root: Path, table: Path | None = None, passed_over: PassedOver | None = None) -> tuple[ImageDataset, Problems]:
    """The same, with what is wrong: the folder holds only what is not. What is not read is added to ``passed_over``."""
    require_folder(root)
    problems: Problems = {}
    besides = passed_over or PassedOver()
    found: Iterable[ImageRecord]
    archives = [] if table else find_archives(root)
    if table or archives:
        unsorted = read_table(root, table, problems, besides) if table else read_shards(root, problems)
        if archives:
            note_beside(root, set(map(make_shard_pattern, archives)), besides)
        found = ImageIndex(root, _drop_unsafe(unsorted, problems)).walk_sorted()
    else:
        _refuse_one_class(root)
        found = _drop_unsafe(read_class_folders(root, problems, besides), problems)
    records = _drop_clashes(root, found, problems)
    if not records and not problems:
        raise InputError(f"{root} holds no images; it needs one folder a class with the class's images inside")
    return ImageDataset(root, records), problems


def _refuse_one_class(root: Path) -> None:
    """Raise InputError where a folder has images and no folders: one class, or what has no labels."""
    visible = [child for child in root.iterdir() if not why_ignored(child.name)]
    images = sum(is_supported(child.name) for child in visible)
    if not images or any(child.is_dir() for child in visible):
        return
    above = root.resolve().parent if root.name in ("", "..") else root.parent
    table = find_table(root)
    way = f"give the folder above it ({above}), or name each image's class with `labels`"
    if table is not None:
        way = f"give {root} itself with `labels='{table}'`, which is there"
    elif find_part(root.name) is not None:
        way = "name each image's class with `labels`"
    raise InputError(f"{root} holds {count(images, 'image')} but no folders of classes: {way}")


def scan_unlabelled(root: Path, passed_over: PassedOver | None = None) -> ImageIndex:
    """All images below a folder, whatever lies where, as of one class. Raises InputError as ``scan`` does."""
    require_folder(root)
    problems: Problems = {}
    found = read_unlabelled(root, problems, passed_over or PassedOver())
    records = _drop_clashes(root, _drop_unsafe(found, problems), problems)
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
