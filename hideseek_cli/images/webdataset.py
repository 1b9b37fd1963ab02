"""Shards: tars of images and their classes, as WebDataset lays them out, in and out.

A sample is ``KEY.png`` (or another image) and ``KEY.cls``, a text that numbers its class, and ``KEY.class.txt``, one that
names it; either is enough, and a name may stand in the first. The key ends at the first dot of the last part of its path. A
key that begins with its class is ``CLASS/NAME``, as in a folder; dots of a name are written ``%2E`` in a key, and percent
signs ``%25``.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from hideseek_cli.errors import DiskError, Problems
from hideseek_cli.images.codec import SUFFIXES
from hideseek_cli.images.index import ImageRecord, Key
from hideseek_cli.images.tar_index import TarRef, list_members
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.clutter import is_clutter

TAR = re.compile(r"\.(tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst|lz4|z))$", re.IGNORECASE)
IMAGE, CLASS, CLASS_NAME = "image", ".cls", ".class.txt"
"""What a sample holds: decoders of webdataset make a number of what ends in ``.cls``, and a text of ``.txt``."""
MAX_CLASS = 1024
MAX_IMAGE = 2**28
"""Bytes of an image's member; it is read as a whole."""
AT_HAND = 2**20
"""Bytes of an image that waits in memory for its turn; larger ones wait on the disk."""
PACKED = "shards are compressed, so that no image can be read by itself; unpack them to .tar first"
BESIDE = "folders lie beside shards; keep one or the other there"
STRANGE = "members of shards are neither images nor .cls nor .class.txt; leave them out (a key ends at the first dot of a name)"
HUGE = f"members of shards are larger than {MAX_IMAGE // 2**20} MiB; make them smaller"
TWICE = "members of shards come twice, or are second images of their key; keep one of each"
BARE = "images of shards have no class; add KEY.cls to each"
EMPTY = "classes of shards have no image; add KEY.png to each, or remove them"
CONTRARY = "classes of shards have one number for two names, or two for one, in KEY.cls and KEY.class.txt; make them agree"
UNREAD = f"classes of shards are no text of at most {MAX_CLASS} bytes; write a name or number into each"

Told = dict[tuple[str, str], str]
"""Numbers of classes that were read with their names, and names with their numbers."""


def find_archives(place: Path) -> list[Path]:
    """The tars of a place: a tar itself, those of a folder, or those of one ``make_shard_pattern``.

    Compressed ones, which nobody can read, count where nothing else holds images; beside folders they are downloads.
    """
    if place.is_file():
        return [place] if TAR.search(place.name) else []
    if place.is_dir():
        found = sorted(path for path in place.glob("[!.]*") if TAR.search(path.name) and path.is_file())
        return found if any(map(is_plain, found)) or not _list_folders(place) else []
    beside = find_archives(place.parent) if place.parent.is_dir() else []
    return [path for path in beside if make_shard_pattern(path) == place.name]


def is_plain(archive: Path) -> bool:
    """Whether a tar is not compressed, by its name."""
    return archive.suffix.lower() == ".tar"


def _list_folders(place: Path) -> list[str]:
    return [str(path) for path in sorted(place.glob("[!.]*/")) if not is_clutter(path.name)] if place.is_dir() else []


def make_shard_pattern(archive: Path) -> str:
    """The archive's name with a star for its numbers, which is that of its fellows: ``train-*.tar``."""
    return re.sub(r"\d+", "*", archive.name)


def read_shards(place: Path, problems: Problems) -> Iterator[ImageRecord]:
    """The images of a place's shards, of one at a time; adds what is wrong to ``problems``."""
    beside = _list_folders(place)
    if beside:
        problems[BESIDE] = beside
    told: Told = {}
    for archive in find_archives(place):
        if is_plain(archive):
            yield from read_samples(archive, problems, told)
        else:
            problems.setdefault(PACKED, []).append(str(archive))


def read_samples(archive: Path, problems: Problems, told: Told | None = None) -> list[ImageRecord]:
    """The images of one shard; adds what is wrong to ``problems``. ``told``: what shards before it said of classes."""
    told = {} if told is None else told
    samples: dict[str, dict[str, TarRef]] = {}
    for span in list_members(archive, problems):
        if any(part.startswith(".") for part in span.member.split("/")):
            continue
        stem, dot, suffix = span.name.partition(".")
        kind = (dot + suffix).lower()
        kept = kind if kind in (CLASS, CLASS_NAME) else IMAGE
        key = span.member.removesuffix(span.name) + stem
        if kept == IMAGE and kind not in SUFFIXES:
            problems.setdefault(STRANGE, []).append(str(span))
        elif span.length > MAX_IMAGE:
            problems.setdefault(HUGE, []).append(str(span))
        elif kept in samples.get(key, {}):
            problems.setdefault(TWICE, []).append(str(span))
        else:
            samples.setdefault(key, {})[kept] = span
    found: list[ImageRecord] = []
    for key, sample in samples.items():
        if IMAGE not in sample or len(sample) == 1:
            why = BARE if IMAGE in sample else EMPTY
            problems.setdefault(why, []).extend(map(str, sample.values()))
        elif (label := _read_class(sample, problems, told)) is not None:
            folder, slash, stem = key.removeprefix(f"{label}/").rpartition("/")
            name = folder + slash + stem.replace("%2E", ".").replace("%25", "%")
            found.append(ImageRecord(label, name, sample[IMAGE]))
    return found


