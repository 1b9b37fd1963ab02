"""Runs whose seeds nobody knew before: drawn once, and kept with what is finished, so that a run that is resumed goes on."""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

from hideseek_cli.errors import DiskError
from hideseek_cli.runtime.journal import Journal, open_journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.software import describe_software


def open_runs(path: Path, binding: dict[str, Any], seed: int | None, progress: Progress, *, resume: bool) -> Journal:
    """What is finished, and under ``seed`` the seed of the first run: that one, or one that is drawn here.

    ``binding``: what must be the same for a run to be resumed, besides the software.
    """
    given = {} if seed is None else {"seed": seed}
    journal = open_journal(path, {**binding, **describe_software(), **given}, progress, resume=resume)
    if journal.value("seed") is None:
        remember(journal, "seed", secrets.randbits(31) if seed is None else seed)
    return journal


def remember(journal: Journal, name: str, value: Any) -> None:
    """Where nothing can be written what was interrupted starts again: no reason to fail."""
    with suppress(DiskError):
        journal.remember(name, value)
