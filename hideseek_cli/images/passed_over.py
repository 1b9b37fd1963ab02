"""What lies in a folder and is not read, though it is no obstacle: how much of it, why, and an example of each reason.

>>> found = PassedOver()
>>> for name in (".git", "notes.txt", "a.csv"):
...     found.add("hidden" if name[0] == "." else "no image", name)
>>> str(found), found.total
('.git (hidden), notes.txt and 1 more (no image)', 3)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from hideseek_cli.images.file_kinds import why_ignored

KEPT = 50
"""Examples of a reason, because there may be a million."""
NO_IMAGE, BESIDE, UNLISTED = "no image", "beside what is read", "not in the table"


@dataclass
class PassedOver:
    """Collects it while a folder is read."""

    root: Path = Path()
    """Below which all of it lies."""
    expected: Collection[str] = ()
    """Names that are passed over without a word."""
    counts: dict[str, int] = field(default_factory=dict)
    """By reason."""
    examples: dict[str, list[str]] = field(default_factory=dict)
    """The first KEPT of each reason, as paths below the root."""

    def add(self, why: str, place: str) -> None:
        """Note one."""
        place = place.removeprefix(f"{self.root}/")
        if place in self.expected:
            return
        self.counts[why] = self.counts.get(why, 0) + 1
        kept = self.examples.setdefault(why, [])
        if len(kept) < KEPT:
            kept.append(place)

    def ignores(self, name: str, folder: str | Path) -> bool:
        """Whether a file or folder of that name is nobody's data, which is noted; ``folder``: where it lies."""
        why = why_ignored(name)
        if why is not None:
            self.add(why, f"{folder}/{name}")
        return why is not None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def pairs(self) -> list[tuple[str, str]]:
        """Examples, and why each is passed over."""
        return [(place, why) for why, places in self.examples.items() for place in places]

    def describe(self) -> list[str]:
        """A line about it, if anything was passed over."""
        return [f"passed over in {self.root}: {self}"] if self.total else []

    def __str__(self) -> str:
        told = []
        for why, number in self.counts.items():
            more = f" and {number - 1} more" if number > 1 else ""
            told.append(f"{self.examples[why][0]}{more} ({why})")
        return ", ".join(told)
