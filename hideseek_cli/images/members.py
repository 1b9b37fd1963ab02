"""Members of archives, whatever the archive: where they lie, and how they are named to a user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MemberRef:
    """A file within an archive."""

    archive: Path
    member: str

    @property
    def name(self) -> str:
        return self.member.rpartition("/")[2]

    def __str__(self) -> str:
        return f"{self.archive}:{self.member if self.member.isprintable() else ascii(self.member)[1:-1]}"
