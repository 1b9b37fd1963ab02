"""Where the parts of a data set lie: which folders are train, val and test, and which only look like it.

A class may be called ``train``, and archives nest. Child folders that are named as parts are parts where no other folder
beside them holds images. Where others do, they are parts all the same if they hold shards, or if a train part and another
have the same folders; otherwise they are classes, as all the others. Whoever knows better says so with ``split``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hideseek_cli.errors import InputError, unknown
from hideseek_cli.images.archives import find_archives, make_shard_pattern
from hideseek_cli.images.glance import FEW, find_kind, find_only_folder, glance, note_beside
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.runtime.progress import Progress, Silent

READINGS = ("auto", "none", "parts")
"""What ``split`` may be: look; no folder is a part; folders that are named as parts are parts."""
PARTS = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
"""What each part may be called; ``set`` may follow."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a data set is read."""

    root: Path
    """What was given."""
    place: Path
    """Where parts or classes lie: the root, or a folder below it that holds everything."""
    parts: dict[str, Path]
    """train, val and test; a folder without any is all training part, and so is one tar. Of shards a pattern."""
    passed_over: PassedOver
    """What is not read; who reads a part adds to it."""

    @classmethod
    def whole(cls, root: Path, expected: Collection[str] = ()) -> Layout:
        """A folder without parts. ``expected``: what lies there besides images."""
        return cls(root=root, place=root, parts={"train": root}, passed_over=PassedOver(root, expected))

    @property
    def is_whole(self) -> bool:
        return self.parts == {"train": self.place}

    @property
    def train(self) -> Path:
        """Raises InputError where there are parts and this is not among them."""
        if "train" not in self.parts:
            known = ", ".join(sorted(self.parts))
            raise InputError(f"{self.place} has a {known} part but no train part; name the training part train")
        return self.parts["train"]

    def name_part(self, part: str) -> str:
        """A part as a path below the root, with a slash where it is a folder."""
        path = self.parts[part]
        below = path.name or "." if path == self.root else path.relative_to(self.root).as_posix()
        return f"{below}/" if path.is_dir() else below


def require_folder(root: Path) -> None:
    """Raises InputError where there is neither a folder nor a tar."""
    if not root.is_dir() and not find_archives(root):
        raise InputError(f"{root} is not a folder; give a folder that holds one folder a class, or tar shards")


def find_part(name: str) -> str | None:
    """The part that a folder of that name would be.

    >>> find_part("Training set"), find_part("test_set"), find_part("dev"), find_part("trains")
    ('train', 'test', 'val', None)
    """
    plain = re.sub(r"[\s_-]+", "", name.lower()).removesuffix("set")
    return next((part for part, names in PARTS.items() if plain in names), None)


def find_layout(root: Path, split: str = "auto", progress: Progress | None = None) -> Layout:
    """How a folder is read; says so where it could be read otherwise. ``split``: one of READINGS.

    Raises InputError where there are two parts of one kind, or none though ``split`` is ``parts``.
    """
    hears = progress or Silent()
    if split not in READINGS:
        raise unknown("`split`", split, READINGS)
    require_folder(root)
    if split == "none" or not root.is_dir():
        return Layout.whole(root)
    place = root
    while not (named := _list_named(place)) and (inner := find_only_folder(place)) is not None:
        place = inner
    if place != root:
        hears.say(f"{root} holds nothing but {place.relative_to(root).as_posix()}/: read from there")
    if not named and split == "parts":
        raise InputError(f"{place} has no folder named train, val or test; leave `split` out")
    if not named:
        _warn_of_likely_parts(place, hears)
    if not named or not _are_parts(place, named, split, hears):
        return Layout(root=root, place=place, parts={"train": place}, passed_over=PassedOver(root))
    parts: dict[str, Path] = {}
    for name, part in named.items():
        if part in parts:
            raise InputError(
                f"{place} has two {part} parts, {parts[part].name} and {name}; keep one, or read all as classes with "
                "`split='none'`"
            )
        parts[part] = place / name
    beside = PassedOver(root)
    note_beside(place, named, beside)
    for part, path in parts.items():
        while (inner := find_only_folder(path)) is not None:
            path = inner
        parts[part] = path
    return Layout(root=root, place=place, parts=parts, passed_over=beside)


def _list_named(place: Path) -> dict[str, str]:
    """Folders and patterns of shards that are named as parts, and as which. Raises InputError where one names two."""
    found = {name: part for name in glance(place, None).folders if (part := find_part(name)) is not None}
    for pattern in sorted(set(map(make_shard_pattern, find_archives(place)))):
        words = re.split("[^a-z]+", pattern.lower())
        parts = [part for part, names in PARTS.items() if set(words) & set(names)]
        if len(parts) > 1:
            raise InputError(f"{place / pattern} names the parts {' and '.join(parts)}; rename it after one of them")
        if parts:
            found[pattern] = parts[0]
    return dict(sorted(found.items()))


def _warn_of_likely_parts(place: Path, progress: Progress) -> None:
    """Say so where folders that are read as classes have names such as ``seg_train`` and ``seg_test``."""
    found: dict[str, str] = {}
    for name in glance(place, None).folders:
        words = re.split("[^a-z]+", name.lower())
        found |= {part: name for part, names in PARTS.items() if set(words) & set(names)}
    if "train" in found and len(found) > 1:
        names = " and ".join(f"{name}/" for name in found.values())
        progress.say(
            f"{names} in {place} look like parts and are read as classes; if they are parts, name them so: train, test"
        )


def _are_parts(place: Path, named: dict[str, str], split: str, progress: Progress) -> bool:
    """Whether what is named as parts is that, and not classes; says so where both could be."""
    folders = {name: part for name, part in named.items() if (place / name).is_dir()}
    if split == "parts" or len(folders) < len(named):
        return True
    kinds = {name: find_kind(place / name) for name in named}
    others = (name for name in glance(place, None).folders if name not in named)
    other = next((name for name in others if find_kind(place / name)), None)
    names = f"{' and '.join(f'{name}/' for name in named)} in {place}"
    parts, classes, them = ("a part", "a class", "it") if len(named) == 1 else ("parts", "classes", "them")
    parts_read = other is None or "shards" in kinds.values() or _are_alike(place, folders)
    if not parts_read:
        why = f"since {other}/ beside {them} holds images too; `split='parts'` reads {them} as {parts}"
        progress.say(f"{names} read as {classes}, {why}")
    elif other is not None:
        why = f"and {other}/ beside {them}, which holds images, is passed over; `split='none'` reads all as classes"
        progress.say(f"{names} read as {parts}, {why}")
    elif "images" in kinds.values():
        bare = them if len(named) == 1 else next(f"{name}/" for name, kind in kinds.items() if kind == "images")
        why = f"though {bare} holds images and no folders of classes; `split='none'` reads {them} as {classes}"
        progress.say(f"{names} read as {parts}, {why}")
    return parts_read


def _are_alike(place: Path, folders: dict[str, str]) -> bool:
    """Whether a train part and another have the same folders, most of those that are looked at."""
    train = [name for name, part in folders.items() if part == "train"]
    others = [name for name, part in folders.items() if part != "train"]
    for one in train:
        for other in others:
            inside = glance(place / other).folders[:FEW]
            if inside and 2 * sum((place / one / name).is_dir() for name in inside) > len(inside):
                return True
    return False
