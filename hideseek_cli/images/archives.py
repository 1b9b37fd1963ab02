"""Which files of a place are shards: tars, or Parquet files where nothing else holds images."""

from __future__ import annotations

import re
from pathlib import Path

from hideseek_cli.images.file_kinds import is_image
from hideseek_cli.runtime.clutter import is_clutter

TAR = re.compile(r"\.(tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst|lz4|z))$", re.IGNORECASE)


def find_archives(place: Path) -> list[Path]:
    """The shards of a place: one itself, those of a folder, or those of one ``make_shard_pattern``.

    Compressed tars, which nobody can read, count where nothing else holds images; beside folders they are downloads. Beside
    folders, images or tars a Parquet file is a table.
    """
    if place.is_file():
        return [place] if _is_archive(place) else []
    if not place.is_dir():
        beside = find_archives(place.parent) if place.parent.is_dir() else []
        return [path for path in beside if make_shard_pattern(path) == place.name]
    found = sorted(path for path in place.glob("[!.]*") if _is_archive(path) and path.is_file())
    tars = [path for path in found if not is_parquet(path)]
    if not found or any(map(is_plain, tars)):
        return tars
    if list_folders(place) or (not tars and any(is_image(path.name) for path in place.iterdir())):
        return []
    return tars or found


def _is_archive(path: Path) -> bool:
    return TAR.search(path.name) is not None or is_parquet(path)


def is_parquet(path: Path) -> bool:
    """Whether that is a Parquet file, by its name."""
    return path.suffix.lower() == ".parquet"


def is_plain(path: Path) -> bool:
    """Whether images of a shard can be read by themselves, by its name: it is no compressed tar."""
    return path.suffix.lower() == ".tar" or is_parquet(path)


def list_folders(place: Path) -> list[str]:
    """The folders of a folder that may hold images."""
    return [str(path) for path in sorted(place.glob("[!.]*/")) if not is_clutter(path.name)] if place.is_dir() else []


def make_shard_pattern(archive: Path) -> str:
    """The archive's name with a star for its numbers, which is that of its fellows: ``train-*.tar``."""
    return re.sub(r"\d+", "*", archive.name)
