"""A folder that hideseek wrote, laid out as hubs of data sets expect it: the same classes, names and pixels. Imports no torch.

Every image is checked against the manifest that travels along, and encoded afresh: what others have put into its file stays
behind. A run that was interrupted leaves what it has written; the next one looks at it and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from hideseek_cli.cleaning.batches import LEFT
from hideseek_cli.errors import InputError, count, raise_for, unknown
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.images.codec import Source
from hideseek_cli.images.index import FileRef, Key
from hideseek_cli.images.label_table import USUAL
from hideseek_cli.images.output_format import OutputFormat, Put
from hideseek_cli.images.parquet_index import require_pyarrow
from hideseek_cli.images.stored import read_listed, require_decoders
from hideseek_cli.images.tar_index import TarRef
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.journal import Journal, open_journal, path_beside
from hideseek_cli.runtime.lock import hold
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.runtime.progress import Progress

LAYOUTS = ("imagefolder", "parquet")
"""What ``datasets`` calls them: a file an image with ``metadata.csv`` beside them, and Parquet files."""
FILE_BYTES, FILE_IMAGES = 500_000_000, 2**16
"""Of images in one Parquet file, unless one image alone has more, and how many there are at most."""
PART = re.compile(r"(^|[-._ 0-9/])(train|training|valid|validation|val|dev|test|testing|eval|evaluation)[-._ 0-9/]")
"""What the library ``datasets`` takes for the name of a part, in a path below a folder."""
AT_ONCE = 64
"""Images under way."""


@dataclass(frozen=True, kw_only=True)
class ExportResult:
    """What ``export`` wrote."""

    layout: str
    level: str
    """``published``, a level such as ``50``, or ``clean``."""
    images: int
    files: int
    """That hold images."""
    path: Path

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "path": str(self.path)}

    def __str__(self) -> str:
        return f"{self.path}: {count(self.images, 'image')}, {self.level}, in {count(self.files, 'file')} as {self.layout}"


@dataclass(frozen=True)
class _Job:
    """One image to write."""

    key: Key
    digest: str
    source: Source
    written: Source | None
    """What an interrupted run made of it."""


@dataclass(frozen=True)
class _Done:
    """What is left of an image's file to be finished."""

    held: Any


def plan(folder: Path, layout: str) -> tuple[Manifest, Manifest]:
    """What a folder is, and what it becomes. Raises InputError where it has no manifest or not all its images."""
    if layout not in LAYOUTS:
        raise unknown("`layout`", layout, LAYOUTS)
    listed = manifests.read(folder)
    require_decoders(digest for _, digest in listed.images)
    sizes = np.fromiter(_measure_all(listed, folder), np.int64)
    lies = listed.output_format
    if layout == "parquet":
        require_pyarrow()
        each = lies.shard if lies.container == "parquet" else choose_each(sizes)
        return listed, replace(listed, output_format=replace(lies, shard=each, container="parquet", table=False))
    if USUAL in map(str.lower, listed.classes):
        raise InputError(f"{folder} has a class {USUAL}, the name of the table beside the classes; give `layout='parquet'`")
    return listed, replace(listed, output_format=replace(lies, shard=None, container="tar", table=True))


def _measure_all(listed: Manifest, folder: Path) -> Iterator[int]:
    """Bytes of each image's file, 0 of one in a Parquet file. Raises InputError where some are not there."""
    gone: list[str] = []
    for place, source in zip(listed.places(), listed.sources(folder), strict=True):
        if source is None:
            gone.append(place)
        else:
            yield source.length if isinstance(source, FileRef | TarRef) else 0
    raise_for(gone, f"images are missing from {folder}; download them first")


