"""Shards: tars of images and their classes, as WebDataset lays them out, in and out.

A sample is ``KEY.png`` (or another image) and ``KEY.cls``, a text that numbers its class, and ``KEY.class.txt``, one that
names it; either is enough, and a name may stand in the first. The key ends at the first dot of the last part of its path. A
key that begins with its class is ``CLASS/NAME``, as in a folder; dots of a name are written ``%2E`` in a key, and percent
signs ``%25``.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from hideseek_cli.errors import DiskError, Problems
from hideseek_cli.images.codec import SUFFIXES
from hideseek_cli.images.index import Content, ImageRecord, Key
from hideseek_cli.images.tar_index import TarRef, list_members

IMAGE, CLASS, CLASS_NAME = "image", ".cls", ".class.txt"
"""What a sample holds: decoders of webdataset make a number of what ends in ``.cls``, and a text of ``.txt``."""
MAX_CLASS = 1024
MAX_IMAGE = 2**28
"""Bytes of an image's member; it is read as a whole."""
STRANGE = "members of shards are neither images nor .cls nor .class.txt; leave them out (a key ends at the first dot of a name)"
HUGE = f"members of shards are larger than {MAX_IMAGE // 2**20} MiB; make them smaller"
TWICE = "members of shards come twice, or are second images of their key; keep one of each"
BARE = "images of shards have no class; add KEY.cls to each"
EMPTY = "classes of shards have no image; add KEY.png to each, or remove them"
CONTRARY = "classes of shards have one number for two names, or two for one, in KEY.cls and KEY.class.txt; make them agree"
UNREAD = f"classes of shards are no text of at most {MAX_CLASS} bytes; write a name or number into each"

Told = dict[tuple[str, str], str]
"""Numbers of classes that were read with their names, and names with their numbers."""


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


def name_tar(number: int) -> str:
    return f"{number:06}.tar"


def is_whole(archive: Path) -> bool:
    """Whether a shard is not damaged. Raises DiskError."""
    return bool(list_members(archive, {}))


@contextmanager
def open_tar(file: BinaryIO, classes: Sequence[str]) -> Iterator[Callable[[Key, str, int, Content], None]]:
    """Fills a shard: takes class and name, suffix, length and content of each image. Classes are numbered as they are given."""
    numbers = {label: str(number).encode() for number, label in enumerate(classes)}
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:

        def add(key: Key, suffix: str, length: int, image: Content) -> None:
            number, name = numbers[key[0]], key[0].encode()
            texts = ((CLASS, len(number), io.BytesIO(number)), (CLASS_NAME, len(name), io.BytesIO(name)))
            for kind, size, source in ((suffix, length, image), *texts):
                info = tarfile.TarInfo(make_sample_key(key) + kind)
                info.size = size
                tar.addfile(info, source)

        yield add
