"""What a card says: the manifest's facts, and the owner's words, checked."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hideseek_cli.errors import InputError, count
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.formats.manifest import Manifest

LONGEST = 300
"""Characters of what an owner says at most."""
LICENSE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,63}")


@dataclass(frozen=True, kw_only=True)
class Words:
    """What only the owner knows."""

    title: str | None = None
    """Of the data set; None: how many images of how many classes it has."""
    license: str | None = None
    """As hubs name it, such as ``cc-by-nc-4.0``; None where none is stated."""
    contact: str | None = None
    """Where levels are sold, such as an address."""

    def __post_init__(self) -> None:
        """Raises InputError."""
        for name in ("title", "contact"):
            said = getattr(self, name)
            if said is not None and not (said.isprintable() and said.strip() and len(said) <= LONGEST):
                raise InputError(f"`{name}` {said!r:.80} cannot stand in a card: give one line of 1 to {LONGEST} characters")
        if self.license is not None and not LICENSE.fullmatch(self.license):
            raise InputError(f"`license` {self.license!r:.80} is no license as hubs name them: give one such as cc-by-nc-4.0")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of a published folder."""

    manifest: Manifest
    words: Words
    counts: dict[str, int]
    """Images of each class, in their order."""
    suffixes: tuple[str, ...]
    """Of the images' files, in order, without dots."""
    nested: bool
    """Whether images lie in folders below their class's, where most loaders would not find their class."""
    signed: bool
    """Whether a signed statement about training lies beside the manifest."""

    @property
    def images(self) -> int:
        return sum(self.counts.values())

    @property
    def title(self) -> str:
        return self.words.title or f"{count(self.images, 'protected image')} of {count(len(self.counts), 'class')}"


def gather(manifest: Manifest, folder: Path, words: Words, *, signed: bool) -> Facts:
    """The facts of a folder by its manifest, whose rows are walked through once. Raises InputError where it is a level."""
    if manifest.level != PUBLISHED:
        raise InputError(
            f"{folder} is level {manifest.level}, which was sold and is not to be published; give the published folder"
        )
    counts, suffixes, nested = Counter[str](), set[str](), False
    for row in manifest.images:
        (label, name), _ = row
        counts[label] += 1
        suffixes.add(manifest.output_format.suffix(row))
        nested |= "/" in name
    return Facts(
        manifest=manifest, words=words, counts=dict(counts), suffixes=tuple(sorted(suffixes)), nested=nested, signed=signed
    )
