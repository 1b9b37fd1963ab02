"""How a folder lies that hideseek writes: how its images are encoded, whether they are files or in shards, and of what kind."""

from __future__ import annotations

import csv
import io
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
from hideseek_cli.images.label_table import CLASSES, NAMES, USUAL
from hideseek_cli.images.shards import CONTAINERS, Container, Held, ShardWriter, hold, settle_shards
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
    """Images of a shard, of the last one at most; None where each is a file."""
    container: str = "tar"
    """What shards are: one of ``images.shards.CONTAINERS``."""
    table: bool = False
    """Whether ``metadata.csv`` beside files names each with its class."""
    exif: bool = False
    """Whether files say how their images were taken."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        if self.encoding not in ENCODINGS:
            raise InputError(f"images cannot be written as {self.encoding!r}: choose {' or '.join(ENCODINGS)}")
        if self.shard is not None and self.shard < 1:
            raise InputError(f"a shard of {self.shard} images holds none: give at least 1")
        if self.container not in CONTAINERS:
            raise InputError(f"shards cannot be {self.container!r:.80}: choose {' or '.join(CONTAINERS)}")

    @property
    def kind(self) -> Container:
        """Of shards."""
        return CONTAINERS[self.container]

    def to_json(self) -> dict[str, Any]:
        """What is not as it is unless told otherwise."""
        return {name: value for name, value in vars(self).items() if value != vars(OutputFormat())[name]}

    def place(self, key: Key, at: int) -> str:
        """Where the image of that class, name and number lies: ``CLASS/NAME.png``, or ``SHARD:CLASS/NAME.png``."""
        if self.shard is None:
            return f"{key[0]}/{key[1]}.{self.encoding}"
        return f"{self.kind.name(at // self.shard)}:{self.kind.member(key)}.{self.encoding}"

    def places(self, keys: Iterable[Key]) -> Iterator[str]:
        """Where the images of those classes and names lie, in that order."""
        return (self.place(key, at) for at, key in enumerate(keys))

    def files(self, keys: Iterable[Key]) -> Iterator[str]:
        """The files in which the images of those classes and names lie, and the table that names them."""
        if self.table:
            yield USUAL
        if self.shard is None:
            yield from self.places(keys)
            return
        yield from (self.kind.name(at // self.shard) for at, _ in enumerate(keys) if at % self.shard == 0)

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
                shard = folder / self.kind.name(at // self.shard)
                found = {record.key: record.path for record in self.kind.read(shard, problems)} if shard.is_file() else {}
            yield found.get(key)
        raise_for_all(problems)

    def find(self, folder: Path, key: Key, number: int) -> Source | None:
        """The image of that class, name and number in a folder, None where it is not there."""
        if self.shard is None:
            return next(self.sources(folder, [key]))
        records = self.kind.read(folder / self.kind.name(number // self.shard), {})
        return next((record.path for record in records if record.key == key), None)

    def settle(self, folder: Path) -> None:
        """Of a folder that was being filled, remove what may not be whole. Raises OSError, DiskError."""
        if self.table:
            (folder / USUAL).unlink(missing_ok=True)
        if self.shard is not None:
            settle_shards(folder, self.kind)

    def write_table(self, stage: StagedFolder, keys: Iterable[Key]) -> None:
        """Write the table of those classes and names, if there is to be one. Raises DiskError."""
        if not self.table:
            return
        with stage.report_errors(USUAL), stage.open_file(USUAL) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            rows = csv.writer(text)
            rows.writerow((NAMES[0], CLASSES[0]))
            rows.writerows((self.place(key, 0), key[0]) for key in keys)
            text.detach()

    @contextmanager
    def open_writer(self, stage: StagedFolder, classes: Sequence[str]) -> Iterator[tuple[Put, Finish]]:
        """Writes images of those classes into a folder. Raises DiskError where the disk is full."""
        if self.shard is None:
            yield partial(_write_file, self, stage), _finish_nothing
            return
        with ShardWriter(stage, self.shard, self.kind, f".{self.encoding}", classes) as shards:
            yield partial(_hold_sample, self, stage), shards.add


PNG_FILES = OutputFormat()
"""How folders lie unless told otherwise."""


def _write_file(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Pixels, notes: Notes) -> None:
    stage.write(output_format.place(key, 0), encode(image, notes, output_format.encoding))


def _hold_sample(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Pixels, notes: Notes) -> Held:
    return hold(stage, key, encode(image, notes, output_format.encoding))


def _finish_nothing(_: None) -> None:
    """Nothing is left to do."""
