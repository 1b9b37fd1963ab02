"""Manifests as a script reads and writes them: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

NAME = "hideseek.json"


def read_lines(folder: Path) -> list[Any]:
    """The header, then class, name and digest of each image."""
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def write_lines(folder: Path, lines: Iterable[Any]) -> None:
    (folder / NAME).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
