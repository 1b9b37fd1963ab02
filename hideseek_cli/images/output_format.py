"""How a folder lies that hideseek writes: how its images are encoded, and whether they are files or in shards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from os.path import isfile
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError, Problems, raise_for_all
from hideseek_cli.images.codec import Notes, Pixels, Source
from hideseek_cli.images.encoding import ENCODINGS, encode
from hideseek_cli.images.index import FileRef, Key
from hideseek_cli.images.tar_index import list_members
from hideseek_cli.images.webdataset import Held, ShardWriter, hold, make_sample_key, name_shard, read_samples
from hideseek_cli.runtime.atomic import StagedFolder

Put = Callable[[Key, Pixels, Notes], Any]
"""Takes an image and what its file says besides, in any thread or process; what it returns can be pickled."""
Finish = Callable[[Any], None]
"""Takes what was returned, where the folder is written, in the order of the images; None for one that is there already."""


@dataclass(frozen=True, kw_only=True)
class OutputFormat:
    """How images lie in a folder; unless told otherwise each in a PNG file, in a folder a class."""

    encoding: str = "png"
    """One of ``images.codec.ENCODINGS``."""
    shard: int | None = None
    """Images of a tar shard, of the last one at most; None where each is a file."""
    exif: bool = False
    """Whether files say how their images were taken."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        if self.encoding not in ENCODINGS:
            raise InputError(f"images cannot be written as {self.encoding!r}: choose {' or '.join(ENCODINGS)}")
        if self.shard is not None and self.shard < 1:
            raise InputError(f"a shard of {self.shard} images holds none: give at least 1")

    def to_json(self) -> dict[str, Any]:
        """What is not as it is unless told otherwise."""
        return {name: value for name, value in vars(self).items() if value != vars(OutputFormat())[name]}

    def place(self, key: Key, at: int) -> str:
        """Where the image of that class, name and number lies: ``CLASS/NAME.png``, or ``SHARD:CLASS/NAME.png``."""
        if self.shard is None:
            return f"{key[0]}/{key[1]}.{self.encoding}"
        return f"{name_shard(at // self.shard)}:{make_sample_key(key)}.{self.encoding}"

    def places(self, keys: Iterable[Key]) -> Iterator[str]:
        """Where the images of those classes and names lie, in that order."""
        return (self.place(key, at) for at, key in enumerate(keys))

    def files(self, keys: Iterable[Key]) -> Iterator[str]:
        """The files in which the images of those classes and names lie."""
        if self.shard is None:
            return self.places(keys)
        each = self.shard
        return (name_shard(at // each) for at, _ in enumerate(keys) if at % each == 0)

    def sources(self, folder: Path, keys: Iterable[Key]) -> Iterator[Source | None]:
        """The images in a folder, None for one that is not there. Raises InputError, in the end, where a shard is damaged."""
        if self.shard is None:
            for place in self.places(keys):
                source = FileRef(folder, place)
                yield source if isfile(source) else None
            return
        problems: Problems = {}
        found: dict[Key, Source] = {}
        for at, key in enumerate(keys):
            if at % self.shard == 0:
                shard = folder / name_shard(at // self.shard)
                found = {record.key: record.path for record in read_samples(shard, problems)} if shard.is_file() else {}
            yield found.get(key)
        raise_for_all(problems)

    def find(self, folder: Path, key: Key, number: int) -> Source | None:
        """The image of that class, name and number in a folder, None where it is not there."""
        if self.shard is None:
            return next(self.sources(folder, [key]))
        records = read_samples(folder / name_shard(number // self.shard), {})
        return next((record.path for record in records if record.key == key), None)

    def settle(self, folder: Path) -> None:
        """Of a folder that was being filled, remove what may not be whole: its last shard, of which not all need be on the
        disk, and a damaged one with all behind it. Raises OSError.
        """
        shards = sorted(folder.glob("*.tar") if self.shard else (), key=lambda shard: int(shard.stem))
        damaged: Problems = {}
        for number, shard in enumerate(shards, 1):
            if number == len(shards) or damaged or not list_members(shard, damaged):
                shard.unlink()

    @contextmanager
    def open_writer(self, stage: StagedFolder, classes: Sequence[str]) -> Iterator[tuple[Put, Finish]]:
        """Writes images of those classes into a folder. Raises DiskError where the disk is full."""
        if self.shard is None:
            yield partial(_write_file, self, stage), _finish_nothing
            return
        with ShardWriter(stage, self.shard, f".{self.encoding}", classes) as shards:
            yield partial(_hold_sample, self, stage), shards.add


PNG_FILES = OutputFormat()
"""How folders lie unless told otherwise."""


def _write_file(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Pixels, notes: Notes) -> None:
    stage.write(output_format.place(key, 0), encode(image, notes, output_format.encoding))


def _hold_sample(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Pixels, notes: Notes) -> Held:
    return hold(stage, key, encode(image, notes, output_format.encoding))


def _finish_nothing(_: None) -> None:
    """Nothing is left to do."""
