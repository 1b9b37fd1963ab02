"""Folders of labelled pictures: which splits, which classes, which pictures, and their pixels.

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

from hideseek_cli import layouts
from hideseek_cli.complaints import CLASHES, NAMES, PICTURES, Complaints, refuse_all
from hideseek_cli.entry import Entries, Entry, safe
from hideseek_cli.errors import InputError
from hideseek_cli.layouts import from_classes, from_table
from hideseek_cli.parallel import Item, Result, in_order
from hideseek_cli.picture import Mixed, decode, visible
from hideseek_cli.progress import Progress
from hideseek_cli.shards import archives, from_shards, pattern

Tick = Callable[[int], None]
SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}


@dataclass(frozen=True)
class Folder:
    """A labelled folder: entries sorted by class and name, classes sorted."""

    root: Path
    entries: Entries

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.entries.classes)

    @property
    def labels(self) -> Int64[np.ndarray, " n"]:
        """Index of each picture's class."""
        return self.entries.labels

    def only(self, which: Bool[np.ndarray, " n"]) -> Folder:
        """Some of its pictures, by number."""
        return Folder(self.root, Entries(self.root, (self.entries[int(number)] for number in np.flatnonzero(which))))

    def chance(self) -> float:
        """Accuracy in percent of always naming the largest class."""
        return 100 * int(np.bincount(self.labels).max()) / len(self.entries)


def splits(root: Path) -> dict[str, Path]:
    """The splits of a folder, keyed train, val and test; a folder without any is all training part, and so is one tar.

    A split is a folder, or the pattern of shards that have its name in theirs: ``train-*.tar``.
    """
    require(root)
    names = {name: {name.lower()} for name in (child.name for child in root.glob("*/"))}
    if root.is_dir():
        names |= {name: set(re.split("[^a-z]+", name.lower())) for name in map(pattern, archives(root))}
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


def scan(root: Path, table: Path | None = None) -> Folder:
    """The labelled pictures of ``ROOT/<class>/*``, of a flat folder with a ``name,class`` table, or of shards.

    Raises InputError that names every offending file at once (the first ten of a kind, and how many there are).
    """
    folder, complaints = survey(root, table)
    refuse_all(complaints)
    return folder


def survey(root: Path, table: Path | None = None) -> tuple[Folder, Complaints]:
    """The same, with what is wrong: the folder holds only what is not."""
    require(root)
    complaints: Complaints = {}
    found: Iterable[Entry]
    if table or archives(root):
        unsorted = from_table(root, table, complaints) if table else from_shards(root, complaints)
        found = Entries(root, _safe(unsorted, complaints)).ordered()
    else:
        found = _safe(from_classes(root, complaints), complaints)
    entries = _different(root, found, complaints)
    if not entries and not complaints:
        raise InputError(f"{root} holds no pictures; it needs one folder a class with the class's pictures inside")
    return Folder(root, entries), complaints


def unlabelled(root: Path) -> Entries:
    """All pictures below a folder, whatever lies where, as of one class. Raises InputError as ``scan`` does."""
    require(root)
    complaints: Complaints = {}
    entries = _different(root, _safe(layouts.unlabelled(root, complaints), complaints), complaints)
    refuse_all(complaints)
    if not entries:
        raise InputError(f"{root} holds no pictures; give the folder in which they are")
    return entries


def _different(root: Path, found: Iterable[Entry], complaints: Complaints) -> Entries:
    """Entries in their order, none of the class and name of the one before."""
    entries = Entries(root)
    before: Entry | None = None
    for entry in found:
        if before is not None and entry.key == before.key:
            complaints.setdefault(CLASHES, []).append(f"{before.path} and {entry.path.name}")
        else:
            entries.add(before := entry)
    return entries


def _safe(found: Iterable[Entry], complaints: Complaints) -> Iterator[Entry]:
    """Those whose class and name are safe."""
    for entry in found:
        if safe(entry.key):
            yield entry
        else:
            complaints.setdefault(NAMES, []).append(repr(str(entry.path)))


def attempts(
    items: Iterable[Item], work: Callable[[Item], Result], executor: Executor, complaints: Complaints, tick: Tick
) -> Iterator[Result | None]:
    """``work`` of every item, in their order; None where it raises InputError, which is added to ``complaints``."""

    def attempt(item: Item) -> Result | InputError:
        try:
            return work(item)
        except InputError as error:
            return error

    for done, result in enumerate(in_order(executor, attempt, items), 1):
        tick(done)
        if isinstance(result, InputError):
            complaints.setdefault(PICTURES, []).append(str(result))
            yield None
        else:
            yield result


def each(folder: Folder, work: Callable[[Entry], Result], executor: Executor, progress: Progress) -> list[Result]:
    """``work`` of every picture, in the order of the entries; reports every picture that raises InputError at once."""
    complaints: Complaints = {}
    tick = ticking(folder, progress, "reading")
    found = [result for result in attempts(folder.entries, work, executor, complaints, tick) if result is not None]
    refuse_all(complaints)
    return found


def ticking(folder: Folder, progress: Progress, about: str) -> Tick:
    """Says how many of a folder's pictures are done."""
    return lambda done: progress.step(f"{about} {folder.root.name}", done, len(folder.entries))


def pixels(folder: Folder, executor: Executor, progress: Progress, size: int | None = None) -> Mixed:
    """The colours of every picture, or of its central square brought to ``size``."""
    return each(folder, lambda entry: visible(decode(entry.path, size)), executor, progress)


def require(root: Path) -> None:
    """Raises InputError where there is neither a folder nor a tar."""
    if not root.is_dir() and not archives(root):
        raise InputError(f"{root} is not a folder; give a folder that holds one folder a class, or tar shards")
