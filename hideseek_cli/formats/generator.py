"""Generator files: networks that make noise for images that were not there when they were trained; secret, like masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container

MOST = 1024
"""Pixels a side that a network sees at most."""


@dataclass(frozen=True, kw_only=True)
class Generator:
    """What a method makes noise with, and what that noise is for."""

    method: str
    epsilon: int
    strength: float
    """By which its noise is multiplied before it is clipped to ±ε."""
    classes: tuple[str, ...]
    release: str
    """Identity of the published folder with which it was trained."""
    size: tuple[int, int]
    """Height and width at which it sees images."""
    weights: dict[str, np.ndarray]

    def save(self, path: Path) -> int:
        """Write the file; returns its size in bytes."""
        header = {
            "kind": "generator", "method": self.method, "epsilon": self.epsilon, "strength": self.strength,
            "classes": list(self.classes), "release": self.release, "size": list(self.size),
        }  # fmt: skip
        return container.write(path, header, self.weights)

    @classmethod
    def load(cls, path: Path) -> Generator:
        """Raises InputError where the file is none, or damaged. Whether the weights fit is for the method to say."""
        header, tensors = container.read(path, "generator")
        size = header.get("size")
        if not (isinstance(size, list) and len(size) == 2 and all(isinstance(side, int) and 0 < side <= MOST for side in size)):
            raise InputError(f"{path} is damaged: it names no size of images; get it again")
        if not all(np.isfinite(weight).all() for weight in tensors.values()):
            raise InputError(f"{path} is damaged: some of its weights are no numbers; get it again")
        return cls(
            method=container.take_text(path, header, "method"), epsilon=int(container.take_number(path, header, "epsilon")),
            strength=container.take_number(path, header, "strength"), classes=container.take_classes(path, header),
            release=container.take_text(path, header, "release"), size=(size[0], size[1]), weights=tensors,
        )  # fmt: skip
