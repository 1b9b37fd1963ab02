"""``hs.export``: a folder that hideseek wrote, laid out as hubs of data sets expect it. Imports no PyTorch."""

from __future__ import annotations

from pathlib import Path

from hideseek_cli.api.machine import keep_for_resume, open_progress, open_workers
from hideseek_cli.cleaning.export import ExportResult, choose_stage, journal_path, plan, summarise
from hideseek_cli.cleaning.export import export as run
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.runtime.progress import Progress


def export(
    published: str | Path, *, out: str | Path = "exported", layout: str = "imagefolder", workers: int = 0,
    engine: str | None = None, progress: bool | Progress = True, resume: bool = False, overwrite: bool = False,
) -> ExportResult:  # fmt: skip
    """Lay a published or cleaned folder out for a hub of data sets: the same classes, names and pixels, in files that the
    library ``datasets`` loads and that hideseek reads as it reads the folder itself.

    Args:
        published: The folder that ``hide``, ``seek`` or ``export`` wrote, with its manifest.
        out: The folder to write.
        layout: ``imagefolder``: a file an image, in a folder a class, with ``metadata.csv``. ``parquet``: Parquet files of
            at most 500 MB of images (needs the extra ``hub``).
        workers: Images that are worked on at once; 0: one a core.
        engine: Address of a dask scheduler to work on, ``tcp://host:port``.
        progress: False for silence, or an object that hears what is done (``hs.Progress``).
        resume: Go on with what an interrupted run has written.
        overwrite: Replace what hideseek wrote there before.

    Raises:
        InputError: The folder has no manifest, or an image is missing or not as it is listed.
        DiskError: The disk cannot be read or written.
    """
    place = as_path(out)
    with (
        open_progress(progress) as hears,
        open_workers(workers, engine) as executor,
        keep_for_resume(journal_path(place), hears),
    ):
        return run(as_path(published), place, layout, executor, hears, overwrite=overwrite, resume=resume)


def plan_export(
    published: str | Path, *, out: str | Path = "exported", layout: str = "imagefolder", resume: bool = False,
    overwrite: bool = False,
) -> ExportResult:  # fmt: skip
    """Check what ``export`` checks before it begins, say what it would write, and write nothing. Pixels are not looked at.

    Args:
        published, out, layout, resume, overwrite: As of ``hs.export``.

    Raises:
        InputError: The folder has no manifest, an image is missing, or the layout cannot be written there.
    """
    folder, place = as_path(published), as_path(out)
    refuse_inside(place, folder)
    _, made = plan(folder, layout)
    choose_stage(place, made, overwrite=overwrite, resume=resume).check()
    return summarise(made, layout, place)
