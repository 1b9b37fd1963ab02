"""Generator files: networks that make noise for images that were not there when they were trained; secret, like masks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container
from hideseek_cli.formats.checks import (
    MAX_SIDE,
    MAX_STRENGTH,
    MIN_SIZE,
    check_classes,
    check_count,
    check_number,
    check_sha256,
    check_text,
)
from hideseek_cli.masks.arithmetic import MAX_EPSILON


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
        with container.open_file(path, "generator") as (header, weights):
            height, width = (check_count(side, MIN_SIZE, MAX_SIDE) for side in header["size"])
            if not all(np.isfinite(weight).all() for weight in weights.values()):
                raise InputError("some of its weights are no numbers")
            return cls(
                method=check_text(header["method"]), epsilon=check_count(header["epsilon"], 1, MAX_EPSILON),
                strength=check_number(header["strength"], 0.0, MAX_STRENGTH), classes=check_classes(header["classes"]),
                release=check_sha256(header["release"]), size=(height, width), weights=weights,
            )  # fmt: skip