def choose_each(sizes: Int64[np.ndarray, " n"], most: int = FILE_BYTES) -> int:
    """Images of one file, so that none has more than so many bytes of images.

    >>> choose_each(np.array([4, 4, 4, 4, 9]), 12)
    2
    """
    each = min(len(sizes), FILE_IMAGES)
    while each > 1 and np.add.reduceat(sizes, np.arange(0, len(sizes), each)).max() > most:
        each = -(-each // 2)
    return each


def journal_path(out: Path) -> Path:
    """Where it is noted that a folder is being filled; gone when it is."""
    return path_beside(out, "export")


def choose_stage(out: Path, found: Manifest, *, overwrite: bool, resume: bool, alone: bool = False) -> StagedFolder:
    """Where the layout is to appear, and may: in place of what the same run wrote before it was interrupted too."""
    begun = resume and journal_path(out).exists()
    return StagedFolder(
        out, overwrite=overwrite or (begun and _is_same(out, found)), ours=partial(manifests.list_owned_files, out), keep=True,
        resume=begun, alone=alone,
    )  # fmt: skip


def _is_same(folder: Path, found: Manifest) -> bool:
    """Whether a folder says that it is what is to be written."""
    there = manifests.read(folder) if manifests.exists(folder) else None
    return there is not None and (there.release, there.level) == (found.release, found.level)


def export(
    folder: Path, out: Path, layout: str, executor: Executor, progress: Progress, *, overwrite: bool = False,
    resume: bool = False,
) -> ExportResult:  # fmt: skip
    """Write the layout. Raises InputError, and leaves the disk as it was, where an image is not as the manifest lists it.

    A run that is interrupted, or that the disk fails, leaves what is written, with which ``resume`` goes on.
    """
    refuse_inside(out, folder)
    listed, made = plan(folder, layout)
    binding = {
        "published": [listed.release, listed.level, listed.output_format.to_json()],
        "layout": made.output_format.to_json(),
    }
    with hold(out, journal_path(out)) as alone:
        stage = choose_stage(out, made, overwrite=overwrite, resume=resume, alone=alone)
        stage.rehearse()
        _warn_of_parts(made, progress)
        journal = open_journal(journal_path(out), binding, progress, resume=resume)
        with journal.running():
            _write_folder(listed, folder, made, stage, journal, executor, progress)
    return summarise(made, layout, out)


def _warn_of_parts(made: Manifest, progress: Progress) -> None:
    """Say so where images are files that have the names of parts."""
    if made.output_format.shard is not None:
        return
    first, more = "", -1
    for place in filter(PART.search, made.places()):
        first, more = first or place, more + 1
    if first:
        named = f"{first}{f' and {more} more' if more else ''}"
        progress.say(
            f"{named}: datasets, the library, takes such names for parts and would load those alone; give it "
            "data_files='metadata.csv', or export with `layout='parquet'`"
        )


def summarise(made: Manifest, layout: str, out: Path) -> ExportResult:
    """What is, or would be, written."""
    files = len(made.images) if made.output_format.shard is None else -(-len(made.images) // made.output_format.shard)
    return ExportResult(layout=layout, level=made.level, images=len(made.images), files=files, path=out)


def _write_folder(
    listed: Manifest, folder: Path, made: Manifest, staged: StagedFolder, journal: Journal, executor: Executor,
    progress: Progress,
) -> None:  # fmt: skip
    form, total = made.output_format, len(listed.images)
    faults: list[str] = []
    with staged as stage, form.open_writer(stage, made.classes) as (put, finish):
        journal.begin()
        with stage.report_errors(manifests.NAME):
            (stage.stage / manifests.NAME).unlink(missing_ok=True)
            form.settle(stage.stage)
        jobs = _list_jobs(listed, folder, form.sources(stage.stage, made.images) if staged.resume else repeat(None))
        write = partial(_write, listed.output_format, form, put)
        for done, result in enumerate(ordered_map(executor, write, jobs, AT_ONCE), 1):
            if isinstance(result, _Done):
                finish(result.held)
            else:
                faults.append(result)
            progress.step("exporting", done, total)
        raise_for(faults, "images are not as the manifest lists them; get them again")
        made.write(stage)


def _list_jobs(listed: Manifest, folder: Path, written: Iterable[Source | None]) -> Iterator[_Job]:
    for (key, digest), source, there in zip(listed.images, listed.sources(folder), written, strict=False):
        if source is None:
            raise InputError(f"{'/'.join(key)} was taken from {folder} meanwhile; put it back")
        yield _Job(key, digest, source, there)


def _write(form: OutputFormat, made: OutputFormat, put: Put, job: _Job) -> _Done | str:
    """Write an image; says what is wrong with one that is not what is listed. Raises InputError where what an interrupted run
    left is damaged.
    """
    if job.written is not None:
        if read_listed(job.written, job.digest, made.encoding).digest != job.digest:
            raise InputError(LEFT)
        return _Done(None)
    try:
        image = read_listed(job.source, job.digest, form.encoding, exif=form.exif)
    except InputError as error:
        return str(error)
    if image.digest != job.digest:
        return f"{job.source} is not as it is listed"
    return _Done(put(job.key, image))
