"""What was read of a data set, told in a few lines: classes and their images, parts, and what was passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hideseek_cli.errors import count, name_some
from hideseek_cli.images.dataset import ImageDataset
from hideseek_cli.images.layout import PARTS, Layout
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.runtime.progress import Progress

NAMED = 10
"""Classes that are named in a line."""
NOT_READ = "not read"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was read, and what becomes of the rest."""

    place: str
    """The folder that was read."""
    classes: dict[str, int]
    """Images of each class."""
    parts: dict[str, str]
    """Folder of a part of the data set -> what becomes of it, in words; none where there are no parts and no such words."""
    passed_over: PassedOver

    def describe(self) -> list[str]:
        """Three lines at most."""
        named = name_some([f"{name} {images}" for name, images in self.classes.items()], NAMED)
        total = count(sum(self.classes.values()), "image")
        lines = [f"{self.place}: {total} of {count(len(self.classes), 'class')} ({named})"] if self.classes else []
        if self.parts:
            lines.append("; ".join(f"{name}: {fate}" for name, fate in self.parts.items()))
        return [*lines, *self.passed_over.describe()]


def tell_reading(
    folder: ImageDataset, layout: Layout, fates: Mapping[str, str], progress: Progress, *, whole: str | None = None
) -> Reading:
    """Say what was read of a data set. ``fates``: what becomes of each part; ``whole``: of a folder without parts."""
    parts = {layout.name_part(part): fates.get(part, NOT_READ) for part in PARTS if part in layout.parts}
    if layout.is_whole:
        parts = {layout.name_part("train"): whole} if whole else {}
    sizes = np.bincount(folder.labels, minlength=len(folder.classes)).tolist()
    found = Reading(
        place=str(folder.root), classes=dict(zip(folder.classes, sizes, strict=True)), parts=parts,
        passed_over=layout.passed_over,
    )  # fmt: skip
    for line in found.describe():
        progress.say(line)
    return found
