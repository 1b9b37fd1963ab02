"""Accuracies that were measured once and hold for good, one small file each in the user's cache folder.

A clean folder is retrained whenever it is hidden, and with the same images, recipe, seed and code it gives the same
accuracy each time. What a result depends on is hashed into its file's name, so a cache is never out of date; losing it,
or not being able to write it, costs time alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hideseek_cli.errors import DiskError
from hideseek_cli.runtime.atomic import write_whole


def cache_folder() -> Path | None:
    """``$XDG_CACHE_HOME/hideseek``, by default under ``~/.cache``; None where there is no home."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hideseek"
    except RuntimeError:
        return None


def digest_code(*packages: Path) -> str:
    """A hash over the source of packages: other code may give another result.

    Raises ValueError where a package has no source: what depends on it would never grow stale.
    """
    whole = hashlib.sha256()
    for package in packages:
        sources = sorted(package.glob("*.py"))
        if not sources:
            raise ValueError(f"{package} holds no source code")
        for path in sources:
            whole.update(path.read_bytes())
    return whole.hexdigest()


class Cache:
    """Numbers under what they depend on; ``folder`` None remembers nothing."""

    def __init__(self, folder: Path | None, depends: dict[str, Any]) -> None:
        """``depends``: in JSON, what every number of this cache depends on."""
        self.folder, self.depends = folder, depends

    def values(self, about: Any) -> list[float] | None:
        """The numbers that were remembered, or None."""
        path = self._path(about)
        try:
            return None if path is None else [float(value) for value in json.loads(path.read_bytes())["values"]] or None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def remember(self, about: Any, values: Sequence[float]) -> None:
        path = self._path(about)
        if path is not None:
            with contextlib.suppress(DiskError):
                write_whole(path, json.dumps({"values": list(values)}).encode(), secret=True)

    def _path(self, about: Any) -> Path | None:
        name = hashlib.sha256(json.dumps([self.depends, about], sort_keys=True).encode()).hexdigest()
        return None if self.folder is None else self.folder / f"{name}.json"
