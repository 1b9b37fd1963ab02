"""Secret files that others on this machine may read: what is theirs already is no secret."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def describe_exposure(path: Path, what: str) -> tuple[str, ...]:
    """A sentence where others than its owner may read or change a secret file; none where it is safe, or rights say nothing."""
    if os.name != "posix" or not path.is_file() or not path.stat().st_mode & OTHERS:
        return ()
    return (f"{what} {path} is open to other users of this machine; close it with: chmod 600 {path}",)
