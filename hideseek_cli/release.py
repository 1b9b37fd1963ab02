"""Write a release: the published folder with its manifest, and the mask file. One pass over the pictures.

Every picture of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the likeness to the original come from the same pass, so that nothing is claimed of other pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8, Int64, UInt16

from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import MaskFile, Patterns, Residuals, Tier
from hideseek_cli.files import StagedFolder
from hideseek_cli.folder import Folder
from hideseek_cli.manifest import CLEAN, PUBLISHED, Key, Manifest, Offer, file_name, identity, pixel_digest
from hideseek_cli.mask import apply, difference, place, residual
from hideseek_cli.metrics import Comparison, Likeness, likenesses, portions, summary
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Mixed, encode
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The masks of a release, by level; the strongest one first in meaning, the clean one added here."""

    epsilon: int
    published: Patterns
    which: Int64[np.ndarray, " n"]
    """The published mask of each picture, by number."""
    strength: float
    tiers: dict[str, Bool[np.ndarray, " n"]]
    """Level -> pictures that do not carry the published mask."""
    own: dict[str, Patterns]
    """Level -> the masks that those carry, by the same numbers, where it is not none."""
    shifts: UInt16[np.ndarray, "n 2"] | None

    def all(self, count: int) -> dict[str, tuple[Bool[np.ndarray, " n"], Patterns]]:
        """Every level below the published one, the clean one of all ``count`` pictures included."""
        zero = {channels: np.zeros_like(masks) for channels, masks in self.published.items()}
        tiers = {**self.tiers, CLEAN: np.ones(count, bool)}
        return {level: (touched, self.own.get(level, zero)) for level, touched in tiers.items()}


@dataclass(frozen=True)
class _Made:
    """One picture, at every level."""

    digests: dict[str, str]
    lost: dict[str, Int8[np.ndarray, " _"]]
    alike: dict[str, Likeness]


@dataclass(frozen=True)
class Release:
    """A written release: its manifest, and how like the originals each level is."""

    manifest: Manifest
    likeness: dict[str, Comparison]
    """By level, and for ``published``."""


def write(
    folder: Folder, pictures: Mixed, levels: Levels, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, size: int | None, offers: tuple[Offer, ...], masks: Path,
    origin: dict[str, Any],
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published pictures and their manifest, and write the mask file.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    tiers = levels.all(len(folder.entries))
    cleaners = {
        level: {count: difference(masks, levels.published[count]) for count, masks in patterns.items()}
        for level, (_, patterns) in tiers.items()
    }

    def make(numbers: Sequence[int]) -> list[_Made]:
        """Pictures of one kind: all that follows from their pixels."""
        clean = np.stack([pictures[number] for number in numbers])
        which, channels = levels.which[numbers], clean.shape[3]
        shift = None if levels.shifts is None else levels.shifts[numbers]
        published = apply(clean, place(levels.published[channels], which, shift))
        for number, picture in zip(numbers, published, strict=True):
            stage.write(file_name(folder.entries[number].key), encode(picture))
        made = [
            _Made({PUBLISHED: pixel_digest(picture)}, {}, {PUBLISHED: alike})
            for picture, alike in zip(published, likenesses(clean, published), strict=True)
        ]
        for level, (touched, patterns) in tiers.items():
            here = touched[numbers][:, None, None, None]
            target = np.where(here, apply(clean, place(patterns[channels], which, shift)), published)
            cleaner = np.where(here, place(cleaners[level][channels], which, shift), 0).astype(np.int8)
            alike = likenesses(clean, target) if level in levels.tiers else []
            for position, one in enumerate(made):
                part = slice(position, position + 1)
                one.lost[level] = residual(published[part], cleaner[part], target[part])
                one.digests[level] = pixel_digest(target[position])
            for one, found in zip(made, alike, strict=False):
                one.alike[level] = found
        return made

    keys: list[Key] = [entry.key for entry in folder.entries]
    made = []
    for some in in_order(executor, make, _portions(pictures)):
        made += some
        progress.step("publishing", len(made), len(keys))
    identities = {
        level: identity({key: one.digests[level] for key, one in zip(keys, made, strict=True)}) for level in (PUBLISHED, *tiers)
    }
    manifest = Manifest(
        level=PUBLISHED, release=identities[PUBLISHED], classes=folder.classes, chance=folder.chance(),
        epsilon=levels.epsilon, size=size, recipe=recipe, offers=offers,
        digests={key: one.digests[PUBLISHED] for key, one in zip(keys, made, strict=True)},
    )  # fmt: skip
    stage.write(manifests.NAME, manifest.to_bytes())
    MaskFile(
        release=manifest.release, classes=folder.classes, epsilon=levels.epsilon, strength=levels.strength,
        recipe=recipe, published=levels.published, which=levels.which.astype(np.int32), shifts=levels.shifts, origin=origin,
        tiers=tuple(
            Tier(level=level, strength=1 - float(touched.mean()), result=identities[level], touched=touched,
                 patterns=levels.own.get(level, {}), residuals=Residuals.pack([one.lost[level] for one in made]))
            for level, (touched, _) in tiers.items()
        ),
    ).save(masks)  # fmt: skip
    names = [file_name(key) for key in keys]
    alike = {
        level: summary([(name, one.alike[level]) for name, one in zip(names, made, strict=True)])
        for level in (PUBLISHED, *levels.tiers)
    }
    return Release(manifest, alike)


def _portions(pictures: Mixed) -> Iterator[list[int]]:
    """Consecutive pictures of one kind, few enough to be worked on at once."""
    for (height, width, _), numbers in groupby(range(len(pictures)), lambda number: pictures[number].shape):
        kind = list(numbers)
        yield from ([kind[place] for place in part] for part in portions(len(kind), height * width))
