"""Write a release: the published folder with its manifest, and the mask file. One pass over the images.

Every image of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the similarity to the original come from the same pass, so that nothing is claimed of other pixels.
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

from hideseek_cli.formats.manifest import CLEAN, PUBLISHED, Authorized, Manifest, Offer
from hideseek_cli.formats.manifest_rows import Identity, Spool
from hideseek_cli.formats.mask_file import MaskFile, Tier
from hideseek_cli.images.codec import attach_alpha, digest_pixels, drop_alpha
from hideseek_cli.images.similarity import Comparison, Similarity, compare_batch, summarise
from hideseek_cli.masks.arithmetic import apply, compute_residuals, place, subtract_masks
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.masks.residuals import Packer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

MEASURED = 1_000_000
"""Pixels of images whose similarity is measured on the way; ``metrics`` measures all."""


@dataclass(frozen=True, kw_only=True)
class ReleaseMasks:
    """The masks of a release, by level; the strongest one first in meaning, the clean one added here."""

    epsilon: int
    published: Patterns
    which: Int64[np.ndarray, " n"]
    """The published mask of each image, by number."""
    strength: float
    tiers: dict[str, Bool[np.ndarray, " n"]]
    """Level -> images that do not carry the published mask."""
    own: dict[str, Patterns]
    """Level -> the masks that those carry, by the same numbers, where it is not none."""
    shifts: UInt16[np.ndarray, "n 2"] | None


@dataclass(frozen=True)
class _Version:
    """One image under one mask."""

    digest: str
    lost: Int8[np.ndarray, " _"]
    """What clipping lost on the way to the published image and back to this one."""
    alike: Similarity | None
    """None where it was not measured."""


@dataclass(frozen=True)
class _Made:
    """One image at every level."""

    versions: dict[str, _Version]
    held: Any
    """What is left of its file to be finished when its turn has come."""


@dataclass(frozen=True)
class Release:
    """A written release: its manifest, and how like the originals each level is."""

    manifest: Manifest
    """Its rows can be walked through until the folder has appeared."""
    similarity: dict[str, Comparison]
    """By level, and for ``published``; of images evenly spread over the folder where all have more than MEASURED pixels."""


def write_release(
    source: SourceDataset, levels: ReleaseMasks, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, offers: tuple[Offer, ...], masks: Path, origin: dict[str, Any], authorized: Authorized | None = None,
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published images and their manifest, and write the mask file.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    folder, tiers = source.folder, {**levels.tiers, CLEAN: np.ones(len(source), bool)}
    every = source.spread(MEASURED)

    def make(numbers: Sequence[int]) -> list[_Made]:
        """Images of one shape, at every level. What says how transparent they are stays as it is."""
        own, notes, digests = source.own(numbers)
        clean = drop_alpha(own)
        height, width, channels = clean.shape[1:]
        shift = None if levels.shifts is None else levels.shifts[numbers]
        strongest = place(levels.published[channels], levels.which[numbers], shift, (height, width))
        published = apply(clean, strongest)
        measured = [position for position, number in enumerate(numbers) if number % every == 0]
        held = [
            put(folder.records[number].key, *one)
            for number, *one in zip(numbers, attach_alpha(published, own), notes, strict=True)
        ]

        def versions(
            target: UInt8[np.ndarray, "n y x c"], lost: list[Int8[np.ndarray, " _"]], known: list[str] | None = None
        ) -> list[_Version]:
            alike = dict(zip(measured, compare_batch(clean[measured], target[measured]) if measured else (), strict=True))
            whole = known or [digest_pixels(file) for file in attach_alpha(target, own)]
            return [_Version(*one, alike.get(position)) for position, one in enumerate(zip(whole, lost, strict=True))]

        bare = versions(clean, compute_residuals(published, -strongest, clean), digests)
        masked = versions(published, [np.zeros_like(one.lost) for one in bare])
        special = {}
        for level, patterns in levels.own.items():
            mask = place(patterns[channels], levels.which[numbers], shift)
            target = apply(clean, mask)
            special[level] = versions(target, compute_residuals(published, subtract_masks(mask, strongest), target))

        def at(level: str, position: int) -> _Version:
            return (special.get(level, bare) if tiers[level][numbers[position]] else masked)[position]

        return [
            _Made({PUBLISHED: masked[position], **{level: at(level, position) for level in tiers}}, one)
            for position, one in enumerate(held)
        ]

    wholes = {level: Identity() for level in (PUBLISHED, *tiers)}
    alike: dict[str, list[tuple[str, Similarity]]] = {level: [] for level in wholes}
    packers = {level: Packer() for level in tiers}
    remaining = folder.records.keys()
    with Spool(stage.reserve_path()) as rows, source.output_format.writer(stage) as (put, finish):
        for some in ordered_map(executor, make, source.portions()):
            for key, made in zip(islice(remaining, len(some)), some, strict=True):
                finish(made.held)
                rows.add(key, made.versions[PUBLISHED].digest)
                for level, one in made.versions.items():
                    wholes[level].add(key, one.digest)
                    if one.alike is not None:
                        alike[level].append(("/".join(key), one.alike))
                    if level in packers:
                        packers[level].add(one.lost)
            progress.step("publishing", len(rows), len(source))
    identities = {level: whole.hexdigest() for level, whole in wholes.items()}
    manifest = Manifest(
        level=PUBLISHED, release=identities[PUBLISHED], classes=folder.classes, chance=folder.chance(),
        epsilon=levels.epsilon, size=source.size, recipe=recipe, offers=offers,
        images=rows, output_format=source.output_format, authorized=authorized,
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
    return Release(manifest, {level: summarise(found) for level, found in alike.items() if level != CLEAN})
