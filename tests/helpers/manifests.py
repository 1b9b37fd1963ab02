"""A manifest, and manifests as a script reads and writes them: lines of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hideseek_cli.formats.manifest import NAME, Manifest, Offer, compute_identity
from hideseek_cli.recipe import preset

DIGESTS = {("cat", "a"): "0" * 64, ("cat", "sub/b"): "1" * 64, ("dog", "ü"): "2" * 64}


def make_manifest(digests=DIGESTS) -> Manifest:
    """Of a published folder with those images."""
    return Manifest(
        level="published", release=compute_identity(digests), classes=tuple(sorted({key[0] for key in digests})), chance=66.7,
        epsilon=8, size=None, recipe=preset("quick"), images=tuple(sorted(digests.items())),
        offers=(Offer(level=50.0, price=25.0, accuracy=49.1, low=47.0, high=51.2, runs=3, clean_classes=1),),
    )  # fmt: skip


def read_lines(folder: Path) -> list[Any]:
    """The header, then class, name and digest of each image."""
    return [json.loads(line) for line in (folder / NAME).read_text().splitlines()]


def write_lines(folder: Path, lines: Iterable[Any]) -> None:
    (folder / NAME).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
