"""What lies beside a file or folder and belongs to the same release. Only headers are read, a few entries of one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container, manifest, sheet_file
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.checks import check_sha256
from hideseek_cli.formats.levels import PUBLISHED, check_level
from hideseek_cli.formats.manifest_format1 import is_format1, read_format1
from hideseek_cli.formats.manifest_rows import open_manifest, read_header
from hideseek_cli.inspection.result import Neighbour

LOOKED = 1000
"""Entries of a folder that are looked at: disks may be far away and full."""
PUBLISHED_FOLDER, CLEANED_FOLDER, IMAGE_FOLDER = "published folder", "cleaned folder", "image folder"
MASK_FILE, CLEANER, GENERATOR, NETWORK_FILE, SHEET = "mask file", "cleaner", "generator", "network file", "contact sheet"
FILES = {
    "masks": MASK_FILE, "cleaner": CLEANER, "generator": GENERATOR, "network": NETWORK_FILE, sheet_file.KIND: SHEET,
}  # fmt: skip
"""What a file calls itself, and what it is called."""


def read_label(path: Path) -> tuple[str | None, dict[str, Any]]:
    """What kind of file that is, by what it says of itself, and all that it says; nothing where it is none of ours."""
    label = container.read_label(path) or sheet_file.peek(path)
    kind = label.get("kind")
    return (FILES.get(kind) if isinstance(kind, str) else None), label


def read_manifest_header(folder: Path) -> dict[str, Any]:
    """All that a manifest says but of single images. Raises InputError."""
    with open_manifest(folder / manifest.NAME) as file:
        header = read_header(file)
        if is_format1(header):
            header, _ = read_format1(file)
        if not isinstance(header, dict):
            raise InputError("its first line is no header")
        return header


def find_fitting(path: Path, release: str | None, stem: str | None = None) -> tuple[Neighbour, ...]:
    """What lies in the same folder and names the same release or secret stem, in order of its path."""
    place = path.resolve() if path.name in ("", "..") else path
    found: list[Neighbour] = []
    with suppress(OSError), os.scandir(place.parent) as entries:
        for entry in islice(entries, LOOKED):
            if entry.name != place.name:
                found += _read(place.parent / entry.name)
    fitting = [one for one in found if _are_same(one.release, release) or _are_same(one.stem, stem)]
    return tuple(sorted(fitting, key=lambda one: one.path))


def _are_same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _read(path: Path) -> Iterator[Neighbour]:
    """One where it is one of ours, and undamaged as far as one can see at a glance."""
    with suppress(InputError, OSError):
        if path.is_dir():
            if manifest.exists(path):
                yield _read_folder(path)
        elif path.is_file():
            kind, label = read_label(path)
            if kind == NETWORK_FILE:
                yield Neighbour(path=path, kind=kind, release=None, stem=AuthorizedNetwork.load(path).identity)
            elif kind is not None:
                level = check_level(label.get("level")) if kind == CLEANER else None
                yield Neighbour(path=path, kind=kind, release=check_sha256(label.get("release")), level=level)


def _read_folder(folder: Path) -> Neighbour:
    header = read_manifest_header(folder)
    level, allowed = check_level(header.get("level"), PUBLISHED), header.get("authorized")
    kind = PUBLISHED_FOLDER if level == PUBLISHED else CLEANED_FOLDER
    return Neighbour(
        path=folder, kind=kind, release=check_sha256(header.get("release")), level=None if level == PUBLISHED else level,
        stem=check_sha256(allowed.get("stem")) if isinstance(allowed, dict) else None,
    )  # fmt: skip
