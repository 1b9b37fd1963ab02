"""Folders of labelled pictures: which splits, which classes, which pictures, and their pixels.

A folder is ``ROOT/<class>/*``, or ``ROOT/{train,val,test}/<class>/*`` with the usual synonyms, or flat with a table of
names and classes. Nothing under it is ever written. Hidden files are passed over; what lies in a class's folder and
is no picture is refused, because a picture that is silently left out would be one that is published nowhere.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Int64

from hideseek_cli.errors import InputError, RefusalError
from hideseek_cli.parallel import Result, in_order
from hideseek_cli.picture import SUFFIXES, Mixed, decode, visible
from hideseek_cli.progress import Progress

SPLITS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
MAX_NAME = 240
"""Bytes that a class or a picture's name may have without suffix (file systems allow 255 with it)."""
NAMES = f"have names with control characters, backslashes or more than {MAX_NAME} bytes; rename them"
CLASHES = "would get the same name once the suffix is .png; rename one of each"
PICTURES = "pictures cannot be used"
Complaints = dict[str, list[str]]
"""What is wrong -> where."""


@dataclass(frozen=True)
class Entry:
    """One picture: its class, its name (path below the class's folder, without suffix, forward slashes), its file."""

    label: str
    name: str
    path: Path

    @property
    def key(self) -> tuple[str, str]:
        return self.label, self.name


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
    """The splits of a folder, keyed train, val and test; a folder without any is all training part."""
    _require_folder(root)
    found: dict[str, Path] = {}
    for name in sorted(child.name for child in root.iterdir() if child.is_dir()):
        for split, synonyms in SPLITS.items():
            if name.lower() in synonyms:
                if split in found:
                    raise InputError(f"{root} has two {split} parts, {found[split].name} and {name}; keep one")
                found[split] = root / name
    if not found:
        return {"train": root}
    if "train" not in found:
        raise InputError(f"{root} has a {', '.join(sorted(found))} part but no train part; name the training part train")
    return found


def scan(root: Path, table: Path | None = None) -> Folder:
    """The labelled pictures of ``ROOT/<class>/*``, or of a flat folder with a ``name,class`` table.

    Raises InputError that names every offending file at once (the first ten of a kind, and how many there are).
    """
    folder, complaints = survey(root, table)
    refuse_all(complaints)
    return folder


def survey(root: Path, table: Path | None = None) -> tuple[Folder, Complaints]:
    """The same, with what is wrong: the folder holds only what is not."""
    _require_folder(root)
    complaints: Complaints = {}
    entries = _from_table(root, table, complaints) if table else _from_classes(root, complaints)
    if not entries and not complaints:
        raise InputError(f"{root} holds no pictures; it needs one folder a class with the class's pictures inside")
    good: dict[tuple[str, str], Entry] = {}
    for entry in entries:
        if not safe(entry.key):
            complaints.setdefault(NAMES, []).append(repr(str(entry.path)))
        elif entry.key in good:
            complaints.setdefault(CLASHES, []).append(f"{good[entry.key].path} and {entry.path.name}")
        else:
            good[entry.key] = entry
    return Folder(root, tuple(good[key] for key in sorted(good))), complaints


def safe(key: tuple[str, str]) -> bool:
    """Whether a class and a name may become a path below an output folder, on any system, and stand in a table."""
    parts = (key[0], *key[1].split("/"))
    return "/" not in key[0] and all(
        part.isprintable() and part.strip() and not part.startswith(".") and "\\" not in part
        and len(part.encode()) <= MAX_NAME
        for part in parts
    )  # fmt: skip


def refuse(offenders: list[str], why: str) -> None:
    """Raise one InputError for all offenders, naming up to ten."""
    if offenders:
        shown = "; ".join(offenders[:10]) + (f"; and {len(offenders) - 10} more" if len(offenders) > 10 else "")
        raise InputError(f"{len(offenders)} {why}: {shown}")


def refuse_all(complaints: Complaints) -> None:
    """Raise one RefusalError for offenders of every kind."""
    found: list[str] = []
    for why, offenders in complaints.items():
        try:
            refuse(offenders, why)
        except InputError as error:
            found.append(offenders[0] if why == PICTURES and len(offenders) == 1 else str(error))
    if found:
        raise RefusalError("\n".join(found), {why: offenders for why, offenders in complaints.items() if offenders})


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


def _require_folder(root: Path) -> None:
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; give a folder that holds one folder a class")


def _from_classes(root: Path, complaints: Complaints) -> list[Entry]:
    entries: list[Entry] = []
    strange: list[str] = []
    empty: list[str] = []
    for child in sorted(root.iterdir()):
        if child.name.startswith(".") or not child.is_dir():
            if child.suffix.lower() in SUFFIXES and not child.name.startswith("."):
                strange.append(str(child))
            continue
        before = len(entries) + len(strange)
        for folder, subfolders, names in os.walk(child):
            links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
            subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in links)
            for name in sorted([*names, *links]):
                path = Path(folder) / name
                if name.startswith("."):
                    continue
                if path.suffix.lower() not in SUFFIXES or not path.is_file():
                    strange.append(str(path))
                    continue
                entries.append(Entry(child.name, path.relative_to(child).with_suffix("").as_posix(), path))
        if len(entries) + len(strange) == before:
            empty.append(str(child))
    _complain(
        complaints, "files are no pictures, or belong to no class (for a flat folder give --labels); move them away", strange
    )
    _complain(complaints, "classes hold no pictures; remove their folders or fill them", empty)
    return entries


def _from_table(root: Path, table: Path, complaints: Complaints) -> list[Entry]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read as a table of name,class ({error})") from error
    if rows and [cell.strip().lower() for cell in rows[0]] == ["name", "class"]:
        rows = rows[1:]
    bad = [f"line {number}: {','.join(row)}" for number, row in enumerate(rows, 1) if len(row) != 2]
    entries = []
    missing = []
    for name, label in ((row[0].strip(), row[1].strip()) for row in rows if len(row) == 2):
        path = root / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not path.is_file():
            missing.append(name)
        else:
            entries.append(Entry(label, Path(name).with_suffix("").as_posix(), path))
    listed = {entry.path for entry in entries}
    unlisted = [str(p) for p in sorted(root.iterdir()) if p.suffix.lower() in SUFFIXES and p not in listed]
    _complain(complaints, f"rows of {table} are not name,class", bad)
    _complain(complaints, f"rows of {table} name no picture under {root}", missing)
    _complain(complaints, f"pictures of {root} are not in {table}; add them or move them away", unlisted)
    return entries


def _complain(complaints: Complaints, why: str, offenders: list[str]) -> None:
    if offenders:
        complaints[why] = offenders
