"""Images that are files: a folder a class, or a flat folder with a table of names and classes.

Hidden files are passed over; what lies in a class's folder and is no image is refused, because an image that is
silently left out would be one that is published nowhere.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from operator import attrgetter
from os.path import isfile, join, relpath, splitext
from pathlib import Path, PurePosixPath

from hideseek_cli.errors import InputError, Problems
from hideseek_cli.images.codec import SUFFIXES
from hideseek_cli.images.index import FileRef, ImageRecord


def read_class_folders(root: Path, problems: Problems) -> Iterator[ImageRecord]:
    """The images of ``ROOT/<class>/*`` in order of class and name; adds what is wrong to ``problems``, in the end."""
    strange: list[str] = []
    empty: list[str] = []
    for child in sorted(root.iterdir(), key=attrgetter("name")):
        if child.name.startswith("."):
            continue
        if child.is_symlink() or not child.is_dir():
            if child.suffix.lower() in SUFFIXES or child.is_dir():
                strange.append(str(child))
            continue
        before = len(strange)
        found = _list_images(child, strange)
        yield from (ImageRecord(child.name, _drop_suffix(path), FileRef(root, f"{child.name}/{path}")) for path in found)
        if not found and len(strange) == before:
            empty.append(str(child))
    _report(problems, "files are no images, or belong to no class (for a flat folder give `labels`); move them away", strange)
    _report(problems, "classes hold no images; remove their folders or fill them", empty)


def list_passed_over(root: Path) -> Iterator[tuple[str, str]]:
    """What lies in a folder of classes and is neither one of them nor an obstacle, and why it is passed over."""
    for child in sorted(root.iterdir() if root.is_dir() else (), key=attrgetter("name")):
        if child.name.startswith("."):
            yield child.name, "hidden"
        elif not child.is_dir() and child.suffix.lower() not in SUFFIXES | {".tar"}:
            yield child.name, "no image"


def read_unlabelled(root: Path, problems: Problems) -> Iterator[ImageRecord]:
    """All images below a folder in order of their names, as of one class; adds what is wrong to ``problems``."""
    strange: list[str] = []
    yield from (ImageRecord("images", _drop_suffix(path), FileRef(root, path)) for path in _list_images(root, strange))
    _report(problems, "files are no images; move them away", strange)


def _list_images(root: Path, strange: list[str]) -> list[str]:
    """Where images lie below a folder, in order of their names; adds what is no image to ``strange``."""
    found: list[str] = []
    for folder, subfolders, names in os.walk(root):
        links = [name for name in subfolders if (Path(folder) / name).is_symlink()]
        subfolders[:] = sorted(name for name in subfolders if not name.startswith(".") and name not in links)
        names += links
        names.sort()
        for name in names:
            path = join(folder, name)
            if name.startswith("."):
                continue
            if splitext(name)[1].lower() not in SUFFIXES or not isfile(path):
                strange.append(path)
                continue
            found.append(name if folder == str(root) else relpath(path, root).replace(os.sep, "/"))
    found.sort()
    found.sort(key=_drop_suffix)  # those of one name stay in order
    return found


def _drop_suffix(path: str) -> str:
    """What an image is called that lies there; not kept, because a class may have more images than fit into memory twice."""
    return splitext(path)[0]


def read_table(root: Path, table: Path, problems: Problems) -> list[ImageRecord]:
    """The images of a flat folder that rows ``name,class`` name; adds what is wrong to ``problems``."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            rows = [row for row in csv.reader(file) if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read as a table of name,class ({error})") from error
    if rows and [cell.strip().lower() for cell in rows[0]] == ["name", "class"]:
        rows = rows[1:]
    bad = [f"line {number}: {','.join(row)}" for number, row in enumerate(rows, 1) if len(row) != 2]
    records = []
    missing = []
    for name, label in ((row[0].strip(), row[1].strip()) for row in rows if len(row) == 2):
        path = root / name
        if Path(name).is_absolute() or ".." in Path(name).parts or not path.is_file():
            missing.append(name)
        else:
            place = PurePosixPath(name).as_posix()
            records.append(ImageRecord(label, _drop_suffix(place), FileRef(root, place)))
    listed = {str(record.path) for record in records}
    unlisted = [str(p) for p in sorted(root.iterdir()) if p.suffix.lower() in SUFFIXES and f"{root}/{p.name}" not in listed]
    _report(problems, f"rows of {table} are not name,class", bad)
    _report(problems, f"rows of {table} name no image under {root}", missing)
    _report(problems, f"images of {root} are not in {table}; add them or move them away", unlisted)
    return records


def _report(problems: Problems, why: str, offenders: list[str]) -> None:
    if offenders:
        problems[why] = offenders
