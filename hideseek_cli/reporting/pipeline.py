"""`report`, in its order of work: find what is known, read it, draw it, and write every file that was asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hideseek_cli.errors import InputError, unknown
from hideseek_cli.formats import manifest
from hideseek_cli.reporting.commands import list_gaps
from hideseek_cli.reporting.figures import Figure, list_figures
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.inventory import list_files
from hideseek_cli.reporting.page import Contents, render_html, render_markdown
from hideseek_cli.reporting.reading import read_findings
from hideseek_cli.reporting.result import ReportResult
from hideseek_cli.reporting.sentences import make_statements
from hideseek_cli.reporting.sheet import embed
from hideseek_cli.reporting.style import MARK, make_standalone
from hideseek_cli.runtime import atomic, places
from hideseek_cli.runtime.fields import NAMES, PATH, PATHS, Names, Place, Places, settle

PAGE = "report.html"
FORMATS = ("html", "md", "svg", "png")
BEGINNING = 2_000
"""Bytes of a file in which it says what it is."""


@dataclass(frozen=True, kw_only=True)
class ReportConfig:
    """What is reported, of what, and where to."""

    release: Place = field(metadata=PATH)
    """The published folder."""
    out: Place = field(metadata=PATH)
    """The page, or a folder for it; other formats and single figures lie beside it, under its name."""
    records: Places = field(default=(), metadata=PATHS)
    masks: Place | None = field(default=None, metadata=PATH)
    public: bool = False
    """Leave out what would help an adversary or shows an original."""
    formats: Names = field(default=("html",), metadata=NAMES)
    overwrite: bool = False

    def __post_init__(self) -> None:
        """Raises InputError."""
        settle(self)
        for one in self.formats or ("",):
            if one not in FORMATS:
                raise unknown("`formats`", one, FORMATS)

    def place(self, *words: str) -> Path:
        """``report.html`` for ``html``, ``report.curve.svg`` for ``curve`` and ``svg``."""
        page = self.out / PAGE if self.out.is_dir() else self.out
        stem = page.stem if page.suffix.lstrip(".") in FORMATS else page.name
        return page.with_name(".".join([stem, *words]))


def check_pages(config: ReportConfig) -> None:
    """Raise InputError where a page may not be written, before there is work to lose."""
    for one in {"html", "md"} & {*config.formats}:
        _check_place(config, config.place(one))


def report(config: ReportConfig) -> ReportResult:
    """Write the report of a release. Raises InputError and DiskError; then no file is replaced."""
    check_pages(config)
    material = gather(config.release, config.records, config.masks)
    found = read_findings(material, public=config.public)
    figures = list_figures(found, png="png" in config.formats)
    shown = "html" in config.formats and material.sheet is not None and not config.public
    contents = Contents(
        found=found, figures=figures, files=list_files(material, public=config.public),
        sheet=embed(material.sheet) if shown and material.sheet else None,
        remarks=() if config.public else material.remarks,
    )  # fmt: skip
    files = {
        **({config.place("html"): render_html(contents)} if "html" in config.formats else {}),
        **_save_figures(config, figures),
        **({config.place("md"): render_markdown(contents, _name_images(config, figures))} if "md" in config.formats else {}),
    }
    if not files:
        raise InputError(
            f"nothing that could be drawn is known of {config.release}; measure it first, or ask for `formats='html'`"
        )
    for path in files:
        _check_place(config, path)
    for path, content in files.items():
        atomic.write_whole(path, content, secret=not config.public)
    return ReportResult(
        release=found.release, public=config.public, written=tuple((path, len(content)) for path, content in files.items()),
        statements=make_statements(found), gaps=list_gaps(found), remarks_on_records=material.remarks,
    )  # fmt: skip


def _save_figures(config: ReportConfig, figures: Sequence[Figure]) -> dict[Path, bytes]:
    found = {}
    for one in figures:
        if "svg" in config.formats:
            found[config.place(one.name, "svg")] = make_standalone(one.svg)
        if "png" in config.formats:
            found[config.place(one.name, "png")] = one.png
    return found


def _name_images(config: ReportConfig, figures: Sequence[Figure]) -> dict[str, str]:
    """The file of each figure that a Markdown page shows: one that follows the page's colours, where there is."""
    suffix = next((one for one in ("svg", "png") if one in config.formats), None)
    return {} if suffix is None else {one.name: config.place(one.name, suffix).name for one in figures}


def _check_place(config: ReportConfig, path: Path) -> None:
    """Raise InputError where a file may not be written: into a folder that is published or read, or over what is not ours."""
    places.refuse_existing(path, config.overwrite)
    if os.path.lexists(path):
        with path.open("rb") as file:
            ours = MARK.encode() in file.read(BEGINNING)
        if not ours:
            raise InputError(f"{path} is no report of hideseek's, which alone `overwrite=True` replaces; choose another place")
    public = next((parent for parent in path.absolute().parents if manifest.exists(parent)), None)
    if public is not None:
        raise InputError(f"{path} would lie inside {public}, a folder that hideseek wrote; choose another place")
