"""A flat folder's table of names and classes: rows of ``name,class``, or columns that a first line names.

``metadata.csv``, as Hugging Face lays it out, is such a table: ``file_name,label``, with other columns beside them.
"""

from __future__ import annotations

import csv
import os
from pathlib import Path, PurePosixPath

from hideseek_cli.errors import InputError, Problems
from hideseek_cli.images.file_kinds import is_image, is_supported
from hideseek_cli.images.image_folder import drop_suffix, note_obstacle
from hideseek_cli.images.index import FileRef, ImageRecord, Key
from hideseek_cli.images.passed_over import NO_IMAGE, UNLISTED, PassedOver

USUAL = "metadata.csv"
"""What such a table is mostly called."""
NAMES = ("file_name", "filename", "name", "image", "path")
CLASSES = ("label", "class", "category")
"""What the columns may be called; the first that is there counts."""
Rows = list[tuple[int, list[str]]]
"""The number of a line, and its cells."""


def find_table(root: Path) -> Path | None:
    """The table that lies in a flat folder: ``metadata.csv``, or the only one."""
    found = sorted(path for path in root.glob("[!.]*.csv") if path.is_file())
    usual = [path for path in found if path.name.lower() == USUAL] or found
    return usual[0] if len(usual) == 1 else None


def read_table(root: Path, table: Path, problems: Problems, passed_over: PassedOver) -> list[ImageRecord]:
    """The images of a flat folder that the rows of a table name; adds what is wrong to ``problems``.

    Raises InputError where it is no table, or its first line names no column of names, or of classes.
    """
    rows = _read_rows(table)
    name, label, width = 0, 1, 2
    if header := _find_header(table, rows):
        titles = rows.pop(0)[1]
        (name, label), width = header, len(titles)
        for column, title in enumerate(titles):
            if column not in header:
                passed_over.add(f"column of {table.name}", title)
    records, bad, missing, places = [], [], [], set[str]()
    for line, row in rows:
        if len(row) != width or not row[name].strip() or not row[label].strip():
            bad.append(f"line {line}: {','.join(row)}")
            continue
        place = PurePosixPath(row[name].strip()).as_posix()
        places.add(place)
        if place.startswith("/") or ".." in place.split("/") or not (root / place).is_file():
            missing.append(place)
        elif is_supported(place):
            records.append(ImageRecord(row[label].strip(), drop_suffix(place), FileRef(root, place)))
        else:
            note_obstacle(f"{root}/{place}", problems)
    _note(problems, f"rows of {table} are not {'like its first line' if header else 'name,class'}", bad)
    _note(problems, f"rows of {table} name no image under {root}", missing)
    unlisted = _list_rest(root, table, places, passed_over)
    _note(problems, f"images of {root} are not in {table}; add them or move them away", unlisted)
    return records


def read_column(table: Path, column: str) -> dict[Key, str]:
    """What another column of the table says of each image: class and name -> the cell. Raises InputError where it has none of
    that title."""
    rows = _read_rows(table)
    header = _find_header(table, rows)
    titles = [title.strip() for title in rows[0][1]] if header else []
    if header is None or column not in titles:
        raise InputError(f"{table} has no column {column}; its first line names {', '.join(titles) or 'none'}")
    name, label, wanted = *header, titles.index(column)
    return {
        (row[label].strip(), drop_suffix(PurePosixPath(row[name].strip()).as_posix())): row[wanted].strip()
        for _, row in rows[1:]
        if len(row) == len(titles)
    }


def _read_rows(table: Path) -> Rows:
    """Every line that is not empty."""
    try:
        with table.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file)
            return [(reader.line_num, row) for row in reader if row]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{table} cannot be read as a table of name,class ({error})") from error


def _find_header(table: Path, rows: Rows) -> tuple[int, int] | None:
    """Which columns are names and classes by the first line; None where that is a row already."""
    titles = [title.strip().lower() for title in rows[0][1]] if rows else []
    if not set(titles) & {*NAMES, *CLASSES} or any(map(is_image, titles)):
        return None
    found = []
    for kind, known in (("names", NAMES), ("classes", CLASSES)):
        columns = [titles.index(one) for one in known if one in titles]
        if not columns:
            raise InputError(f"{table} has no column of {kind}: call one {', '.join(known[:-1])} or {known[-1]}")
        found.append(columns[0])
    return found[0], found[1]


def _list_rest(root: Path, table: Path, places: set[str], passed_over: PassedOver) -> list[str]:
    """Images of a flat folder that its table does not name; those in folders below are passed over, for others are there."""
    unlisted = []
    for folder, subfolders, names in os.walk(root):
        below = "" if folder == str(root) else os.path.relpath(folder, root).replace(os.sep, "/") + "/"
        subfolders[:] = [name for name in sorted(subfolders) if not passed_over.ignores(name, folder)]
        for name in sorted(names):
            if below + name in places or passed_over.ignores(name, folder):
                continue
            if is_image(name) and not below:
                unlisted.append(f"{folder}/{name}")
            elif below + name != os.path.relpath(table, root):
                passed_over.add(UNLISTED if is_image(name) else NO_IMAGE, f"{folder}/{name}")
    return unlisted


def _note(problems: Problems, why: str, offenders: list[str]) -> None:
    if offenders:
        problems[why] = offenders