def _read_class(sample: dict[str, TarRef], problems: Problems, told: Told) -> str | None:
    """The name of a sample's class; None, and added to ``problems``, where it has none or is contradicted."""
    said: dict[str, str] = {}
    for kind in sorted(sample.keys() - {IMAGE}):
        label = _read_label(sample[kind])
        if label is None:
            problems.setdefault(UNREAD, []).append(str(sample[kind]))
            return None
        said[kind] = label
    name = said.get(CLASS_NAME) or said[CLASS]
    if CLASS in said and _is_contradicted(said[CLASS], name, told):
        problems.setdefault(CONTRARY, []).append(str(sample[CLASS]))
        return None
    return name


def _is_contradicted(written: str, name: str, told: Told) -> bool:
    """Whether what is written of a class is neither its name nor a number that is always and only its own."""
    if not written.isdecimal():
        return written != name
    return told.setdefault((CLASS, written), name) != name or told.setdefault((CLASS_NAME, name), written) != written


def _read_label(span: TarRef) -> str | None:
    if span.length > MAX_CLASS:
        return None
    try:
        with span.open() as file:
            return file.read().decode("utf-8").rstrip("\r\n") or None
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise DiskError(f"{span} cannot be read: {error.strerror}; check the disk and your rights") from error


def make_sample_key(key: Key) -> str:
    """The key of a sample in a shard."""
    folder, slash, stem = key[1].rpartition("/")
    return f"{key[0]}/{folder}{slash}{stem.replace('%', '%25').replace('.', '%2E')}"


def name_shard(number: int) -> str:
    return f"{number:06}.tar"


@dataclass(frozen=True)
class Held:
    """An image's file that waits for its turn, in memory or aside on the disk."""

    key: Key
    length: int
    content: bytes | Path


def hold(stage: StagedFolder, key: Key, content: bytes) -> Held:
    """Keep an image until ``ShardWriter.add`` gets it. Safe to call from many threads and processes."""
    if len(content) <= AT_HAND:
        return Held(key, len(content), content)
    aside = stage.reserve_path()
    with stage.report_errors(make_sample_key(key)):
        aside.write_bytes(content)
    return Held(key, len(content), aside)


class ShardWriter:
    """Shards of ``each`` images, in the order in which they are added; classes are numbered in the order given."""

    def __init__(self, stage: StagedFolder, each: int, suffix: str, classes: Sequence[str]) -> None:
        self.stage, self.each, self.suffix = stage, each, suffix
        self.numbers = {label: str(number).encode() for number, label in enumerate(classes)}
        self.count = 0
        self.shard = ExitStack()

    @property
    def name(self) -> str:
        """Of the shard that is being filled."""
        return name_shard(max(0, self.count - 1) // self.each)

    def add(self, held: Held | None) -> None:
        """Write an image and its class; None: it lies in a shard that is there already."""
        self.count += 1
        if held is None:
            return
        with self.stage.report_errors(self.name), ExitStack() as taken:
            if self.count % self.each == 1 % self.each:
                self.shard.close()
                file = self.shard.enter_context(self.stage.open_file(self.name))
                tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
                self.tar = self.shard.enter_context(tar)
            image: IO[bytes]
            if isinstance(held.content, Path):
                taken.callback(held.content.unlink)
                image = taken.enter_context(held.content.open("rb"))
            else:
                image = io.BytesIO(held.content)
            key, number, name = held.key, self.numbers[held.key[0]], held.key[0].encode()
            texts = ((CLASS, len(number), io.BytesIO(number)), (CLASS_NAME, len(name), io.BytesIO(name)))
            for suffix, size, source in ((self.suffix, held.length, image), *texts):
                info = tarfile.TarInfo(make_sample_key(key) + suffix)
                info.size = size
                self.tar.addfile(info, source)

    def __enter__(self) -> ShardWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.stage.report_errors(self.name):
            self.shard.__exit__(kind, error, trace)
