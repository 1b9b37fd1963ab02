"""The form of a folder that hideseek writes: how its pictures are encoded, and whether they are files or lie in shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hideseek_cli.complaints import Complaints, refuse_all
from hideseek_cli.entry import Key
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.picture import ENCODINGS, Picture, Source, encode
from hideseek_cli.shards import Held, Writer, hold, sample, samples, shard_name

Put = Callable[[Key, Picture, bytes | None], Any]
"""Takes a picture and its ICC profile, in any thread or process; what it returns can be pickled."""
Finish = Callable[[Any], None]
"""Takes what was returned, where the folder is written, in the order of the pictures."""


@dataclass(frozen=True, kw_only=True)
class Form:
    """How pictures lie in a folder; unless told otherwise each in a PNG file, in a folder a class."""

    encoding: str = "png"
    """One of ``picture.ENCODINGS``."""
    shard: int | None = None
    """Pictures of a tar shard, of the last one at most; None where each is a file."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        if self.encoding not in ENCODINGS:
            raise InputError(f"pictures cannot be written as {self.encoding!r}: choose {' or '.join(ENCODINGS)}")
        if self.shard is not None and self.shard < 1:
            raise InputError(f"a shard of {self.shard} pictures holds none: give at least 1")

    def to_json(self) -> dict[str, Any]:
        """What is not as it is unless told otherwise."""
        return {name: value for name, value in vars(self).items() if value != vars(Form())[name]}

    def places(self, keys: Iterable[Key]) -> list[str]:
        """Where the pictures of those classes and names lie, in that order: ``CLASS/NAME.png``, or ``SHARD:CLASS/NAME.png``."""
        if self.shard is None:
            return [f"{label}/{name}.{self.encoding}" for label, name in keys]
        each = self.shard
        return [f"{shard_name(at // each)}:{sample(key)}.{self.encoding}" for at, key in enumerate(keys)]

    def files(self, keys: Iterable[Key]) -> list[str]:
        """The files in which the pictures of those classes and names lie."""
        places = self.places(keys)
        return places if self.shard is None else list(dict.fromkeys(place.partition(":")[0] for place in places))

    def sources(self, folder: Path, keys: Iterable[Key]) -> dict[Key, Source]:
        """Those of the pictures that are in the folder. Raises InputError where a shard is damaged."""
        wanted = list(keys)
        if self.shard is None:
            paths = ((key, folder / place) for key, place in zip(wanted, self.places(wanted), strict=True))
            return {key: path for key, path in paths if path.is_file()}
        complaints: Complaints = {}
        shards = [folder / name for name in self.files(wanted)]
        entries = [entry for shard in shards if shard.is_file() for entry in samples(shard, complaints)]
        refuse_all(complaints)
        found = {entry.key: entry.path for entry in entries}
        return {key: found[key] for key in wanted if key in found}

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


def _written(form: Form, stage: StagedFolder, key: Key, picture: Picture, icc: bytes | None) -> None:
    stage.write(form.places([key])[0], encode(picture, icc, form.encoding))


def _held(form: Form, stage: StagedFolder, key: Key, picture: Picture, icc: bytes | None) -> Held:
    return hold(stage, key, encode(picture, icc, form.encoding))


def _done(_: None) -> None:
    """Nothing is left to do."""
