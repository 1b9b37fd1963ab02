"""``hs.report``: a release on one page, from the records that other commands left."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hideseek_cli.api.machine import split_names
from hideseek_cli.errors import InputError
from hideseek_cli.runtime.fields import as_path

if TYPE_CHECKING:
    from hideseek_cli.reporting.result import ReportResult


def report(
    release: str | Path, *, out: str | Path = "report.html", records: Sequence[str | Path] = (),
    masks: str | Path | None = None, public: bool = False, formats: str | Sequence[str] = "html", overwrite: bool = False,
) -> ReportResult:  # fmt: skip
    """Put what is known of a release on one page: is it hidden, do its levels hold, what undoes it, as of when.

    It trains nothing. What it says comes from the manifest and from the records that ``hide``, ``verify``, ``metrics`` and
    ``audit`` leave beside folders; what has not been measured is named, with the command that would.

    Args:
        release: The published folder.
        out: The page. Other formats and single figures lie beside it, under its name.
        records: Records that lie elsewhere than beside the published folder.
        masks: The mask file, where it lies elsewhere; its record and its contact sheet lie beside it.
        public: Leave out what would help an adversary or shows an original. Without it the files are for the owner alone,
            readable by nobody else.
        formats: ``html``; ``md``, the same as Markdown without images; ``svg`` and ``png``, a file for each figure.
        overwrite: Replace reports that hideseek wrote there before.

    Raises:
        InputError: The folder is no published one, a record is damaged or of another release, or matplotlib or jinja2 is
            not installed.
        DiskError: The disk cannot be read or written.
    """
    try:
        from hideseek_cli.reporting.pipeline import ReportConfig
        from hideseek_cli.reporting.pipeline import report as run
    except ModuleNotFoundError as error:
        raise InputError(f"a report needs {error.name}; install it with: pip install 'hideseek[report]'") from error
    return run(ReportConfig(
        release=as_path(release), out=as_path(out), records=tuple(map(as_path, records)),
        masks=None if masks is None else as_path(masks), public=public, formats=split_names(formats), overwrite=overwrite,
    ))  # fmt: skip
