"""Write a release: the published folder with its manifest, and the mask file. One pass over the pictures.

Every picture of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the likeness to the original come from the same pass, so that nothing is claimed of other pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8, Int64, UInt16

from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import MaskFile, Patterns, Tier
from hideseek_cli.files import StagedFolder
from hideseek_cli.manifest import CLEAN, PUBLISHED, Key, Manifest, Offer, file_name, identity, pixel_digest
from hideseek_cli.mask import apply, difference, place, residual
from hideseek_cli.material import Material
from hideseek_cli.metrics import Comparison, Likeness, likenesses, summary
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import encode, profile, visible
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.residuals import Packer


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
    """Taken away once it is packed."""
    alike: dict[str, Likeness]


@dataclass(frozen=True)
class Release:
    """A written release: its manifest, and how like the originals each level is."""

    manifest: Manifest
    likeness: dict[str, Comparison]
    """By level, and for ``published``."""


def write(
    material: Material, levels: Levels, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, offers: tuple[Offer, ...], masks: Path, origin: dict[str, Any],
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published pictures and their manifest, and write the mask file.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    folder = material.folder
    tiers = levels.all(len(material))
    cleaners = {
        level: {count: difference(masks, levels.published[count]) for count, masks in patterns.items()}
        for level, (_, patterns) in tiers.items()
    }

    def make(numbers: Sequence[int]) -> list[_Made]:
        """Pictures of one shape: all that follows from their pixels. What says how transparent they are stays as it is."""
        own = material.own(numbers)
        clean = visible(own)
        height, width, channels = clean.shape[1:]
        veil = own[..., channels:]
        which = levels.which[numbers]
        shift = None if levels.shifts is None else levels.shifts[numbers]

        def laid(patterns: Patterns) -> Int8[np.ndarray, "n y x c"]:
            return place(patterns[channels], which, shift, (height, width))

        published = apply(clean, laid(levels.published))
        files = np.concatenate([published, veil], 3)
        for number, picture in zip(numbers, files, strict=True):
            entry = folder.entries[number]
            stage.write(file_name(entry.key), encode(picture, profile(entry.path)))
        made = [
            _Made({PUBLISHED: pixel_digest(picture)}, {}, {PUBLISHED: alike})
            for picture, alike in zip(files, likenesses(clean, published), strict=True)
        ]
        for level, (touched, patterns) in tiers.items():
            here = touched[numbers][:, None, None, None]
            target = np.where(here, apply(clean, laid(patterns)), published)
            cleaner = np.where(here, laid(cleaners[level]), 0).astype(np.int8)
            alike = likenesses(clean, target) if level in levels.tiers else []
            files = np.concatenate([target, veil], 3)
            for position, one in enumerate(made):
                part = slice(position, position + 1)
                one.lost[level] = residual(published[part], cleaner[part], target[part])
                one.digests[level] = pixel_digest(files[position])
            for one, found in zip(made, alike, strict=False):
                one.alike[level] = found
        return made

    keys: list[Key] = [entry.key for entry in folder.entries]
    made: list[_Made] = []
    packers = {level: Packer() for level in tiers}
    for some in in_order(executor, make, material.portions()):
        for one in some:
            for level, packer in packers.items():
                packer.add(one.lost.pop(level))
        made += some
        progress.step("publishing", len(made), len(keys))
    identities = {
        level: identity({key: one.digests[level] for key, one in zip(keys, made, strict=True)}) for level in (PUBLISHED, *tiers)
    }
    manifest = Manifest(
        level=PUBLISHED, release=identities[PUBLISHED], classes=folder.classes, chance=folder.chance(),
        epsilon=levels.epsilon, size=material.size, recipe=recipe, offers=offers,
        digests={key: one.digests[PUBLISHED] for key, one in zip(keys, made, strict=True)},
    )  # fmt: skip
    stage.write(manifests.NAME, manifest.to_bytes())
    MaskFile(
        release=manifest.release, classes=folder.classes, epsilon=levels.epsilon, strength=levels.strength,
        recipe=recipe, published=levels.published, which=levels.which.astype(np.int32), shifts=levels.shifts, origin=origin,
        tiers=tuple(
            Tier(level=level, strength=1 - float(touched.mean()), result=identities[level], touched=touched,
                 patterns=levels.own.get(level, {}), residuals=packers[level].done())
            for level, (touched, _) in tiers.items()
        ),
    ).save(masks)  # fmt: skip
    names = [file_name(key) for key in keys]
    alike = {
        level: summary([(name, one.alike[level]) for name, one in zip(names, made, strict=True)])
        for level in (PUBLISHED, *levels.tiers)
    }
    return Release(manifest, alike)
