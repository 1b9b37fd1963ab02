"""Write a release: the published folder with its manifest, and the mask file. One pass over the pictures.

Every picture of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the likeness to the original come from the same pass, so that nothing is claimed of other pixels.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int8, UInt16

from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import MaskFile, Patterns, Residuals, Tier
from hideseek_cli.files import StagedFolder
from hideseek_cli.folder import Entry, Folder
from hideseek_cli.manifest import CLEAN, PUBLISHED, Key, Manifest, Offer, file_name, identity, pixel_digest
from hideseek_cli.mask import apply, difference, place, residual
from hideseek_cli.metrics import Comparison, Likeness, likeness, summary
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Picture, encode
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Levels:
    """The masks of a release, by level; the strongest one first in meaning, the clean one added here."""

    epsilon: int
    published: Patterns
    strength: float
    tiers: dict[str, tuple[float, Patterns]]
    """Level -> strength and masks."""
    shifts: UInt16[np.ndarray, "n 2"] | None

    def all(self) -> dict[str, tuple[float, Patterns]]:
        """Every level below the published one, the clean one included."""
        zero = {channels: np.zeros_like(masks) for channels, masks in self.published.items()}
        return {**self.tiers, CLEAN: (0.0, zero)}


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
    folder: Folder, pictures: list[Picture], levels: Levels, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, size: int | None, offers: tuple[Offer, ...], masks: Path,
    origin: dict[str, Any],
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published pictures and their manifest, and write the mask file.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    tiers = levels.all()
    labels = folder.labels

    def make(item: tuple[int, Entry]) -> _Made:
        number, entry = item
        picture = pictures[number][None]
        channels = picture.shape[3]
        label = labels[number : number + 1]
        shift = None if levels.shifts is None else levels.shifts[number : number + 1]
        published = apply(picture, place(levels.published[channels], label, shift))
        stage.write(file_name(entry.key), encode(published[0]))
        digests = {PUBLISHED: pixel_digest(published[0])}
        alike = {PUBLISHED: likeness(picture[0], published[0])}
        lost = {}
        for level, (_, patterns) in tiers.items():
            target = apply(picture, place(patterns[channels], label, shift))
            cleaner = place(difference(patterns[channels], levels.published[channels]), label, shift)
            lost[level] = residual(published, cleaner, target)
            digests[level] = pixel_digest(target[0])
            if level != CLEAN:
                alike[level] = likeness(picture[0], target[0])
        return _Made(digests, lost, alike)

    keys: list[Key] = [entry.key for entry in folder.entries]
    made = []
    for one in in_order(executor, make, list(enumerate(folder.entries))):
        made.append(one)
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
        recipe=recipe, published=levels.published, shifts=levels.shifts, origin=origin,
        tiers=tuple(
            Tier(level=level, strength=strength, result=identities[level], patterns=patterns,
                 residuals=Residuals.pack([one.lost[level] for one in made]))
            for level, (strength, patterns) in tiers.items()
        ),
    ).save(masks)  # fmt: skip
    names = [file_name(key) for key in keys]
    alike = {
        level: summary([(name, one.alike[level]) for name, one in zip(names, made, strict=True)])
        for level in (PUBLISHED, *levels.tiers)
    }
    return Release(manifest, alike)
