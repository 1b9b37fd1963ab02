"""What ``report`` measures before it writes, if it is asked to: of metrics, verify and audit what there is no record of.

Each record is left as soon as it is made, so that an interrupted report goes on with the rest.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.api.audit import audit
from hideseek_cli.api.cleaner import make_cleaner
from hideseek_cli.api.metrics import metrics
from hideseek_cli.api.record import Result, keep_record, refuse_record
from hideseek_cli.api.seek import seek
from hideseek_cli.api.verify import verify
from hideseek_cli.cleaning.pipeline import choose_place
from hideseek_cli.errors import InputError
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.images.layout import require_folder
from hideseek_cli.reporting.findings import show_tier
from hideseek_cli.reporting.gathering import Material
from hideseek_cli.reporting.reading import read_findings
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

COMMANDS: dict[str, Callable[..., Result]] = {"metrics": metrics, "verify": verify, "audit": audit}
"""What is run, the cheapest first."""


@dataclass(frozen=True, kw_only=True)
class Means:
    """What there is to measure with."""

    clean: Path | None
    """The originals."""
    test: Path | None
    """Clean test images."""
    attacks: str
    """That an audit tries, split by commas; empty for all."""
    device: str
    workers: int
    """As every command has them."""


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A record that a release lacks."""

    command: str
    tier: str
    folder: Path
    """What it is about; that of a level is made for it where there is none."""
    wants: tuple[str, ...]
    """Arguments that it needs and that are not given."""

    @property
    def name(self) -> str:
        return f"{self.command} of {show_tier(self.tier)}"


def make_missing(material: Material, means: Means, progress: Progress) -> None:
    """Run what there is no record of and leave its record; what is wanted for the others is said in one sentence.

    Raises what the commands raise; InputError where a record could not be left.
    """
    for given in (means.clean, means.test):
        if given is not None:
            require_folder(given)
    missing = list(_list_missing(material, means))
    ready = [one for one in missing if not one.wants]
    for one in ready:
        refuse_record(one.command, _choose_words(one, means))
        if one.tier != PUBLISHED and one.tier not in material.levels and one.folder.exists():
            raise InputError(f"{one.folder} is in the way: {show_tier(one.tier)} is cleaned there for a while; move it away")
    for number, one in enumerate(ready, 1):
        progress.say(f"{number} of {len(ready)}: {one.name}")
        try:
            _make(one, material, means, progress)
        except KeyboardInterrupt:
            progress.say("records that were made are kept; the same call goes on with the rest")
            raise
    wanting = [f"{one.name} for want of {' and '.join(f'`{word}`' for word in one.wants)}" for one in missing if one.wants]
    if wanting:
        progress.say(f"left out: {', '.join(wanting)}")


def _make(one: Missing, material: Material, means: Means, progress: Progress) -> None:
    with _open_folder(one, material, means, progress):
        words = _choose_words(one, means)
        keep_record(one.command, COMMANDS[one.command](**words, progress=progress), words, progress=progress)


def _list_missing(material: Material, means: Means) -> Iterator[Missing]:
    """In the order in which they are made."""
    found = read_findings(material, public=False)

    def lack(command: str, tier: str, *needs: tuple[str, object], folder: Path = material.folder) -> Missing:
        wants = tuple(word for word, there in needs if not there)
        return Missing(command=command, tier=tier, folder=folder, wants=wants)

    test = ("test", means.test)
    if not found.has("metrics", PUBLISHED):
        yield lack("metrics", PUBLISHED, ("clean", means.clean))
    if not found.published.verified:
        yield lack("verify", PUBLISHED, test)
    for level in (one.name for one in found.levels if one.reached and not one.verified):
        place = material.levels.get(level, material.folder.resolve().parent / choose_place(level))
        had = level in material.levels or level in material.cleaners or material.masks
        yield lack("verify", level, test, ("masks", had), folder=place)
    if found.audit is None:
        yield lack("audit", PUBLISHED, test)


def _choose_words(one: Missing, means: Means) -> dict[str, Any]:
    """The arguments of a command."""
    machine = {"device": means.device, "workers": means.workers}
    if one.command == "metrics":
        return {"clean": means.clean, "other": one.folder, **machine}
    attacked = {"clean": means.clean, "attacks": means.attacks} if one.command == "audit" else {}
    return {"folder": one.folder, "test": means.test, **attacked, **machine}


@contextmanager
def _open_folder(one: Missing, material: Material, means: Means, progress: Progress) -> Iterator[None]:
    """Where a level lies nowhere, clean it where its buyer would, and take it away again."""
    if one.tier == PUBLISHED or one.tier in material.levels:
        yield
        return
    with tempfile.TemporaryDirectory() as scratch:
        bought = material.cleaners.get(one.tier)
        if bought is None:
            assert material.masks is not None
            bought = make_cleaner(material.masks, one.tier, out=as_path(scratch) / "cleaner").path
        seek(material.folder, bought, out=one.folder, workers=means.workers, progress=progress)
    try:
        yield
    finally:
        shutil.rmtree(one.folder)
