"""Write a release: the published folder with its manifest, and the mask file. One pass over the images.

Every image of every level is made here once by the arithmetic of ``mask``; what clipping lost, the identities of all
levels and the similarity to the original come from the same pass, so that nothing is claimed of other pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8

from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.formats.manifest import Authorized, Manifest, Offer
from hideseek_cli.formats.manifest_rows import Identity, Spool
from hideseek_cli.formats.mask_file import MaskFile, Tier
from hideseek_cli.images.folder_comparison import Comparison, summarise
from hideseek_cli.images.index import Key
from hideseek_cli.images.output_format import Put
from hideseek_cli.images.similarity import Similarity, compare_batch
from hideseek_cli.images.visibility import choose_sample, measure_visibility
from hideseek_cli.masks.canvas import Canvas, Lost, find_transparent
from hideseek_cli.masks.residuals import Packer
from hideseek_cli.publishing.rehearsal import Rehearsed, rehearse
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

MEASURED = 1_000_000
"""Pixels of images whose similarity is measured on the way; ``metrics`` measures all."""


@dataclass(frozen=True)
class _Version:
    """One image under one mask."""

    digest: str
    lost: Int8[np.ndarray, " _"]
    """What clipping lost on the way to the published image and back to this one."""
    alike: Similarity | None
    """None where it was not measured."""
    visibility: float | None


@dataclass(frozen=True)
class _Made:
    """One image at every level."""

    versions: dict[str, _Version]
    held: Any
    """What is left of its file to be finished when its turn has come."""
    spared: bool
    """Whether it has no mask somewhere, where it is wholly transparent."""


@dataclass(frozen=True)
class Release:
    """A written release: its manifest, and how like the originals each level is."""

    manifest: Manifest
    """Its rows can be walked through until the folder has appeared."""
    similarity: dict[str, Comparison]
    """By level, and for ``published``; of images evenly spread over the folder where all have more than MEASURED pixels,
    or would take FLIP too long."""


@dataclass(frozen=True)
class _Maker:
    """Makes images of one shape, at every level. What says how transparent they are stays as it is."""

    source: SourceDataset
    masks: ReleaseMasks
    tiers: dict[str, Bool[np.ndarray, " n"]]
    """Level -> images that do not carry the published mask; the clean one with the others."""
    put: Put

    def __call__(self, numbers: Sequence[int]) -> list[_Made]:
        own, keys = self.source.read_originals(numbers), [self.source.folder.records[number].key for number in numbers]
        published = self.masks.publish(own, numbers)
        held = [self.put(*one) for one in zip(keys, published.images, strict=True)]
        bare, *special = (
            self._describe(numbers, own, *self.masks.lead(own, published, numbers, level)) for level in (CLEAN, *self.masks.own)
        )
        ways = dict(zip(self.masks.own, special, strict=True))
        masked = self._describe(numbers, own, published, [np.zeros_like(one.lost) for one in bare])
        return [
            _Made(
                {PUBLISHED: masked[at]}
                | {level: (ways.get(level, bare) if bared[number] else masked)[at] for level, bared in self.tiers.items()},
                file,
                spared=spared,
            )
            for at, (number, file, spared) in enumerate(zip(numbers, held, find_transparent(own), strict=True))
        ]

    @cached_property
    def every(self) -> int:
        """Of every how many-th image similarity is measured."""
        return self.source.spread(MEASURED)

    @cached_property
    def judged(self) -> frozenset[int]:
        """The images of which visibility is measured: those by which the strength was found."""
        return frozenset(choose_sample(len(self.source)).tolist())

    def _describe(self, numbers: Sequence[int], own: Canvas, target: Canvas, lost: Lost) -> list[_Version]:
        """Images under one mask."""
        measured = [at for at, number in enumerate(numbers) if number % self.every == 0]
        judged = [at for at, number in enumerate(numbers) if number in self.judged]
        found = compare_batch(own.colours[measured], target.colours[measured]) if measured else []
        alike = dict(zip(measured, found, strict=True))
        seen = {at: measure_visibility(own.colours[at], target.colours[at]) for at in judged}
        return [_Version(*one, alike.get(at), seen.get(at)) for at, one in enumerate(zip(target.digests, lost, strict=True))]


class _Tally:
    """What is said of all images of each level, from one after another."""

    def __init__(self, tiers: Mapping[str, Bool[np.ndarray, " n"]]) -> None:
        self.tiers = tiers
        self.wholes = {level: Identity() for level in (PUBLISHED, *tiers)}
        self.alike: dict[str, list[tuple[str, Similarity]]] = {level: [] for level in self.wholes}
        self.seen: dict[str, list[float]] = {level: [] for level in self.wholes}
        self.packers = {level: Packer() for level in tiers}
        self.rehearsed: dict[str, Rehearsed] = {}
        """Of each level the image of which clipping lost most."""
        self.sparing = False

    def add(self, key: Key, made: _Made) -> None:
        self.sparing |= made.spared
        number, published = self.wholes[PUBLISHED].count, made.versions[PUBLISHED].digest
        for level, touched in self.tiers.items():
            one, best = made.versions[level], self.rehearsed.get(level)
            if touched[number] and (best is None or len(one.lost) > best.corrections):
                self.rehearsed[level] = Rehearsed(
                    number=number, key=key, published=published, cleaned=one.digest, corrections=len(one.lost)
                )
        for level, one in made.versions.items():
            self.wholes[level].add(key, one.digest)
            if one.alike is not None:
                self.alike[level].append(("/".join(key), one.alike))
            if one.visibility is not None:
                self.seen[level].append(one.visibility)
            if level in self.packers:
                self.packers[level].add(one.lost)

    def identity(self, level: str) -> str:
        """The hash over class, name and pixels of its images."""
        return self.wholes[level].hexdigest()

    def summarise(self) -> dict[str, Comparison]:
        """How like the originals each level is."""
        return {
            level: replace(summarise(found), visibility=float(np.mean(self.seen[level])), judged=len(self.seen[level]))
            for level, found in self.alike.items()
            if level != CLEAN
        }


def write_release(
    source: SourceDataset, levels: ReleaseMasks, stage: StagedFolder, executor: Executor, progress: Progress,
    *, recipe: Recipe, offers: tuple[Offer, ...], masks: Path, origin: dict[str, Any], authorized: Authorized | None = None,
    before_masks: Callable[[str], None] = lambda release: None,
) -> Release:  # fmt: skip
    """Fill ``stage`` with the published images and their manifest, and write the mask file; before that, ``before_masks``
    hears what release it is of.

    The folder appears when the stage is left, after the mask file: a published folder without its masks would have
    lost its levels for good.
    """
    tiers = {**levels.tiers, CLEAN: np.ones(len(source), bool)}
    tally, remaining = _Tally(tiers), source.folder.records.keys()
    writer = source.output_format.open_writer(stage, source.folder.classes)
    with Spool(stage.reserve_path()) as rows, writer as (put, finish):
        for some in ordered_map(executor, _Maker(source, levels, tiers, put), source.portions()):
            for key, made in zip(islice(remaining, len(some)), some, strict=True):
                finish(made.held)
                rows.add(key, made.versions[PUBLISHED].digest)
                tally.add(key, made)
            progress.step("publishing", len(rows), len(source))
    manifest = Manifest(
        level=PUBLISHED, release=tally.identity(PUBLISHED), classes=source.folder.classes, chance=source.folder.chance(),
        epsilon=levels.epsilon, size=source.size, recipe=recipe, offers=offers,
        images=rows, output_format=source.output_format, authorized=authorized,
    )  # fmt: skip
    manifest.write(stage)
    file = MaskFile(
        release=manifest.release, classes=manifest.classes, epsilon=levels.epsilon, strength=levels.strength,
        recipe=recipe, published=levels.published, which=levels.which.astype(np.int32), shifts=levels.shifts, origin=origin,
        single=levels.single, sparing=tally.sparing,
        tiers=tuple(
            Tier(level=level, strength=1 - float(touched.mean()), result=tally.identity(level), touched=touched,
                 patterns=levels.own.get(level, {}), residuals=tally.packers[level].done())
            for level, touched in tiers.items()
        ),
    )  # fmt: skip
    rehearse(stage, source.output_format, file, tally.rehearsed)
    before_masks(manifest.release)
    file.save(masks)
    return Release(manifest, tally.summarise())
