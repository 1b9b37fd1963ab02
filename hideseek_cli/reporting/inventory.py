"""The files that a report is about: what each is for, its size, and its SHA-256 digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hideseek_cli.formats import manifest
from hideseek_cli.reporting.gathering import Material


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A file, or a folder of images."""

    name: str
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
        return [_list_folder(material.folder, "published", "for everyone")]
    return [*_list_all(material)]


def _list_all(material: Material) -> Iterator[Listed]:
    yield _list_folder(material.folder, str(material.folder), "for everyone")
    for level, place in material.levels.items():
        yield _list_folder(place, str(place), f"level {level}, for its buyer")
    for path, what in ((material.masks, "mask file, secret"), (material.sheet, "contact sheet, secret")):
        if path is not None:
            yield _list_file(path, what)
    for one in material.records:
        secret = ", secret" if one.record.command == "hide" else ""
        yield _list_file(one.path, f"record of {one.record.command}{secret}")


def _list_folder(place: Path, name: str, what: str) -> Listed:
    about = manifest.read(place)
    sizes = ((place / one).stat().st_size for one in about.files() if (place / one).is_file())
    return Listed(name=name, what=f"{len(about.images)} images, {what}", bytes=sum(sizes), sha256=_hash(place / manifest.NAME))


def _list_file(path: Path, what: str) -> Listed:
    return Listed(name=str(path), what=what, bytes=path.stat().st_size, sha256=_hash(path))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
