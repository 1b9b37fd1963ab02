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
from hideseek_cli.images.codec import Source
from hideseek_cli.images.encoding import ENCODINGS
from hideseek_cli.images.index import FileRef, Key
from hideseek_cli.images.label_table import CLASSES, NAMES, USUAL
from hideseek_cli.images.shards import CONTAINERS, Container, Held, ShardWriter, hold, settle_shards
from hideseek_cli.images.stored import JPEG, Stored, find_suffix
from hideseek_cli.runtime.atomic import StagedFolder

Put = Callable[[Key, Stored], Any]
"""Takes an image, in any thread or process; what it returns can be pickled."""
Row = tuple[Key, str]
"""An image's class and name, and its digest, which tells a JPEG from others."""
AUTO = "auto"
"""How images are written unless an owner says otherwise: a JPEG as one, others as PNG."""
Finish = Callable[[Any], None]
"""Takes what was returned, where the folder is written, in the order of the images; None for one that is there already."""


@dataclass(frozen=True, kw_only=True)
class OutputFormat:
    """How images lie in a folder; unless told otherwise each in a PNG file, in a folder a class."""

    encoding: str = "png"
    """Of images that are no JPEGs: one of ``images.encoding.ENCODINGS``."""
    shard: int | None = None
    """Images of a shard, of the last one at most; None where each is a file."""
    container: str = "tar"
    """What shards are: one of ``images.shards.CONTAINERS``."""
    table: bool = False
    """Whether ``metadata.csv`` beside files names each with its class."""
    exif: bool = False
    """Whether files say how their images were taken."""
    keeps_jpeg: bool = False
    """Whether an owner's JPEG is published as one; what is published says so itself."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        if self.encoding not in ENCODINGS:
            raise InputError(f"images cannot be written as {self.encoding!r}: choose {' or '.join(ENCODINGS)}")
        if self.shard is not None and self.shard < 1:
            raise InputError(f"a shard of {self.shard} images holds none: give at least 1")
        if self.container not in CONTAINERS:
            raise InputError(f"shards cannot be {self.container!r:.80}: choose {' or '.join(CONTAINERS)}")

    @classmethod
    def choose(cls, image_format: str, *, shard: int | None = None, exif: bool = False) -> OutputFormat:
        """As an owner asks for it: AUTO, or a key of ``ENCODINGS`` for all images. Raises InputError."""
        auto = image_format == AUTO
        if not auto and image_format not in ENCODINGS:
            raise InputError(f"images cannot be written as {image_format!r:.80}: choose {AUTO}, {' or '.join(ENCODINGS)}")
        return cls(encoding="png" if auto else image_format, shard=shard, exif=exif, keeps_jpeg=auto)

    @property
    def chosen(self) -> str:
        """What ``choose`` was given."""
        return AUTO if self.keeps_jpeg else self.encoding

    @property
    def kind(self) -> Container:
        """Of shards."""
        return CONTAINERS[self.container]

    def to_json(self) -> dict[str, Any]:
        """What is not as it is unless told otherwise."""
        usual = vars(OutputFormat(keeps_jpeg=self.keeps_jpeg))
        return {name: value for name, value in vars(self).items() if value != usual[name]}

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Those that files of images may get, without the dot."""
        return (self.encoding, JPEG) if self.keeps_jpeg else (self.encoding,)

    def suffix(self, row: Row) -> str:
        """Of an image's file, without the dot."""
        return find_suffix(row[1], self.encoding)

    def place(self, row: Row, at: int) -> str:
        """Where the image of that number lies: ``CLASS/NAME.png``, or ``SHARD:CLASS/NAME.png``."""
        key, suffix = row[0], self.suffix(row)
        if self.shard is None:
            return f"{key[0]}/{key[1]}.{suffix}"
        return f"{self.kind.name(at // self.shard)}:{self.kind.member(key)}.{suffix}"

    def places(self, rows: Iterable[Row]) -> Iterator[str]:
        """Where those images lie, in that order."""
        return (self.place(row, at) for at, row in enumerate(rows))

    def files(self, rows: Iterable[Row]) -> Iterator[str]:
        """The files in which those images lie, and the table that names them."""
        if self.table:
            yield USUAL
        if self.shard is None:
            yield from self.places(rows)
            return
        yield from (self.kind.name(at // self.shard) for at, _ in enumerate(rows) if at % self.shard == 0)

    def sources(self, folder: Path, rows: Iterable[Row]) -> Iterator[Source | None]:
        """The images in a folder, None for one that is not there. Raises InputError, in the end, where a shard is damaged."""
        if self.shard is None:
            for place in self.places(rows):
                source = FileRef(folder, place)
                yield source if isfile(source) else None
            return
        problems: Problems = {}
        found: dict[Key, Source] = {}
        for at, (key, _) in enumerate(rows):
            if at % self.shard == 0:
                shard = folder / self.kind.name(at // self.shard)
                found = {record.key: record.path for record in self.kind.read(shard, problems)} if shard.is_file() else {}
            yield found.get(key)
        raise_for_all(problems)

    def find(self, folder: Path, row: Row, number: int) -> Source | None:
        """The image of that number in a folder, None where it is not there."""
        if self.shard is None:
            return next(self.sources(folder, [row]))
        records = self.kind.read(folder / self.kind.name(number // self.shard), {})
        return next((record.path for record in records if record.key == row[0]), None)

    def settle(self, folder: Path) -> None:
        """Of a folder that was being filled, remove what may not be whole. Raises OSError, DiskError."""
        if self.table:
            (folder / USUAL).unlink(missing_ok=True)
        if self.shard is not None:
            settle_shards(folder, self.kind)

    def write_table(self, stage: StagedFolder, images: Iterable[Row]) -> None:
        """Write the table that names those images, if there is to be one. Raises DiskError."""
        if not self.table:
            return
        with stage.report_errors(USUAL), stage.open_file(USUAL) as file:
            text = io.TextIOWrapper(file, "utf-8", newline="")
            rows = csv.writer(text)
            rows.writerow((NAMES[0], CLASSES[0]))
            rows.writerows((self.place(row, 0), row[0][0]) for row in images)
            text.detach()

    @contextmanager
    def open_writer(self, stage: StagedFolder, classes: Sequence[str]) -> Iterator[tuple[Put, Finish]]:
        """Writes images of those classes into a folder. Raises DiskError where the disk is full."""
        if self.shard is None:
            yield partial(_write_file, self, stage), _finish_nothing
            return
        with ShardWriter(stage, self.shard, self.kind, classes) as shards:
            yield partial(_hold_sample, self, stage), shards.add


PNG_FILES = OutputFormat()
"""How folders lie unless told otherwise."""


def _write_file(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Stored) -> None:
    stage.write(output_format.place((key, image.digest), 0), image.encode(output_format.encoding))


def _hold_sample(output_format: OutputFormat, stage: StagedFolder, key: Key, image: Stored) -> Held:
    return hold(stage, key, output_format.suffix((key, image.digest)), image.encode(output_format.encoding))


def _finish_nothing(_: None) -> None:
    """Nothing is left to do."""
