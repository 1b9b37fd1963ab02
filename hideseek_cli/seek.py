"""A buyer's road: published folder and cleaner in, the bought level out. Imports no torch.

D_k = D_kmax + c_k (Equation 6) on the pictures that the cleaner touches, with what clipping lost put back. Every
published picture is checked against the release that the cleaner names, and what comes out against the identity that the
owner computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int8

from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import Cleaner
from hideseek_cli.complaints import refuse
from hideseek_cli.entry import Key
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.manifest import CLEAN, Manifest, identity, pixel_digest
from hideseek_cli.mask import place, restore
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Source, read, shape, veiled, visible
from hideseek_cli.progress import Progress

MANY = 2**16
"""Corrections of one picture that fit into memory unasked."""


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What ``seek`` wrote."""

    level: str
    images: int
    exact: bool
    """Whether the whole level came out with the identity that the owner computed; a part of it cannot be compared."""
    path: Path
    missing: int


def bind(published: Manifest, cleaner: Cleaner, folder: Path, *, allow_missing: bool) -> dict[Key, Source]:
    """The pictures to clean, and where they lie. Raises InputError where cleaner and folder do not belong together."""
    if published.level != manifests.PUBLISHED:
        raise InputError(f"{folder} is level {published.level} already; a cleaner applies to the published folder alone")
    if cleaner.release != published.release:
        raise InputError(
            f"this cleaner belongs to release {cleaner.release[:12]} and {folder} is release {published.release[:12]}; "
            "get the cleaner of this release, or the folder of that one"
        )
    if cleaner.classes != published.classes:
        raise InputError(f"the cleaner's classes are not those of {folder}, or in another order; get the cleaner again")
    if len(cleaner.residuals.counts) != len(published.digests):
        raise InputError(f"the cleaner is for {len(cleaner.residuals.counts)} pictures, not {len(published.digests)}")
    present = published.sources(folder)
    if not present:
        raise InputError(f"none of the {len(published.digests)} published pictures is in {folder}; download it again")
    if not allow_missing:
        gone = [place for key, place in published.places().items() if key not in present]
        refuse(gone, f"published pictures are missing from {folder}; download them, or clean the rest with --allow-missing")
    return present


def seek(
    folder: Path, cleaner: Cleaner, out: Path, executor: Executor, progress: Progress, *,
    allow_missing: bool = False, overwrite: bool = False,
) -> Sought:  # fmt: skip
    """Write the cleaned folder. Raises InputError, and leaves the disk as it was, where anything does not fit."""
    published = manifests.read(folder)
    sources = bind(published, cleaner, folder, allow_missing=allow_missing)
    listed = list(published.digests)

    def values(number: int) -> int | None:
        """At most how many values of a picture can be saturated, by its header where that matters; None where it is missing."""
        try:
            if listed[number] not in sources:
                return None
            return 3 * prod(shape(sources[listed[number]])) if cleaner.residuals.counts[number] > MANY else MANY
        except InputError:
            return None

    def work() -> Iterator[tuple[int, Int8[np.ndarray, " _"]]]:
        return (pair for pair in enumerate(cleaner.residuals.parts(values)) if listed[pair[0]] in sources)

    digests: dict[Key, str] = {}
    faults: list[str] = []
    folded = StagedFolder(out, overwrite=overwrite, ours=manifests.owned(out))
    with folded as stage, published.form.writer(stage) as (put, finish):

        def clean(job: tuple[int, Int8[np.ndarray, " _"]]) -> tuple[Key, str, Any] | str:
            number, lost = job
            key = listed[number]
            path = sources[key]
            try:
                picture, icc = read(path)
            except InputError as error:
                return str(error)
            if pixel_digest(picture) != published.digests[key]:
                return f"{path} is not as it was published"
            cleaned = picture
            if cleaner.touched[number]:
                colours = visible(picture)
                height, width, channels = colours.shape
                if channels not in cleaner.patterns:
                    return f"{path} has {channels} channels, and the cleaner has no pattern for so many"
                shift = None if cleaner.shifts is None else cleaner.shifts[number : number + 1]
                mask = place(cleaner.patterns[channels], cleaner.which[number : number + 1], shift, (height, width))
                cleaned = veiled(restore(colours[None], mask, lost)[0], picture)
            return key, pixel_digest(cleaned), put(key, cleaned, icc)

        for done, result in enumerate(in_order(executor, clean, work()), 1):
            if isinstance(result, str):
                faults.append(result)
            else:
                key, digest, held = result
                digests[key] = digest
                finish(held)
            progress.step("cleaning", done, len(sources))
        refuse(faults, "pictures do not belong to this release; download them again")
        whole = len(sources) == len(published.digests)
        exact = whole and identity(digests) == cleaner.result
        if whole and not exact:
            raise InputError("the cleaned pictures are not those that the owner made: the cleaner is damaged; get it again")
        classes = tuple(name for name in published.classes if any(key[0] == name for key in digests))
        cleaned = replace(published, level=cleaner.level, classes=classes, digests=digests, recipe=cleaner.recipe)
        stage.write(manifests.NAME, cleaned.to_bytes())
    missing = len(published.digests) - len(sources)
    return Sought(level=cleaner.level, images=len(sources), exact=exact, path=out, missing=missing)


def default_folder(level: str) -> Path:
    """Where a level is written unless told otherwise."""
    return Path("cleaned") if level == CLEAN else Path(f"cleaned_k{level}")
