"""``hs.report``: a release on one page, from the records that other commands left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hideseek_cli.api.machine import open_progress, split_names
from hideseek_cli.errors import InputError
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    from hideseek_cli.reporting.result import ReportResult


def report(
    release: str | Path, *, out: str | Path = "report.html", records: Sequence[str | Path] = (),
    masks: str | Path | None = None, public: bool = False, formats: str | Sequence[str] = "html", run: bool = False,
    clean: str | Path | None = None, test: str | Path | None = None, attacks: str | Sequence[str] = (), device: str = "auto",
    workers: int = 0, progress: bool | Progress = True, overwrite: bool = False,
) -> ReportResult:  # fmt: skip
    """Put what is known of a release on one page: is it hidden, do its levels hold, what undoes it, as of when.

    What it says comes from the manifest and from the records that ``hide``, ``verify``, ``metrics`` and ``audit`` leave beside
    folders; what has not been measured is named, with the command that would. It trains nothing, unless ``run`` asks for
    the records that are not there: those of ``metrics``, of ``verify`` on the published folder and on every level, and of
    ``audit``.

    Args:
        release: The published folder.
        out: The page. Other formats and single figures lie beside it, under its name.
        records: Records that lie elsewhere than beside the published folder.
        masks: The mask file, where it lies elsewhere; its record and its contact sheet lie beside it. Levels are made with
            it for ``run``, beside the published folder and for as long as they are measured, where they do not lie there.
        public: Leave out what would help an adversary or shows an original. Without it the files are for the owner alone,
            readable by nobody else.
        formats: ``html``; ``md``, the same as Markdown without images; ``svg`` and ``png``, a file for each figure.
        run: Make the records that are missing before the page is written, and leave them. What it lacks an argument for
            is left out, and a sentence says so.
        clean: The originals, for ``metrics`` and ``audit``.
        test: Clean test images of the same classes, for ``verify`` and ``audit``.
        attacks: Of the audit, which takes longest: names; all that what is given allows unless named.
        device, workers, progress: As of ``hs.verify``.
        overwrite: Replace reports that hideseek wrote there before.

    Raises:
        InputError: The folder is no published one, a record is damaged or of another release, what is given for ``run`` does
            not fit, or matplotlib or jinja2 is not installed.
        DiskError: The disk cannot be read or written.
    """
    try:
        from hideseek_cli.reporting.pipeline import ReportConfig, check_pages
        from hideseek_cli.reporting.pipeline import report as write
    except ModuleNotFoundError as error:
        raise InputError(f"a report needs {error.name}; install it with: pip install 'hideseek[report]'") from error
    config = ReportConfig(
        release=as_path(release), out=as_path(out), records=tuple(map(as_path, records)),
        masks=None if masks is None else as_path(masks), public=public, formats=split_names(formats), overwrite=overwrite,
    )  # fmt: skip
    idle = next((name for name, value in (("clean", clean), ("test", test), ("attacks", attacks)) if value), None)
    if run:
        from hideseek_cli.api.missing import Means, make_missing
        from hideseek_cli.reporting.gathering import gather

        check_pages(config)
        means = Means(
            clean=None if clean is None else as_path(clean), test=None if test is None else as_path(test),
            attacks=",".join(split_names(attacks)), device=device, workers=workers,
        )  # fmt: skip
        with open_progress(progress) as hears:
            make_missing(gather(config.release, config.records, config.masks), means, hears)
    elif idle is not None:
        raise InputError(f"`{idle}` is for what `run=True` measures; give both, or neither")
    return write(config)
