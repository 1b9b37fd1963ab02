"""Shards: tars of pictures and their classes, as WebDataset lays them out, in and out.

A sample is ``KEY.png`` (or another picture) and ``KEY.cls``, a text that names or numbers its class; the key ends at the
first dot of the last part of its path. A key that begins with its class is ``CLASS/NAME``, as in a folder; dots of a name
are written ``%2E`` in a key, and percent signs ``%25``.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from hideseek_cli.complaints import Complaints
from hideseek_cli.entry import Entry, Key
from hideseek_cli.errors import DiskError
from hideseek_cli.files import StagedFolder
from hideseek_cli.picture import SUFFIXES
from hideseek_cli.tar import Span, members

TAR = re.compile(r"\.(tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst|lz4|z))$", re.IGNORECASE)
CLASS, MAX_CLASS = ".cls", 1024
MAX_PICTURE = 2**28
"""Bytes of a picture's member; it is read as a whole."""
AT_HAND = 2**20
"""Bytes of a picture that waits in memory for its turn; larger ones wait on the disk."""
PACKED = "shards are compressed, so that no picture can be read by itself; unpack them to .tar first"
BESIDE = "folders lie beside shards; keep one or the other there"
STRANGE = "members of shards are neither pictures nor .cls; leave them out (a key ends at the first dot of a name)"
HUGE = f"members of shards are larger than {MAX_PICTURE // 2**20} MiB; make them smaller"
TWICE = "members of shards come twice, or are second pictures of their key; keep one of each"
BARE = "pictures of shards have no class; add KEY.cls to each"
EMPTY = "classes of shards have no picture; add KEY.png to each, or remove them"
UNREAD = f"classes of shards are no text of at most {MAX_CLASS} bytes; write a name or number into each"


def archives(place: Path) -> list[Path]:
    """The tars of a place: a tar itself, those of a folder, or those of one ``pattern``.

    Compressed ones, which nobody can read, count where nothing else holds pictures; beside folders they are downloads.
    """
    if place.is_file():
        return [place] if TAR.search(place.name) else []
    if place.is_dir():
        found = sorted(path for path in place.glob("[!.]*") if TAR.search(path.name) and path.is_file())
        return found if any(map(plain, found)) or not _folders(place) else []
    return [path for path in archives(place.parent) if pattern(path) == place.name] if place.parent.is_dir() else []


def plain(archive: Path) -> bool:
    """Whether a tar is not compressed, by its name."""
    return archive.suffix.lower() == ".tar"


def _folders(place: Path) -> list[str]:
    return [str(path) for path in sorted(place.glob("[!.]*/"))] if place.is_dir() else []


def pattern(archive: Path) -> str:
    """The archive's name with a star for its numbers, which is that of its fellows: ``train-*.tar``."""
    return re.sub(r"\d+", "*", archive.name)


def from_shards(place: Path, complaints: Complaints) -> Iterator[Entry]:
    """The pictures of a place's shards, of one at a time; adds what is wrong to ``complaints``."""
    beside = _folders(place)
    if beside:
        complaints[BESIDE] = beside
    for archive in archives(place):
        if plain(archive):
            yield from samples(archive, complaints)
        else:
            complaints.setdefault(PACKED, []).append(str(archive))


def samples(archive: Path, complaints: Complaints) -> list[Entry]:
    """The pictures of one shard; adds what is wrong to ``complaints``."""
    pictures: dict[str, Span] = {}
    classes: dict[str, Span] = {}
    for span in members(archive, complaints):
        if any(part.startswith(".") for part in span.member.split("/")):
            continue
        stem, dot, suffix = span.name.partition(".")
        kind = (dot + suffix).lower()
        kept = classes if kind == CLASS else pictures
        key = span.member.removesuffix(span.name) + stem
        if kind != CLASS and kind not in SUFFIXES:
            complaints.setdefault(STRANGE, []).append(str(span))
        elif span.length > MAX_PICTURE:
            complaints.setdefault(HUGE, []).append(str(span))
        elif key in kept:
            complaints.setdefault(TWICE, []).append(str(span))
        else:
            kept[key] = span
    lonely = {BARE: pictures.keys() - classes.keys(), EMPTY: classes.keys() - pictures.keys()}
    for (why, keys), spans in zip(lonely.items(), (pictures, classes), strict=True):
        for key in sorted(keys):
            complaints.setdefault(why, []).append(str(spans[key]))
    found: list[Entry] = []
    for key in (key for key in pictures if key in classes):
        label = _label(classes[key])
        if label is None:
            complaints.setdefault(UNREAD, []).append(str(classes[key]))
        else:
            folder, slash, stem = key.removeprefix(f"{label}/").rpartition("/")
            name = folder + slash + stem.replace("%2E", ".").replace("%25", "%")
            found.append(Entry(label, name, pictures[key]))
    return found


def _label(span: Span) -> str | None:
    if span.length > MAX_CLASS:
        return None
    try:
        with span.open() as file:
            return file.read().decode("utf-8").rstrip("\r\n") or None
    except UnicodeDecodeError:
        return None
    except OSError as error:
        raise DiskError(f"{span} cannot be read: {error.strerror}; check the disk and your rights") from error


def sample(key: Key) -> str:
    """The key of a sample in a shard."""
    folder, slash, stem = key[1].rpartition("/")
    return f"{key[0]}/{folder}{slash}{stem.replace('%', '%25').replace('.', '%2E')}"


def shard_name(number: int) -> str:
    return f"{number:06}.tar"


@dataclass(frozen=True)
class Held:
    """A picture's file that waits for its turn, in memory or aside on the disk."""

    key: Key
    length: int
    content: bytes | Path


def hold(stage: StagedFolder, key: Key, content: bytes) -> Held:
    """Keep a picture until ``Writer.add`` gets it. Safe to call from many threads and processes."""
    if len(content) <= AT_HAND:
        return Held(key, len(content), content)
    aside = stage.aside()
    with stage.saying(sample(key)):
        aside.write_bytes(content)
    return Held(key, len(content), aside)


class Writer:
    """Shards of ``each`` pictures, in the order in which they are added."""

    def __init__(self, stage: StagedFolder, each: int, suffix: str) -> None:
        self.stage, self.each, self.suffix = stage, each, suffix
        self.count = 0
        self.shard = ExitStack()

    @property
    def name(self) -> str:
        """Of the shard that is being filled."""
        return shard_name(max(0, self.count - 1) // self.each)

    def add(self, held: Held | None) -> None:
        """Write a picture and its class; None: it lies in a shard that is there already."""
        self.count += 1
        if held is None:
            return
        with self.stage.saying(self.name), ExitStack() as taken:
            if self.count % self.each == 1 % self.each:
                self.shard.close()
                file = self.shard.enter_context(self.stage.opened(self.name))
                tar = tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT)  # noqa: SIM115
                self.tar = self.shard.enter_context(tar)
            picture: IO[bytes]
            if isinstance(held.content, Path):
                taken.callback(held.content.unlink)
                picture = taken.enter_context(held.content.open("rb"))
            else:
                picture = io.BytesIO(held.content)
            key, length = held.key, held.length
            label = key[0].encode()
            for suffix, size, source in ((self.suffix, length, picture), (CLASS, len(label), io.BytesIO(label))):
                info = tarfile.TarInfo(sample(key) + suffix)
                info.size = size
                self.tar.addfile(info, source)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self.stage.saying(self.name):
            self.shard.__exit__(kind, error, trace)
