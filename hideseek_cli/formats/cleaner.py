"""Cleaner files, which are sold: safetensors, nothing unpickled, every size checked first.

A cleaner holds, for one level, c_k = m_k - m_kmax, the images that it touches and the residual; the clean level is the one
that touches all and whose mask is zero. Of masks that belong to images that it does not touch it holds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int32, UInt16

from hideseek_cli.formats import container
from hideseek_cli.formats.checks import check_classes, check_sha256
from hideseek_cli.formats.levels import check_level
from hideseek_cli.formats.mask_tensors import (
    choose_format,
    make_image_tensors,
    make_mask_tensors,
    read_patterns,
    read_residuals,
    read_shifts,
    read_which,
)
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.recipe import Recipe

NONE = -1
"""In place of the number of a mask, where a cleaner leaves an image as it is."""


@dataclass(frozen=True, kw_only=True)
class Cleaner:
    """What a buyer of one level gets."""

    level: str
    release: str
    """Identity of the published folder that it belongs to."""
    result: str
    """Identity of the folder that it leads to."""
    classes: tuple[str, ...]
    recipe: Recipe
    patterns: Patterns
    """The masks to add, of the images that it touches and no others."""
    which: Int32[np.ndarray, " n"]
    """The number of each image's mask; NONE where it stays as it was published."""
    shifts: UInt16[np.ndarray, "n 2"] | None
    residuals: Residuals
    single: bool = False
    """Whether no two images share a mask, so that masks are as many as images and are packed."""
    sparing: bool = False
    """Whether an image has no mask where it is wholly transparent; older releases that have such images have masks there."""

    @property
    def touched(self) -> Bool[np.ndarray, " n"]:
        """Which images the cleaner is for."""
        return self.which != NONE

    def save(self, path: Path) -> int:
        """Write the cleaner; returns its size in bytes."""
        header = {
            "kind": "cleaner", "level": self.level, "release": self.release, "result": self.result,
            "classes": list(self.classes), "recipe": self.recipe.to_json(),
        }  # fmt: skip
        return container.write(path, header | choose_format(self.single, self.sparing), {
            **make_mask_tensors(self.patterns, "masks", self.single),
            **make_image_tensors(self.which, self.residuals.counts, self.shifts),
            "residual": np.frombuffer(self.residuals.packed, np.uint8),
        })  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> Cleaner:
        """Raises InputError where the file is none, or damaged."""
        with container.open_file(path, "cleaner") as (header, tensors):
            patterns = read_patterns(tensors, "masks")
            return cls(
                level=check_level(header["level"]),
                release=check_sha256(header["release"]),
                result=check_sha256(header["result"]),
                classes=check_classes(header["classes"]),
                recipe=Recipe.from_json(header["recipe"]),
                patterns=patterns,
                which=read_which(tensors, patterns, NONE),
                shifts=read_shifts(tensors),
                residuals=read_residuals(tensors, "residual"),
                single=header["format"] in (container.OWN_MASKS, container.OWN_SPARING),
                sparing=header["format"] in (container.SPARING, container.OWN_SPARING),
            )
