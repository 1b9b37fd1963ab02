"""What there is to report of a release: its manifest, the records that belong to it, and where the mask file lies.

Records lie beside the published folder and beside the folders of its levels. What is of another release is passed over with
a sentence, or refused where it was given.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container, manifest, sheet_file
from hideseek_cli.formats.levels import PUBLISHED, is_level
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.formats.record import RESULTS, Record, path_beside
from hideseek_cli.images.layout import require_folder


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A record and where it lies."""

    path: Path
    record: Record

    @property
    def subject(self) -> str:
        """What it is about: ``published``, a level, or ``clean``; a release as a whole is its published folder."""
        return self.record.level or PUBLISHED


@dataclass(frozen=True, kw_only=True)
class Material:
    """All that a report is made of."""

    folder: Path
    manifest: Manifest
    records: tuple[Kept, ...]
    """One of each command and folder, the newest."""
    masks: Path | None
    sheet: Path | None
    levels: dict[str, Path]
    """Folders of levels that lie beside the published one."""
    cleaners: dict[str, Path]
    """Cleaners of the release beside it."""
    remarks: tuple[str, ...]
    """What was passed over, and why."""


def gather(folder: Path, given: Sequence[Path], masks: Path | None) -> Material:
    """``given``: records that lie elsewhere; ``masks``: the mask file, which the record of `hide` and the sheet lie beside.

    Raises InputError where the folder is no published one, or what is given belongs to another release.
    """
    require_folder(folder)
    about = manifest.read(folder)
    if about.level != PUBLISHED:
        raise InputError(f"{folder} is the folder of level {about.level}; give the published folder of its release")
    remarks: list[str] = []
    named = [*given] if masks is None else [*given, *_existing(path_beside(masks, "hide"))]
    found = [_read_given(path, about.release) for path in named]
    for command in RESULTS:
        for path in sorted(folder.resolve().parent.glob(f"*.{command}.json")):
            kept = _read_found(path, about.release, remarks)
            found += [] if kept is None else [kept]
    newest = {(one.record.command, one.subject): one for one in sorted(found, key=lambda one: one.record.date)}
    masks = masks or _find_masks(newest.get(("hide", PUBLISHED)))
    return Material(
        folder=folder, manifest=about, records=tuple(newest.values()), masks=masks,
        sheet=_find_sheet(masks, about.release, remarks), levels=_find_levels(folder, about.release),
        cleaners=_find_cleaners(folder, about.release),
        remarks=tuple(remarks),
    )  # fmt: skip


def _existing(path: Path) -> list[Path]:
    return [path] if path.is_file() else []


def _read_given(path: Path, release: str) -> Kept:
    record = Record.read(path)
    if record.release != release:
        raise InputError(f"{path} is the record of another release; give one of the release that is reported")
    return Kept(path=path, record=record)


def _read_found(path: Path, release: str, remarks: list[str]) -> Kept | None:
    try:
        return _read_given(path, release)
    except InputError as error:
        remarks.append(f"passed over: {error}")
        return None


def _find_masks(hidden: Kept | None) -> Path | None:
    """The mask file beside which the record of `hide` lies."""
    if hidden is None:
        return None
    name = Path(str(hidden.record.result.get("masks", "")) if isinstance(hidden.record.result, dict) else "").name
    path = hidden.path.with_name(name) if name else hidden.path
    return path if name and path.is_file() else None


def _find_sheet(masks: Path | None, release: str, remarks: list[str]) -> Path | None:
    if masks is None:
        return None
    path = masks.with_name(f"{masks.stem}.sheet.png")
    said = sheet_file.peek(path) if path.is_file() else {}
    if said.get("kind") != sheet_file.KIND:
        return None
    if said.get("release") != release:
        remarks.append(f"passed over: {path} is the sheet of another release")
        return None
    return path


def _find_levels(folder: Path, release: str) -> dict[str, Path]:
    """Folders beside the published one that say they are levels of it."""
    found: dict[str, Path] = {}
    for place in sorted(folder.resolve().parent.iterdir()):
        if place.is_dir() and place != folder.resolve() and manifest.exists(place):
            try:
                about = manifest.read(place)
            except InputError:
                continue  # a stranger's folder, of which nothing is told
            if about.release == release and about.level != PUBLISHED:
                found.setdefault(about.level, folder.parent / place.name)
    return found


def _find_cleaners(folder: Path, release: str) -> dict[str, Path]:
    """Files beside the published folder that say they are cleaners of it."""
    found: dict[str, Path] = {}
    for path in sorted(folder.resolve().parent.glob("cleaner_*.safetensors")):
        said = container.read_label(path)
        level = said.get("level")
        if (said.get("kind"), said.get("release")) == ("cleaner", release) and isinstance(level, str) and is_level(level):
            found.setdefault(level, folder.parent / path.name)
    return found
