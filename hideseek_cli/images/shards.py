"""Shards: files of many images with their classes, in and out, of each kind that there is."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from itertools import count, takewhile
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from hideseek_cli.errors import Problems
from hideseek_cli.images import parquet, webdataset
from hideseek_cli.images.archives import find_archives, is_parquet, is_plain, list_folders
from hideseek_cli.images.index import Content, ImageRecord, Key
from hideseek_cli.runtime.atomic import StagedFolder

AT_HAND = 2**20
"""Bytes of an image that waits in memory for its turn; larger ones wait on the disk."""
PACKED = "shards are compressed, so that no image can be read by itself; unpack them to .tar first"
BESIDE = "folders lie beside shards; keep one or the other there"

Add = Callable[[Key, str, int, Content], None]
"""Takes class and name, suffix, length and content of an image."""


@dataclass(frozen=True, kw_only=True)
class Container:
    """One kind of shard."""

    name: Callable[[int], str]
    """What the shard of that number is called."""
    member: Callable[[Key], str]
    """What an image is called in it, without suffix."""
    read: Callable[[Path, Problems], list[ImageRecord]]
    """The images of a shard; adds what is wrong to the problems."""
    is_whole: Callable[[Path], bool]
    open: Callable[[BinaryIO, Sequence[str]], AbstractContextManager[Add]]
    """Fills a new file with images of those classes."""


CONTAINERS = {
    "tar": Container(
        name=webdataset.name_tar, member=webdataset.make_sample_key, read=webdataset.read_samples,
        is_whole=webdataset.is_whole, open=webdataset.open_tar,
    ),
    "parquet": Container(
        name=parquet.name_file, member="/".join, read=parquet.read_rows, is_whole=parquet.is_whole, open=parquet.open_writer
    ),
}  # fmt: skip


def read_shards(place: Path, problems: Problems) -> Iterator[ImageRecord]:
    """The images of a place's shards, of one at a time; adds what is wrong to ``problems``."""
    beside = list_folders(place)
    if beside:
        problems[BESIDE] = beside
    told: webdataset.Told = {}
    for archive in find_archives(place):
        if is_parquet(archive):
            yield from parquet.read_rows(archive, problems)
        elif is_plain(archive):
            yield from webdataset.read_samples(archive, problems, told)
        else:
            problems.setdefault(PACKED, []).append(str(archive))


def settle_shards(folder: Path, container: Container) -> None:
    """Of shards that were being filled, remove what may not be whole: the last one, of which not all need be on the disk,
    and a damaged one with all behind it. Raises OSError, DiskError.
    """
    found = list(takewhile(Path.is_file, (folder / container.name(number) for number in count())))
    whole = list(takewhile(container.is_whole, found[:-1]))
    for shard in found[len(whole) :]:
        shard.unlink()


@dataclass(frozen=True)
class Held:
    """An image's file that waits for its turn, in memory or aside on the disk."""

    key: Key
    suffix: str
    """With a dot."""
    length: int
    content: bytes | Path


def hold(stage: StagedFolder, key: Key, suffix: str, content: bytes) -> Held:
    """Keep an image until ``ShardWriter.add`` gets it. Safe to call from many threads and processes."""
    if len(content) <= AT_HAND:
        return Held(key, f".{suffix}", len(content), content)
    aside = stage.reserve_path()
    with stage.report_errors("/".join(key)):
        aside.write_bytes(content)
    return Held(key, f".{suffix}", len(content), aside)


class ShardWriter:
    """Shards of ``each`` images, in the order in which they are added; classes are numbered in the order given."""

    def __init__(self, stage: StagedFolder, each: int, container: Container, classes: Sequence[str]) -> None:
        self.stage, self.each, self.container, self.classes = stage, each, container, classes
        self.count = 0
        self.shard = ExitStack()

    @property
    def name(self) -> str:
        """Of the shard that is being filled."""
        return self.container.name(max(0, self.count - 1) // self.each)

    def add(self, held: Held | None) -> None:
        """Write an image and its class; None: it lies in a shard that is there already."""
        self.count += 1
        if held is None:
            return
        with self.stage.report_errors(self.name), ExitStack() as taken:
            if self.count % self.each == 1 % self.each:
                self.shard.close()
                file = self.shard.enter_context(self.stage.open_file(self.name))
                self.put = self.shard.enter_context(self.container.open(file, self.classes))
            image: Content
            if isinstance(held.content, Path):
                taken.callback(held.content.unlink)
                image = taken.enter_context(held.content.open("rb"))
            else:
                image = io.BytesIO(held.content)
            self.put(held.key, held.suffix, held.length, image)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.stage.report_errors(self.name):
            self.shard.__exit__(kind, error, trace)
