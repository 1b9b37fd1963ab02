"""The form of a folder that hideseek writes: how its pictures are encoded, and whether they are files or lie in shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os.path import isfile
from pathlib import Path
from typing import Any

from hideseek_cli.complaints import Complaints, refuse_all
from hideseek_cli.entry import Key, Placed
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.picture import ENCODINGS, Notes, Picture, Source, encode
from hideseek_cli.shards import Held, Writer, hold, sample, samples, shard_name
from hideseek_cli.tar import members

Put = Callable[[Key, Picture, Notes], Any]
"""Takes a picture and what its file says besides, in any thread or process; what it returns can be pickled."""
Finish = Callable[[Any], None]
"""Takes what was returned, where the folder is written, in the order of the pictures; None for one that is there already."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How pictures lie in a folder; unless told otherwise each in a PNG file, in a folder a class."""

    encoding: str = "png"
    """One of ``picture.ENCODINGS``."""
    shard: int | None = None
    """Pictures of a tar shard, of the last one at most; None where each is a file."""
    exif: bool = False
    """Whether files say how their pictures were taken."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        if self.encoding not in ENCODINGS:
            raise InputError(f"pictures cannot be written as {self.encoding!r}: choose {' or '.join(ENCODINGS)}")
        if self.shard is not None and self.shard < 1:
            raise InputError(f"a shard of {self.shard} pictures holds none: give at least 1")

    def to_json(self) -> dict[str, Any]:
        """What is not as it is unless told otherwise."""
        return {name: value for name, value in vars(self).items() if value != vars(Form())[name]}

    def place(self, key: Key, at: int) -> str:
        """Where the picture of that class, name and number lies: ``CLASS/NAME.png``, or ``SHARD:CLASS/NAME.png``."""
        if self.shard is None:
            return f"{key[0]}/{key[1]}.{self.encoding}"
        return f"{shard_name(at // self.shard)}:{sample(key)}.{self.encoding}"

    def places(self, keys: Iterable[Key]) -> Iterator[str]:
        """Where the pictures of those classes and names lie, in that order."""
        return (self.place(key, at) for at, key in enumerate(keys))

    def files(self, keys: Iterable[Key]) -> Iterator[str]:
        """The files in which the pictures of those classes and names lie."""
        if self.shard is None:
            return self.places(keys)
        each = self.shard
        return (shard_name(at // each) for at, _ in enumerate(keys) if at % each == 0)

    def sources(self, folder: Path, keys: Iterable[Key]) -> Iterator[Source | None]:
        """The pictures in a folder, None for one that is not there. Raises InputError, in the end, where a shard is damaged."""
        if self.shard is None:
            for place in self.places(keys):
                source = Placed(folder, place)
                yield source if isfile(source) else None
            return
        complaints: Complaints = {}
        found: dict[Key, Source] = {}
        for at, key in enumerate(keys):
            if at % self.shard == 0:
                shard = folder / shard_name(at // self.shard)
                found = {entry.key: entry.path for entry in samples(shard, complaints)} if shard.is_file() else {}
            yield found.get(key)
        refuse_all(complaints)

    def settle(self, folder: Path) -> None:
        """Of a folder that was being filled, remove what may not be whole: its last shard, of which not all need be on the
        disk, and a damaged one with all behind it. Raises OSError.
        """
        shards = sorted(folder.glob("*.tar") if self.shard else (), key=lambda shard: int(shard.stem))
        damaged: Complaints = {}
        for number, shard in enumerate(shards, 1):
            if number == len(shards) or damaged or not members(shard, damaged):
                shard.unlink()

    @contextmanager
    def writer(self, stage: StagedFolder) -> Iterator[tuple[Put, Finish]]:
        """Writes pictures into a folder. Raises DiskError where the disk is full."""
        if self.shard is None:
            yield partial(_written, self, stage), _done
            return
        with Writer(stage, self.shard, f".{self.encoding}") as shards:
            yield partial(_held, self, stage), shards.add


PNG_FILES = Form()
"""The form of folders that were written before there was a choice."""


def _written(form: Form, stage: StagedFolder, key: Key, picture: Picture, notes: Notes) -> None:
    stage.write(form.place(key, 0), encode(picture, notes, form.encoding))


def _held(form: Form, stage: StagedFolder, key: Key, picture: Picture, notes: Notes) -> Held:
    return hold(stage, key, encode(picture, notes, form.encoding))


def _done(_: None) -> None:
    """Nothing is left to do."""
