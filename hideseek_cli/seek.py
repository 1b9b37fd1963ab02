"""A buyer's road: published folder and cleaner in, the bought level out. Imports no torch.

D_k = D_kmax + c_k (Equation 6) on the pictures that the cleaner touches, with what clipping lost put back. Every
published picture is checked against the release that the cleaner names, and what comes out against the identity that the
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

import numpy as np
from jaxtyping import Bool

from hideseek_cli import cleaning
from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import Cleaner
from hideseek_cli.cleaning import LEFT, Job, Work
from hideseek_cli.complaints import refuse
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder, refuse_inside
from hideseek_cli.journal import Journal, beside
from hideseek_cli.listing import Spool
from hideseek_cli.manifest import CLEAN, Manifest
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import shape
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


def bind(published: Manifest, cleaner: Cleaner, folder: Path, *, allow_missing: bool) -> Bool[np.ndarray, " n"]:
    """Which pictures are there to be cleaned. Raises InputError where cleaner and folder do not belong together."""
    if published.level != manifests.PUBLISHED:
        raise InputError(f"{folder} is level {published.level} already; a cleaner applies to the published folder alone")
    if cleaner.release != published.release:
        raise InputError(
            f"this cleaner belongs to release {cleaner.release[:12]} and {folder} is release {published.release[:12]}; "
            "get the cleaner of this release, or the folder of that one"
        )
    if cleaner.classes != published.classes:
        raise InputError(f"the cleaner's classes are not those of {folder}, or in another order; get the cleaner again")
    listed = len(published.pictures)
    if len(cleaner.residuals.counts) != listed:
        raise InputError(f"the cleaner is for {len(cleaner.residuals.counts)} pictures, not {listed}")
    present = np.fromiter((source is not None for source in published.sources(folder)), np.bool_, listed)
    if not present.any():
        raise InputError(f"none of the {listed} published pictures is in {folder}; download it again")
    if not (allow_missing or present.all()):
        gone = list(compress(published.places(), ~present))
        refuse(gone, f"published pictures are missing from {folder}; download them, or clean the rest with --allow-missing")
    return present


def jobs(published: Manifest, folder: Path, present: Bool[np.ndarray, " n"], begun: Path | None) -> Iterator[Job | None]:
    """One for each picture, none for one that is missing; ``begun``: where an interrupted run cleaned some."""
    rows, again = tee(published.pictures)
    listed = zip(rows, published.form.sources(folder, (key for key, _ in again)), present, strict=True)
    cleaned = published.form.sources(begun, compress(published.keys(), present)) if begun else repeat(None)
    for number, ((key, digest), source, here) in enumerate(listed):
        made = next(cleaned) if here else None
        yield Job(number, key, digest, source, made) if here and source is not None else None


def journal_of(out: Path) -> Path:
    """Where it is noted that a folder is being filled; gone when it is."""
    return beside(out, "seek")


def seek(
    folder: Path, cleaner: Cleaner, out: Path, executor: Executor, progress: Progress, *,
    allow_missing: bool = False, overwrite: bool = False, resume: bool = False,
) -> Sought:  # fmt: skip
    """Write the cleaned folder. Raises InputError, and leaves the disk as it was, where anything does not fit.

    A run that is interrupted, or that the disk fails, leaves what is cleaned, with which ``resume`` goes on.
    """
    refuse_inside(out, folder)
    published = manifests.read(folder)
    present = bind(published, cleaner, folder, allow_missing=allow_missing)
    binding = {
        "published folder": [published.release, published.form.to_json()], "cleaner": [cleaner.level, cleaner.result],
        "set of pictures": hashlib.sha256(present.tobytes()).hexdigest(),
    }  # fmt: skip
    journal = Journal(journal_of(out), binding, resume=resume)
    begun = resume and journal.path.exists()
    stage = StagedFolder(out, overwrite=overwrite or begun, ours=partial(manifests.owned, out), keep=True, resume=begun)
    with journal.running():
        return _seek(published, folder, present, cleaner, stage, journal, executor, progress)


def _seek(
    published: Manifest, folder: Path, present: Bool[np.ndarray, " n"], cleaner: Cleaner, folded: StagedFolder,
    journal: Journal, executor: Executor, progress: Progress,
) -> Sought:  # fmt: skip
    total = int(present.sum())

    def values(job: Job | None) -> int | None:
        """At most how many values of a picture can be saturated, by its header where that matters; None where none are due."""
        try:
            if job is None or job.cleaned is not None:
                return None
            return 3 * prod(shape(job.source)) if cleaner.residuals.counts[job.number] > MANY else MANY
        except InputError:
            return None

    def work() -> Iterator[Work]:
        here, ahead = tee(jobs(published, folder, present, folded.stage if folded.resume else None))
        return ((job, lost) for job, lost in zip(here, cleaner.residuals.parts(map(values, ahead)), strict=True) if job)

    faults: list[str] = []
    with folded as stage, Spool(stage.aside()) as rows, published.form.writer(stage) as (put, finish):
        journal.begin()
        with stage.saying(manifests.NAME):
            (stage.stage / manifests.NAME).unlink(missing_ok=True)
            published.form.settle(stage.stage)

        clean = partial(cleaning.clean, cleaner, published.form.exif, put)
        calls = cleaning.calls(work(), total)
        for done, result in enumerate(chain.from_iterable(in_order(executor, clean, calls, cleaning.CALLS)), 1):
            if isinstance(result, str):
                faults.append(result)
            else:
                key, digest, held = result
                finish(held)
                rows.add(key, digest)
            progress.step("cleaning", done, total)
        refuse(faults, "pictures do not belong to this release; download them again")
        whole = total == len(present)
        exact = whole and rows.identity.hexdigest() == cleaner.result
        if whole and not exact:
            fault = LEFT if folded.resume else "the cleaner is damaged; get it again"
            raise InputError(f"the cleaned pictures are not those that the owner made: {fault}")
        replace(published, level=cleaner.level, classes=tuple(rows.labels), pictures=rows, recipe=cleaner.recipe).write(stage)
    return Sought(level=cleaner.level, images=total, exact=exact, path=folded.place, missing=len(present) - total)


def default_folder(level: str) -> Path:
    """Where a level is written unless told otherwise."""
    return Path("cleaned") if level == CLEAN else Path(f"cleaned_k{level}")
