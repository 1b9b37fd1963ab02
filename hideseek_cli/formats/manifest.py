"""The public manifest: what a folder written by hideseek is, in ``hideseek.json`` beside the images.

The identity of a release is one hash over class, name and published pixels of every image. A manifest holds nothing
that gives a higher level: no key, pattern, seed or strength, and of pixels only digests of those that lie beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats.json_stream import MalformedError
from hideseek_cli.formats.manifest_rows import IMAGES, Identity, Listed, Row, Rows, check_sha256, open_scanner, read_rows
from hideseek_cli.images.codec import Source
from hideseek_cli.images.index import Key
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.atomic import StagedFolder

NAME = "hideseek.json"
FORMAT, KIND = 1, "hideseek manifest"
MAX_BYTES = 512 * 2**20
MEMBERS = frozenset({
    "format", "kind", "level", "release", "classes", "chance", "epsilon", "size", "recipe", "offers", "encoding", "shard",
    "exif", "authorized", IMAGES,
})  # fmt: skip
"""What is read; others are passed over."""
PUBLISHED, CLEAN = "published", "clean"
"""Names of the two levels that are no number: the strongest mask and none at all."""


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

    lens: str
    """Identity of the lens of those networks, which says nothing of it."""
    arch: str
    accuracy: float
    """What such a network of that architecture trains to, in percent, by the recipe otherwise."""

    def __post_init__(self) -> None:
        check_sha256(self.lens)
        if not 0 <= self.accuracy <= 100:
            raise InputError(f"an accuracy of {self.accuracy!r}")


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
    """Class, name and SHA-256 of the pixels of each image beside this manifest."""
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

    def text(self) -> Iterator[str]:
        """The file's content, row by row: canonical JSON, no clock."""
        document = {
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
        }
        yield json.dumps(document, indent=1, ensure_ascii=False).removesuffix("\n}")
        mark = f',\n "{IMAGES}": {{\n'
        for key, digest in self.images:
            yield f'{mark}  {json.dumps("/".join(key), ensure_ascii=False)}: "{digest}"'
            mark = ",\n"
        yield "\n }\n}\n"

    def write(self, stage: StagedFolder) -> None:
        """Write it beside the images. Raises DiskError."""
        with stage.report_errors(NAME), stage.open_file(NAME) as file:
            file.writelines(part.encode() for part in self.text())

    def keys(self) -> Iterator[Key]:
        """Class and name of each image."""
        return (key for key, _ in self.images)

    def files(self) -> Iterator[str]:
        """Every file of the folder, relative to it."""
        yield NAME
        yield from self.output_format.files(self.keys())

    def places(self) -> Iterator[str]:
        """Where each image lies, in words."""
        return self.output_format.places(self.keys())

    def sources(self, folder: Path) -> Iterator[Source | None]:
        """Where each image can be read; None for what is not in the folder. Raises InputError where a shard is damaged."""
        return self.output_format.sources(folder, self.keys())


def compute_identity(digests: dict[Key, str]) -> str:
    """The identity of a set of images, whatever their order here."""
    whole = Identity()
    for key, digest in sorted(digests.items()):
        whole.add(key, digest)
    return whole.hexdigest()


def exists(folder: Path) -> bool:
    return (folder / NAME).is_file()


def owned_files(folder: Path) -> Iterable[str]:
    """Files of a folder that hideseek wrote: those that its manifest lists, none where it has none."""
    return read(folder).files() if exists(folder) else ()


def read(folder: Path) -> Manifest:
    """The manifest of a folder, checked from the ground up: it may come from a stranger. Its rows stay on the disk.

    Raises InputError.
    """
    path = folder / NAME
    with open_scanner(path) as scanner:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB and will not be read")
        try:
            document: dict[str, Any] = {}
            for name in scanner.members():
                if name in document:
                    raise InputError(f"it says twice what its {name} is")
                value = _walked(read_rows(scanner)) if name == IMAGES else scanner.value()
                if name in MEMBERS:
                    document[name] = value
            scanner.end()
            return _parse(document, path)
        except MalformedError:
            raise
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, InputError) as error:
            raise InputError(f"{path} is damaged or from another version of hideseek ({error}); download it again") from error


def _walked(rows: Iterator[Row]) -> tuple[int, list[str], str]:
    """How many images there are, their classes, and their identity."""
    whole, labels = Identity(), [""]
    for key, digest in rows:
        whole.add(key, digest)
        if key[0] != labels[-1]:
            labels.append(key[0])
    return whole.count, labels[1:], whole.hexdigest()


def _parse(document: dict[str, Any], path: Path) -> Manifest:
    if document["format"] != FORMAT or document["kind"] != KIND:
        raise InputError(f"format {document['format']!r}, this version reads {FORMAT}")
    count, labels, found = document[IMAGES]
    classes = tuple(str(name) for name in document["classes"])
    if labels != list(classes):
        raise InputError("its classes are not those of its images")
    manifest = Manifest(
        level=str(document["level"]),
        release=check_sha256(document["release"]),
        classes=classes,
        chance=float(document["chance"]),
        epsilon=int(document["epsilon"]),
        size=None if document["size"] is None else int(document["size"]),
        recipe=Recipe.from_json(document["recipe"]),
        offers=tuple(Offer(**offer) for offer in document["offers"]),
        images=Listed(path, count),
        output_format=OutputFormat(
            encoding=str(document.get("encoding", "png")),
            shard=int(document["shard"]) if "shard" in document else None,
            exif=document.get("exif") is True,
        ),
        authorized=Authorized(**document["authorized"]) if "authorized" in document else None,
    )
    if manifest.level == PUBLISHED and found != manifest.release:
        raise InputError("its images do not add up to its release")
    return manifest
