"""Folders are looked at and not walked: a few of their entries, up to the first image. Disks may be far away and full."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from hideseek_cli.images.archives import is_plain, make_shard_pattern
from hideseek_cli.images.file_kinds import is_image, why_ignored
from hideseek_cli.images.passed_over import BESIDE, NO_IMAGE, PassedOver

LOOKED, FEW, DEEP = 1000, 5, 3
"""Entries of a folder that are looked at, folders among them that are looked into, and how many times over."""


@dataclass
class Glance:
    """What is seen of a folder at first sight."""

    folders: list[str] = field(default_factory=list)
    """In order of their names."""
    images: bool = False
    shards: bool = False


def glance(place: Path, most: int | None = LOOKED) -> Glance:
    """Look at so many entries of a folder up to the first image, or at all. One that may not be read holds nothing."""
    seen = Glance()
    try:
        with os.scandir(place) as entries:
            for entry in islice(entries, most):
                if why_ignored(entry.name):
                    continue
                if is_image(entry.name) and (seen.images or entry.is_file()):
                    seen.images = True
                    if most is not None:
                        break
                elif is_plain(Path(entry.name)) and entry.is_file():
                    seen.shards = True
                elif entry.is_dir():
                    seen.folders.append(entry.name)
    except (PermissionError, NotADirectoryError, FileNotFoundError):
        return seen
    seen.folders.sort()
    return seen


def find_kind(place: Path, deep: int = DEEP) -> str | None:
    """What a folder holds: ``images``, ``shards``, ``folders`` of either, or nothing of that."""
    seen = glance(place)
    if seen.images or seen.shards:
        return "images" if seen.images else "shards"
    return "folders" if deep and any(find_kind(place / name, deep - 1) for name in seen.folders[:FEW]) else None


def find_only_folder(place: Path) -> Path | None:
    """The one folder of a folder that holds no image itself, where that holds folders of images or shards."""
    seen = glance(place)
    if seen.images or seen.shards or len(seen.folders) != 1:
        return None
    inner = place / seen.folders[0]
    return inner if find_kind(inner) in ("folders", "shards") else None


def note_beside(place: Path, read: Collection[str], passed_over: PassedOver) -> None:
    """Note what lies in a folder besides what is read: folders, and patterns of shards."""
    if not place.is_dir():
        return
    with os.scandir(place) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name in read or make_shard_pattern(Path(entry.name)) in read or passed_over.ignores(entry.name, place):
                continue
            data = is_image(entry.name) or is_plain(Path(entry.name)) or entry.is_dir()
            passed_over.add(BESIDE if data else NO_IMAGE, f"{place}/{entry.name}")
