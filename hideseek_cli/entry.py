"""One labelled picture: its class, its name and where it lies, and which names are safe."""

from __future__ import annotations

from dataclasses import dataclass

from hideseek_cli.picture import Source

Key = tuple[str, str]
"""Class and name of a picture."""
MAX_NAME = 240
"""Bytes that a class or a picture's name may have without suffix (file systems allow 255 with it)."""


@dataclass(frozen=True)
class Entry:
    """One picture: its class, its name (path below the class's folder, without suffix, forward slashes), where it lies."""

    label: str
    name: str
    path: Source

    @property
    def key(self) -> Key:
        return self.label, self.name


def safe(key: Key) -> bool:
    """Whether a class and a name may become a path below an output folder, on any system, and stand in a table."""
    parts = (key[0], *key[1].split("/"))
    return "/" not in key[0] and all(
        part.isprintable() and part.strip() and not part.startswith(".") and "\\" not in part
        and len(part.encode()) <= MAX_NAME
        for part in parts
    )  # fmt: skip
