"""The public manifest: what a folder written by hideseek is, in ``hideseek.json`` beside the images.

JSON lines in ASCII: a header, then one line an image (``formats.manifest_rows``). The identity of a release is one hash
over class, name and published pixels of every image. A manifest holds nothing that gives a higher level: no key,
pattern, seed or strength, and of pixels only digests of those that lie beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats import card_files
from hideseek_cli.formats.checks import (
    MAX_PRICE,
    check_classes,
    check_count,
    check_number,
    check_percent,
    check_sha256,
    check_size,
)
from hideseek_cli.formats.levels import CLEAN, PUBLISHED, check_level, spell_level
from hideseek_cli.formats.manifest_format1 import is_format1, read_format1
from hideseek_cli.formats.manifest_rows import (
    MAX_HEADER,
    FileRows,
    Identity,
    Rows,
    encode_row,
    open_manifest,
    read_header,
    read_rows,
    summarise_rows,
)
from hideseek_cli.images.codec import Source
from hideseek_cli.images.index import Key
from hideseek_cli.images.label_table import USUAL
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat, Row
from hideseek_cli.masks.arithmetic import MAX_EPSILON
from hideseek_cli.recipe import Recipe, check_architecture
from hideseek_cli.runtime.atomic import StagedFolder

NAME = "hideseek.json"
FORMAT, KIND = 2, "hideseek manifest"
BESIDE = (NAME, USUAL, *card_files.CARD_FILES)
"""What lies beside images and is none of them."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One line of the price table."""

    level: float
    """Target test accuracy in percent."""
    price: float | None
    accuracy: float
    """Measured by calibration, in percent, with its 95 % interval and the number of runs behind it."""
    low: float
    high: float
    runs: int
    clean_classes: int = 0
    """How many classes carry no mask on any image, so that a model can know them in full."""


@dataclass(frozen=True, kw_only=True)
class Authorized:
    """Who learns from the folder all the same."""

    stem: str
    """Identity of the secret stem of those networks, which says nothing of it."""
    arch: str
    accuracy: float
    """What such a network of that architecture trains to, in percent, by the recipe otherwise."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        check_sha256(self.stem)
        check_architecture(self.arch)
        check_percent(self.accuracy)


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a published or cleaned folder is."""

    level: str
    """``published``, a level such as ``50``, or ``clean``."""
    release: str
    """Identity of the published folder that this one is or was made from."""
    classes: tuple[str, ...]
    chance: float
    """Accuracy in percent of always naming the largest class."""
    epsilon: int
    size: int | None
    """Side to which images were cut and brought, None where they kept their own."""
    recipe: Recipe
    offers: tuple[Offer, ...]
    images: Rows
    """Class, name and SHA-256 of the pixels, or coefficients, of each image beside this manifest."""
    output_format: OutputFormat = PNG_FILES
    """How the images lie beside this manifest."""
    authorized: Authorized | None = None

    @property
    def accuracy(self) -> float | None:
        """What the folder promises to train to, in percent: chance, or its level; None for the clean one."""
        return self.chance if self.level == PUBLISHED else None if self.level == CLEAN else float(self.level)

    @property
    def digests(self) -> dict[Key, str]:
        """All rows at once, for those who have the images in memory too."""
        return dict(self.images)

    def lines(self) -> Iterator[str]:
        """The file's content, line by line, with no clock in it. Raises ValueError where no header has room for its classes."""
        header = {
            "format": FORMAT,
            "kind": KIND,
            "level": self.level,
            "release": self.release,
            "classes": list(self.classes),
            "chance": self.chance,
            "epsilon": self.epsilon,
            "size": self.size,
            "recipe": self.recipe.to_json(),
            "offers": [asdict(offer) for offer in self.offers],
            **self.output_format.to_json(),
            **({"authorized": asdict(self.authorized)} if self.authorized else {}),
            "images": len(self.images),
        }
        first = json.dumps(header) + "\n"
        if len(first) > MAX_HEADER:
            raise ValueError(f"a header of {len(first)} bytes")
        yield first
        for key, digest in self.images:
            yield encode_row(key, digest) + "\n"

    def write(self, stage: StagedFolder) -> None:
        """Write it beside the images, and the table that names them. Raises DiskError."""
        with stage.report_errors(NAME), stage.open_file(NAME) as file:
            file.writelines(line.encode() for line in self.lines())
        self.output_format.write_table(stage, self.images)

    def keys(self) -> Iterator[Key]:
        """Class and name of each image."""
        return (key for key, _ in self.images)

    def files(self) -> Iterator[str]:
        """Every file of the folder, relative to it."""
        yield NAME
        yield from self.output_format.files(self.images)

    def places(self) -> Iterator[str]:
        """Where each image lies, in words."""
        return self.output_format.places(self.images)

    def sources(self, folder: Path) -> Iterator[Source | None]:
        """Where each image can be read; None for what is not in the folder. Raises InputError where a shard is damaged."""
        return self.output_format.sources(folder, self.images)


