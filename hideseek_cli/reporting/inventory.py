"""The files that a report is about: what each is for, its size, and its SHA-256 digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hideseek_cli.errors import count
from hideseek_cli.formats import manifest
from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.reporting.findings import show_tier
from hideseek_cli.reporting.gathering import Material

EVERYONE, ALONE = "everyone", "you alone"
GIVEN_OUT = ("verify", "metrics")
"""Commands whose records whoever has the folder may have; of a level they say which classes it cleans."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A file, or a folder of images."""

    name: str
    whom: str
    """Who may have it: ``everyone``, ``buyer of level 50``, ``you alone``."""
    what: str
    bytes: int
    sha256: str
    """Of the file; of a folder, that of its manifest, which holds those of all images."""

    @property
    def size(self) -> str:
        """In the unit that fits."""
        for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if self.bytes >= factor:
                return f"{self.bytes / factor:.1f} {unit}"
        return f"{self.bytes} bytes"


def list_files(material: Material, *, public: bool) -> list[Listed]:
    """``public``: the published folder alone, under the name by which everyone calls it. Raises OSError."""
    if public:
        return [_list_folder(material.folder, "published", EVERYONE)]
    return [*_list_all(material)]


def _list_all(material: Material) -> Iterator[Listed]:
    yield _list_folder(material.folder, str(material.folder), EVERYONE)
    for level, place in material.levels.items():
        yield _list_folder(place, str(place), _buyer(level))
    for level, path in material.cleaners.items():
        yield _list_file(path, _buyer(level), f"cleaner of {show_tier(level)}")
    for secret, what in ((material.masks, "mask file"), (material.sheet, "contact sheet")):
        if secret is not None:
            yield _list_file(secret, ALONE, what)
    for one in material.records:
        whom = EVERYONE if one.subject == PUBLISHED else _buyer(one.subject)
        given = f"{whom}; names paths of this machine" if one.record.command in GIVEN_OUT else ALONE
        yield _list_file(one.path, given, f"record of {one.record.command}")


def _buyer(level: str) -> str:
    return f"buyer of {'the originals' if level == CLEAN else show_tier(level)}"


def _list_folder(place: Path, name: str, whom: str) -> Listed:
    about = manifest.read(place)
    sizes = ((place / one).stat().st_size for one in about.files() if (place / one).is_file())
    held = count(len(about.images), "image")
    return Listed(name=name, whom=whom, what=held, bytes=sum(sizes), sha256=_hash(place / manifest.NAME))


def _list_file(path: Path, whom: str, what: str) -> Listed:
    return Listed(name=str(path), whom=whom, what=what, bytes=path.stat().st_size, sha256=_hash(path))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
