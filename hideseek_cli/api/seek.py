"""``hs.seek``: a buyer's published folder and cleaner in, the bought level out. Imports no PyTorch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.api.machine import keep_for_resume, open_progress, open_workers
from hideseek_cli.cleaning.pipeline import SeekResult, bind, choose_place, choose_stage, journal_path
from hideseek_cli.cleaning.pipeline import seek as run
from hideseek_cli.formats import manifest
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.runtime.progress import Progress


@dataclass(frozen=True, kw_only=True)
class SeekPlan:
    """What ``seek`` would do."""

    level: str
    images: int
    path: Path
    bytes: int
    """On the disk, of the published files; those that are written take about as much."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}

    def __str__(self) -> str:
        return f"{self.path}: {self.images} images of level {self.level} would be written, about {self.bytes / 1e6:.1f} MB"


def seek(
    published: str | Path, cleaner: str | Path, *, out: str | Path | None = None, allow_missing: bool = False,
    workers: int = 0, engine: str | None = None, progress: bool | Progress = True, resume: bool = False,
    overwrite: bool = False,
) -> SeekResult:  # fmt: skip
    """Turn a published folder into the level that was bought, exactly: D_k = D_kmax + c_k (Hide-and-Seek, Equation 6).

    Args:
        published: The folder that ``hide`` wrote, as downloaded.
        cleaner: The file that was bought.
        out: Where to write; ``cleaned_k50`` for level 50 unless given.
        allow_missing: Clean what there is, though not all is.
        workers: Images that are worked on at once; 0: one a core.
        engine: Address of a dask scheduler to work on, ``tcp://host:port``.
        progress: False for silence, or an object that hears what is done (``hs.Progress``).
        resume: Go on with what an interrupted run has cleaned.
        overwrite: Replace what hideseek wrote there before.

    Raises:
        InputError: Cleaner and folder do not belong together, or an image was changed.
        DiskError: The disk cannot be read or written.
    """
    bought = Cleaner.load(as_path(cleaner))
    place = choose_place(bought.level) if out is None else as_path(out)
    with (
        open_progress(progress) as hears,
        open_workers(workers, engine) as executor,
        keep_for_resume(journal_path(place), hears),
    ):
        return run(
            as_path(published), bought, place, executor, hears, allow_missing=allow_missing, overwrite=overwrite, resume=resume
        )


def plan_seek(
    published: str | Path, cleaner: str | Path, *, out: str | Path | None = None, allow_missing: bool = False,
    resume: bool = False, overwrite: bool = False,
) -> SeekPlan:  # fmt: skip
    """Check what ``seek`` checks before it begins, say what it would do, and write nothing.

    Args:
        published, cleaner, out, allow_missing, resume, overwrite: As of ``hs.seek``.

    Raises:
        InputError: Cleaner and folder do not belong together, or the level cannot be written there.
    """
    published, bought = as_path(published), Cleaner.load(as_path(cleaner))
    listed = manifest.read(published)
    images = int(bind(listed, bought, published, allow_missing=allow_missing).sum())
    files = (published / name for name in listed.files())
    size = sum(path.stat().st_size for path in files if path.is_file())
    place = choose_place(bought.level) if out is None else as_path(out)
    refuse_inside(place, published)
    choose_stage(place, bought, overwrite=overwrite, resume=resume).check()
    return SeekPlan(level=bought.level, images=images, path=place, bytes=size)
