"""Write a release: the published folder with its manifest, and the mask file. One pass over the pictures.

Every picture of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the likeness to the original come from the same pass, so that nothing is claimed of other pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8, Int64, UInt8, UInt16

from hideseek_cli.bundle import MaskFile, Patterns, Tier
from hideseek_cli.files import StagedFolder
from hideseek_cli.listing import Identity, Spool
from hideseek_cli.manifest import CLEAN, PUBLISHED, Authorized, Manifest, Offer, pixel_digest
from hideseek_cli.mask import apply, difference, place, residuals
from hideseek_cli.material import Material
from hideseek_cli.metrics import Comparison, Likeness, likenesses, summary
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import veiled, visible
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.residuals import Packer

MEASURED = 1_000_000
"""Pixels of pictures whose likeness is measured on the way; ``metrics`` measures all."""


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


@dataclass(frozen=True)
class _Version:
    """One picture under one mask."""

    digest: str
    lost: Int8[np.ndarray, " _"]
    """What clipping lost on the way to the published picture and back to this one."""
    alike: Likeness | None
    """None where it was not measured."""


@dataclass(frozen=True)
class _Made:
    """One picture at every level."""

    versions: dict[str, _Version]
    held: Any
    """What is left of its file to be finished when its turn has come."""


@dataclass(frozen=True)
class Release:
    """A written release: its manifest, and how like the originals each level is."""

    manifest: Manifest
    """Its rows can be walked through until the folder has appeared."""
    likeness: dict[str, Comparison]
    """By level, and for ``published``; of pictures evenly spread over the folder where all have more than MEASURED pixels."""


def write(
    material: Material, levels: Levels, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, offers: tuple[Offer, ...], masks: Path, origin: dict[str, Any], authorized: Authorized | None = None,
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published pictures and their manifest, and write the mask file.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    folder, tiers = material.folder, {**levels.tiers, CLEAN: np.ones(len(material), bool)}
    every = material.spread(MEASURED)

    def make(numbers: Sequence[int]) -> list[_Made]:
        """Pictures of one shape, at every level. What says how transparent they are stays as it is."""
        own, notes, digests = material.own(numbers)
        clean = visible(own)
        height, width, channels = clean.shape[1:]
        shift = None if levels.shifts is None else levels.shifts[numbers]
        strongest = place(levels.published[channels], levels.which[numbers], shift, (height, width))
        published = apply(clean, strongest)
        measured = [position for position, number in enumerate(numbers) if number % every == 0]
        held = [
            put(folder.entries[number].key, *one) for number, *one in zip(numbers, veiled(published, own), notes, strict=True)
        ]

        def versions(
            target: UInt8[np.ndarray, "n y x c"], lost: list[Int8[np.ndarray, " _"]], known: list[str] | None = None
        ) -> list[_Version]:
            alike = dict(zip(measured, likenesses(clean[measured], target[measured]) if measured else (), strict=True))
            whole = known or [pixel_digest(file) for file in veiled(target, own)]
            return [_Version(*one, alike.get(position)) for position, one in enumerate(zip(whole, lost, strict=True))]

        bare = versions(clean, residuals(published, -strongest, clean), digests)
        masked = versions(published, [np.zeros_like(one.lost) for one in bare])
        special = {}
        for level, patterns in levels.own.items():
            mask = place(patterns[channels], levels.which[numbers], shift)
            target = apply(clean, mask)
            special[level] = versions(target, residuals(published, difference(mask, strongest), target))

        def at(level: str, position: int) -> _Version:
            return (special.get(level, bare) if tiers[level][numbers[position]] else masked)[position]

        return [
            _Made({PUBLISHED: masked[position], **{level: at(level, position) for level in tiers}}, one)
            for position, one in enumerate(held)
        ]

    wholes = {level: Identity() for level in (PUBLISHED, *tiers)}
    alike: dict[str, list[tuple[str, Likeness]]] = {level: [] for level in wholes}
    packers = {level: Packer() for level in tiers}
    source = folder.entries.keys()
    with Spool(stage.aside()) as rows, material.form.writer(stage) as (put, finish):
        for some in in_order(executor, make, material.portions()):
            for key, made in zip(islice(source, len(some)), some, strict=True):
                finish(made.held)
                rows.add(key, made.versions[PUBLISHED].digest)
                for level, one in made.versions.items():
                    wholes[level].add(key, one.digest)
                    if one.alike is not None:
                        alike[level].append(("/".join(key), one.alike))
                    if level in packers:
                        packers[level].add(one.lost)
            progress.step("publishing", len(rows), len(material))
    identities = {level: whole.hexdigest() for level, whole in wholes.items()}
    manifest = Manifest(
        level=PUBLISHED, release=identities[PUBLISHED], classes=folder.classes, chance=folder.chance(),
        epsilon=levels.epsilon, size=material.size, recipe=recipe, offers=offers,
        pictures=rows, form=material.form, authorized=authorized,
    )  # fmt: skip
    manifest.write(stage)
    MaskFile(
        release=manifest.release, classes=folder.classes, epsilon=levels.epsilon, strength=levels.strength,
        recipe=recipe, published=levels.published, which=levels.which.astype(np.int32), shifts=levels.shifts, origin=origin,
        single=len(np.unique(levels.which)) == len(levels.which),
        tiers=tuple(
            Tier(level=level, strength=1 - float(touched.mean()), result=identities[level], touched=touched,
                 patterns=levels.own.get(level, {}), residuals=packers[level].done())
            for level, touched in tiers.items()
        ),
    ).save(masks)  # fmt: skip
    return Release(manifest, {level: summary(found) for level, found in alike.items() if level != CLEAN})