def compute_identity(digests: dict[Key, str]) -> str:
    """The identity of a set of images, whatever their order here."""
    whole = Identity()
    for key, digest in sorted(digests.items()):
        whole.add(key, digest)
    return whole.hexdigest()


def exists(folder: Path) -> bool:
    return (folder / NAME).is_file()


def list_owned_files(folder: Path) -> Iterable[str]:
    """Files of a folder that hideseek wrote: those that its manifest lists, and its card; none where it has none."""
    return chain(read(folder).files(), card_files.list_ours(folder)) if exists(folder) else ()


def read(folder: Path) -> Manifest:
    """The manifest of a folder, checked from the ground up: it may come from a stranger. Its rows stay on the disk.

    Raises InputError.
    """
    path = folder / NAME
    with open_manifest(path) as file:
        header = read_header(file)
        if is_format1(header):
            header, listed = read_format1(file)
            return _parse(header, listed, listed)
        if not isinstance(header, dict):
            raise InputError("its first line is no header")
        if header["format"] != FORMAT:
            raise InputError(f"format {header['format']!r:.80}, and this version reads 1 and {FORMAT}: update hideseek")
        count = check_count(header["images"], 1)
        return _parse(header, FileRows(path, count), read_rows(file, count))


def _parse(header: dict[str, Any], rows: Rows, found: Iterable[Row]) -> Manifest:
    """``found``: the rows, which are walked through here. Raises InputError where they and the header do not fit."""
    if header["kind"] != KIND:
        raise InputError(f"its kind is {header['kind']!r:.80}")
    classes, release = check_classes(header["classes"]), check_sha256(header["release"])
    labels, identity = summarise_rows(found)
    if labels != classes:
        raise InputError("its classes are not those of its images")
    if header["level"] == PUBLISHED and identity != release:
        raise InputError("its images do not add up to its release")
    return Manifest(
        level=check_level(header["level"], PUBLISHED),
        release=release,
        classes=classes,
        chance=check_percent(header["chance"]),
        epsilon=check_count(header["epsilon"], 1, MAX_EPSILON),
        size=None if header["size"] is None else check_size(header["size"]),
        recipe=Recipe.from_json(header["recipe"]),
        offers=tuple(map(_read_offer, header["offers"])),
        images=rows,
        output_format=OutputFormat(
            encoding=str(header.get("encoding", "png")),
            shard=check_count(header["shard"], 1) if "shard" in header else None,
            container=str(header.get("container", "tar")),
            table=header.get("table") is True,
            exif=header.get("exif") is True,
        ),
        authorized=_read_authorized(header["authorized"]) if "authorized" in header else None,
    )


def _read_offer(value: dict[str, Any]) -> Offer:
    return Offer(
        level=float(spell_level(check_percent(value["level"]))),
        price=None if value["price"] is None else check_number(value["price"], 0.0, MAX_PRICE),
        accuracy=check_percent(value["accuracy"]), low=check_percent(value["low"]), high=check_percent(value["high"]),
        runs=check_count(value["runs"], 1), clean_classes=check_count(value.get("clean_classes", 0)),
    )  # fmt: skip


def _read_authorized(value: dict[str, Any]) -> Authorized:
    return Authorized(stem=value["stem"], arch=value["arch"], accuracy=check_percent(value["accuracy"]))
