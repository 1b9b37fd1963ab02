"""A buyer's road: published folder and cleaner in, the bought level out. Imports no torch.

D_k = D_kmax + c_k (Equation 6) on the images that the cleaner touches, with what clipping lost put back. Every
published image is checked against the release that the cleaner names, and what comes out against the identity that the
owner computed. A run that was interrupted leaves what it has cleaned; the next one looks at it and goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, compress, repeat, tee
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool

from hideseek_cli.cleaning import batches
from hideseek_cli.cleaning.batches import LEFT, Job, Work
from hideseek_cli.errors import InputError, count, raise_for
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.formats.manifest_rows import Spool
from hideseek_cli.images.codec import read_shape
from hideseek_cli.images.stored import require_decoders
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.journal import Journal, open_journal, path_beside
from hideseek_cli.runtime.lock import hold
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.runtime.progress import Progress

MANY = 2**16
"""Corrections of one image that fit into memory unasked."""


@dataclass(frozen=True, kw_only=True)
class SeekResult:
    """What ``seek`` wrote."""

    level: str
    images: int
    exact: bool
    """Whether the whole level came out with the identity that the owner computed; a part of it cannot be compared."""
    path: Path
    missing: int

    def to_json(self) -> dict[str, Any]:
        return {"level": self.level, "images": self.images, "exact": self.exact, "path": str(self.path),
                "missing": self.missing}  # fmt: skip

    def __str__(self) -> str:
        missing = f"{count(self.missing, 'image')} {'was' if self.missing == 1 else 'were'} missing"
        part = "exact" if self.exact else f"{missing}, so the whole cannot be compared"
        return f"{self.path}: {count(self.images, 'image')} of level {self.level}, {part}"


def bind(published: Manifest, cleaner: Cleaner, folder: Path, *, allow_missing: bool) -> Bool[np.ndarray, " n"]:
    """Which images are there to be cleaned. Raises InputError where cleaner and folder do not belong together, or what reads
    the images is not installed."""
    if published.level != PUBLISHED:
        raise InputError(f"{folder} is level {published.level} already; a cleaner applies to the published folder alone")
    if cleaner.release != published.release:
        raise InputError(
            f"this cleaner belongs to release {cleaner.release[:12]} and {folder} is release {published.release[:12]}; "
            "get the cleaner of this release, or the folder of that one"
        )
    if cleaner.classes != published.classes:
        raise InputError(f"the cleaner's classes are not those of {folder}, or in another order; get the cleaner again")
    require_decoders(digest for _, digest in published.images)
    listed = len(published.images)
    if len(cleaner.residuals.counts) != listed:
        raise InputError(f"the cleaner is for {len(cleaner.residuals.counts)} images, not {listed}")
    present = np.fromiter((source is not None for source in published.sources(folder)), np.bool_, listed)
    if not present.any():
        raise InputError(f"none of the {listed} published images is in {folder}; download it again")
    if not (allow_missing or present.all()):
        gone = list(compress(published.places(), ~present))
        way = "download them, or clean the rest with `allow_missing=True`"
        raise_for(gone, f"published images are missing from {folder}; {way}")
    return present


def list_jobs(published: Manifest, folder: Path, present: Bool[np.ndarray, " n"], begun: Path | None) -> Iterator[Job | None]:
    """One for each image, none for one that is missing; ``begun``: where an interrupted run cleaned some."""
    rows, again = tee(published.images)
    listed = zip(rows, published.output_format.sources(folder, again), present, strict=True)
    cleaned = published.output_format.sources(begun, compress(published.images, present)) if begun else repeat(None)
    for number, ((key, digest), source, here) in enumerate(listed):
        made = next(cleaned) if here else None
        yield Job(number, key, digest, source, made) if here and source is not None else None


def list_classes(published: Manifest, present: Bool[np.ndarray, " n"]) -> tuple[str, ...]:
    """The classes of the images that are there, in their order. Rows are walked through only where some are missing."""
    if present.all():
        return published.classes
    return tuple(dict.fromkeys(label for label, _ in compress(published.keys(), present)))


def journal_path(out: Path) -> Path:
    """Where it is noted that a folder is being filled; gone when it is."""
    return path_beside(out, "seek")


def seek(
    folder: Path, cleaner: Cleaner, out: Path, executor: Executor, progress: Progress, *,
    allow_missing: bool = False, overwrite: bool = False, resume: bool = False,
) -> SeekResult:  # fmt: skip
    """Write the cleaned folder. Raises InputError, and leaves the disk as it was, where anything does not fit.

    A run that is interrupted, or that the disk fails, leaves what is cleaned, with which ``resume`` goes on.
    """
    refuse_inside(out, folder)
    published = manifests.read(folder)
    present = bind(published, cleaner, folder, allow_missing=allow_missing)
    binding = {
        "published": [published.release, published.output_format.to_json()], "cleaner": [cleaner.level, cleaner.result],
        "set of images": hashlib.sha256(present.tobytes()).hexdigest(),
    }  # fmt: skip
    with hold(out, journal_path(out)) as alone:
        stage = choose_stage(out, cleaner, overwrite=overwrite, resume=resume, alone=alone)
        stage.rehearse()
        journal = open_journal(journal_path(out), binding, progress, resume=resume)
        with journal.running():
            return _clean_folder(published, folder, present, cleaner, stage, journal, executor, progress)


def choose_stage(out: Path, cleaner: Cleaner, *, overwrite: bool, resume: bool, alone: bool = False) -> StagedFolder:
    """Where the level is to appear, and may: in place of what the same run wrote before it was interrupted too."""
    begun = resume and journal_path(out).exists()
    return StagedFolder(
        out, overwrite=overwrite or (begun and _is_level(out, cleaner)), ours=partial(manifests.list_owned_files, out),
        keep=True, resume=begun, alone=alone,
    )  # fmt: skip


def _is_level(folder: Path, cleaner: Cleaner) -> bool:
    """Whether a folder says that it is what the cleaner leads to."""
    found = manifests.read(folder) if manifests.exists(folder) else None
    return found is not None and (found.release, found.level) == (cleaner.release, cleaner.level)


def _clean_folder(
    published: Manifest, folder: Path, present: Bool[np.ndarray, " n"], cleaner: Cleaner, staged: StagedFolder,
    journal: Journal, executor: Executor, progress: Progress,
) -> SeekResult:  # fmt: skip
    total = int(present.sum())

    def values(job: Job | None) -> int | None:
        """At most how many values of an image can be saturated, by its header where that matters; None where none are due."""
        try:
            if job is None or job.cleaned is not None:
                return None
            if cleaner.residuals.counts[job.number] <= MANY:
                return MANY
            return 3 * prod(read_shape(job.source, published.output_format.encoding))
        except InputError:
            return None

    def work() -> Iterator[Work]:
        here, ahead = tee(list_jobs(published, folder, present, staged.stage if staged.resume else None))
        return ((job, lost) for job, lost in zip(here, cleaner.residuals.parts(map(values, ahead)), strict=True) if job)

    faults: list[str] = []
    writer = published.output_format.open_writer(staged, list_classes(published, present))
    with staged as stage, Spool(stage.reserve_path()) as rows, writer as (put, finish):
        journal.begin()
        with stage.report_errors(manifests.NAME):
            (stage.stage / manifests.NAME).unlink(missing_ok=True)
            published.output_format.settle(stage.stage)
        if staged.resume:
            jobs = list_jobs(published, folder, present, stage.stage)
            cleaned = sum(job is not None and job.cleaned is not None for job in jobs)
            progress.say(f"resumes: {cleaned} of {total} images are cleaned already")

        clean = partial(batches.clean_batch, cleaner, published.output_format, put)
        calls = batches.batch_work(work(), total)
        for done, result in enumerate(chain.from_iterable(ordered_map(executor, clean, calls, batches.CALLS)), 1):
            if isinstance(result, str):
                faults.append(result)
            else:
                key, digest, held = result
                finish(held)
                rows.add(key, digest)
            progress.step("cleaning", done, total)
        raise_for(faults, "images do not belong to this release; download them again")
        whole = total == len(present)
        exact = whole and rows.identity.hexdigest() == cleaner.result
        if whole and not exact:
            fault = LEFT if staged.resume else "the cleaner is damaged; get it again"
            raise InputError(f"the cleaned images are not those that the owner made: {fault}")
        replace(published, level=cleaner.level, classes=tuple(rows.labels), images=rows, recipe=cleaner.recipe).write(stage)
    return SeekResult(level=cleaner.level, images=total, exact=exact, path=staged.place, missing=len(present) - total)


def choose_place(level: str) -> Path:
    """Where a level is written unless told otherwise."""
    return Path("cleaned") if level == CLEAN else Path(f"cleaned_k{level}")
