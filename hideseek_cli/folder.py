"""Folders of labelled pictures: which splits, which classes, which pictures, and their pixels.

A folder is ``ROOT/<class>/*``, or ``ROOT/{train,val,test}/<class>/*`` with the usual synonyms, or flat with a table of
names and classes; or it holds shards, ``ROOT/*.tar``, ``ROOT/{train,val,test}/*.tar`` or ``ROOT/train-*.tar``. Nothing
under it is ever written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from hideseek_cli.complaints import CLASHES, NAMES, PICTURES, Complaints, refuse_all
from hideseek_cli.entry import Entry, Key, safe
from hideseek_cli.errors import InputError
from hideseek_cli.layouts import from_classes, from_table
from hideseek_cli.parallel import Result, in_order
from hideseek_cli.picture import Mixed, decode, visible
from hideseek_cli.progress import Progress
from hideseek_cli.shards import archives, from_shards, pattern

SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}


@dataclass(frozen=True)
class Folder:
    """A labelled folder: entries sorted by class and name, classes sorted."""

    root: Path
    entries: tuple[Entry, ...]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(sorted({entry.label for entry in self.entries}))

    @property
    def labels(self) -> Int64[np.ndarray, " n"]:
        """Index of each picture's class."""
        index = {label: number for number, label in enumerate(self.classes)}
        return np.array([index[entry.label] for entry in self.entries], np.int64)

    def chance(self) -> float:
        """Accuracy in percent of always naming the largest class."""
        return 100 * max(Counter(entry.label for entry in self.entries).values()) / len(self.entries)


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
    if table:
        entries = from_table(root, table, complaints)
    elif archives(root):
        entries = from_shards(root, complaints)
    else:
        entries = from_classes(root, complaints)
    if not entries and not complaints:
        raise InputError(f"{root} holds no pictures; it needs one folder a class with the class's pictures inside")
    good: dict[Key, Entry] = {}
    for entry in entries:
        if not safe(entry.key):
            complaints.setdefault(NAMES, []).append(repr(str(entry.path)))
        elif entry.key in good:
            complaints.setdefault(CLASHES, []).append(f"{good[entry.key].path} and {entry.path.name}")
        else:
            good[entry.key] = entry
    return Folder(root, tuple(good[key] for key in sorted(good))), complaints


def attempts(
    folder: Folder, work: Callable[[Entry], Result], executor: Executor, progress: Progress, about: str = "reading"
) -> tuple[dict[Entry, Result], Complaints]:
    """``work`` of every picture, in the order of the entries, and what was wrong with those for which it raises InputError."""

    def attempt(entry: Entry) -> Result | InputError:
        try:
            return work(entry)
        except InputError as error:
            return error

    found: dict[Entry, Result] = {}
    complaints: Complaints = {}
    for done, (entry, result) in enumerate(zip(folder.entries, in_order(executor, attempt, folder.entries), strict=True), 1):
        if isinstance(result, InputError):
            complaints.setdefault(PICTURES, []).append(str(result))
        else:
            found[entry] = result
        progress.step(f"{about} {folder.root.name}", done, len(folder.entries))
    return found, complaints


def each(folder: Folder, work: Callable[[Entry], Result], executor: Executor, progress: Progress) -> list[Result]:
    """``work`` of every picture, in the order of the entries; reports every picture that raises InputError at once."""
    found, complaints = attempts(folder, work, executor, progress)
    refuse_all(complaints)
    return list(found.values())


def pixels(folder: Folder, executor: Executor, progress: Progress, size: int | None = None) -> Mixed:
    """The colours of every picture, or of its central square brought to ``size``."""
    return each(folder, lambda entry: visible(decode(entry.path, size)), executor, progress)


def require(root: Path) -> None:
    """Raises InputError where there is neither a folder nor a tar."""
    if not root.is_dir() and not archives(root):
        raise InputError(f"{root} is not a folder; give a folder that holds one folder a class, or tar shards")
