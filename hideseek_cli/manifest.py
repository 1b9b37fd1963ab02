"""The public manifest: what a folder written by hideseek is, in ``hideseek.json`` beside the pictures.

The identity of a release is one hash over class, name and published pixels of every picture. A manifest holds nothing
that gives a higher level: no key, pattern, seed or strength, and of pixels only digests of those that lie beside it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hideseek_cli.entry import Key, safe
from hideseek_cli.errors import InputError
from hideseek_cli.form import PNG_FILES, Form
from hideseek_cli.picture import Picture, Source
from hideseek_cli.recipe import Recipe

NAME = "hideseek.json"
FORMAT = 1
MAX_BYTES = 512 * 2**20
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
    """How many classes carry no mask on any picture, so that a model can know them in full."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a published or cleaned folder is.

    ``digests`` maps (class, name) to the SHA-256 of the pixels beside this manifest, in order of class and name.
    """

    level: str
    """``published``, a level such as ``50``, or ``clean``."""
    release: str
    """Identity of the published folder that this one is or was made from."""
    classes: tuple[str, ...]
    chance: float
    """Accuracy in percent of always naming the largest class."""
    epsilon: int
    size: int | None
    """Side to which pictures were cut and brought, None where they kept their own."""
    recipe: Recipe
    offers: tuple[Offer, ...]
    digests: dict[Key, str]
    form: Form = PNG_FILES
    """How the pictures lie beside this manifest."""

    @property
    def accuracy(self) -> float | None:
        """What the folder promises to train to, in percent: chance, or its level; None for the clean one."""
        return self.chance if self.level == PUBLISHED else None if self.level == CLEAN else float(self.level)

    def to_bytes(self) -> bytes:
        """The file's content: canonical JSON, no clock."""
        document = {
            "format": FORMAT,
            "kind": "hideseek manifest",
            "level": self.level,
            "release": self.release,
            "classes": list(self.classes),
            "chance": self.chance,
            "epsilon": self.epsilon,
            "size": self.size,
            "recipe": self.recipe.to_json(),
            "offers": [asdict(offer) for offer in self.offers],
            **self.form.to_json(),
            "pictures": {"/".join(key): digest for key, digest in self.digests.items()},
        }
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()

    def files(self) -> frozenset[str]:
        """Every file of the folder, relative to it."""
        return frozenset({NAME, *self.form.files(self.digests)})

    def places(self) -> dict[Key, str]:
        """Where each picture lies, in words."""
        return dict(zip(self.digests, self.form.places(self.digests), strict=True))

    def sources(self, folder: Path) -> dict[Key, Source]:
        """Where the pictures that are in the folder can be read. Raises InputError where a shard is damaged."""
        return self.form.sources(folder, self.digests)


def pixel_digest(picture: Picture) -> str:
    """SHA-256 over a picture's shape and pixels."""
    shape = "x".join(str(side) for side in picture.shape)
    whole = hashlib.sha256(shape.encode() + b"\0")
    whole.update(np.ascontiguousarray(picture).data)
    return whole.hexdigest()


def identity(digests: dict[Key, str]) -> str:
    """The identity of a set of pictures: SHA-256 over class, name and pixel digest of each, in order."""
    rows = [[*key, digest] for key, digest in sorted(digests.items())]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=True).encode()).hexdigest()


def exists(folder: Path) -> bool:
    return (folder / NAME).is_file()


def owned(folder: Path) -> frozenset[str]:
    """Files of a folder that hideseek wrote: those that its manifest lists, none where it has none."""
    return read(folder).files() if exists(folder) else frozenset()


def read(folder: Path) -> Manifest:
    """The manifest of a folder, checked from the ground up: it may come from a stranger."""
    path = folder / NAME
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES // 2**20} MiB and will not be read")
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); is {folder} a folder that hideseek wrote?") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON ({error}); download the folder again") from error
    try:
        return _parse(document)
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError, InputError) as error:
        raise InputError(f"{path} is damaged or from another version of hideseek ({error}); download it again") from error


def _parse(document: Any) -> Manifest:
    if document["format"] != FORMAT or document["kind"] != "hideseek manifest":
        raise InputError(f"format {document['format']!r}, this version reads {FORMAT}")
    digests = {_key(name): _digest(digest) for name, digest in document["pictures"].items()}
    classes = tuple(str(name) for name in document["classes"])
    if sorted({label for label, _ in digests}) != list(classes):
        raise InputError("its classes are not those of its pictures")
    manifest = Manifest(
        level=str(document["level"]),
        release=_digest(document["release"]),
        classes=classes,
        chance=float(document["chance"]),
        epsilon=int(document["epsilon"]),
        size=None if document["size"] is None else int(document["size"]),
        recipe=Recipe.from_json(document["recipe"]),
        offers=tuple(Offer(**offer) for offer in document["offers"]),
        digests=digests,
        form=Form(encoding=str(document.get("encoding", "png")), shard=int(document["shard"]) if "shard" in document else None),
    )
    if manifest.level == PUBLISHED and identity(digests) != manifest.release:
        raise InputError("its pictures do not add up to its release")
    return manifest


def _digest(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64 or set(value) - set("0123456789abcdef"):
        raise InputError(f"{value!r} is no SHA-256 digest")
    return value


def _key(name: str) -> Key:
    """Class and name of a listed picture; refuses whatever could lead out of the folder."""
    label, _, rest = name.partition("/")
    if not safe((label, rest)):
        raise InputError(f"it lists {name!r}, which is no safe place for a picture")
    return label, rest
