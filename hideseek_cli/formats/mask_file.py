"""Mask files, the owner's and secret: safetensors, nothing unpickled, every size checked first.

A mask file holds the integer masks of every level, the images that carry them in place of the published mask, and what
clipping lost on the way: all that it takes to make the cleaner of any level.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int32, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container
from hideseek_cli.formats.checks import MAX_STRENGTH, check_classes, check_count, check_number, check_sha256
from hideseek_cli.formats.cleaner import NONE, Cleaner
from hideseek_cli.formats.levels import PUBLISHED, check_level
from hideseek_cli.formats.mask_tensors import (
    choose_format,
    make_image_tensors,
    make_mask_tensors,
    read_patterns,
    read_residuals,
    read_shifts,
    read_touched,
    read_which,
)
from hideseek_cli.masks.arithmetic import MAX_EPSILON, subtract_masks
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.recipe import Recipe


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One level of a mask file."""

    level: str
    strength: float
    """Share of the images that carry the published mask."""
    result: str
    """Identity of the level's images."""
    patterns: Patterns
    """Masks of the images that do not carry the published one; empty where those carry none."""
    touched: Bool[np.ndarray, " n"]
    """Which images those are."""
    residuals: Residuals


@dataclass(frozen=True, kw_only=True)
class MaskFile:
    """Everything that the owner needs to make cleaners; secret."""

    release: str
    classes: tuple[str, ...]
    epsilon: int
    strength: float
    """Of the published folder's mask."""
    recipe: Recipe
    published: Patterns
    which: Int32[np.ndarray, " n"]
    """The number of each image's published mask."""
    tiers: tuple[Tier, ...]
    """The levels that were reached, and the clean one."""
    shifts: UInt16[np.ndarray, "n 2"] | None
    origin: dict[str, Any]
    """What it takes to make the same bytes again, besides data, options and key: device, threads, seed, torch,
    train_images."""
    single: bool = False
    """Whether no two images share a mask."""
    sparing: bool = False
    """Whether there are images that have no mask where they are wholly transparent."""

    def make_cleaner(self, level: str) -> Cleaner:
        """The cleaner of a level (Equation 5). Raises InputError that lists the levels where it is none of them."""
        for tier in self.tiers:
            if tier.level == level:
                used = np.unique(self.which[tier.touched])
                patterns = {
                    channels: subtract_masks(tier.patterns[channels][used] if tier.patterns else np.zeros_like(masks), masks)
                    for channels, masks in ((channels, every[used]) for channels, every in self.published.items())
                }
                which = np.where(tier.touched, np.searchsorted(used, self.which), NONE).astype(np.int32)
                shifts = None if self.shifts is None else np.where(tier.touched[:, None], self.shifts, 0).astype(np.uint16)
                return Cleaner(
                    level=level, release=self.release, result=tier.result, classes=self.classes, recipe=self.recipe,
                    patterns=patterns, which=which, shifts=shifts, residuals=tier.residuals,
                    single=self.single, sparing=self.sparing,
                )  # fmt: skip
        have = ", ".join(tier.level for tier in self.tiers)
        raise InputError(f"level {level} is not in this mask file; it has: {have}")

    def save(self, path: Path) -> int:
        """Write the mask file; returns its size in bytes."""
        tensors = make_mask_tensors(self.published, PUBLISHED, self.single)
        for tier in self.tiers:
            tensors |= make_image_tensors(self.which, tier.residuals.counts, self.shifts) | make_mask_tensors(
                tier.patterns, f"{tier.level}.masks", self.single
            )
            tensors[f"{tier.level}.touched"] = np.packbits(tier.touched)
            tensors[f"{tier.level}.residual"] = np.frombuffer(tier.residuals.packed, np.uint8)
        tiers = [{"level": tier.level, "strength": tier.strength, "result": tier.result} for tier in self.tiers]
        header = {
            "kind": "masks", "release": self.release, "classes": list(self.classes), "epsilon": self.epsilon,
            "strength": self.strength, "recipe": self.recipe.to_json(), "tiers": tiers,
            "origin": self.origin,
        }  # fmt: skip
        return container.write(path, header | choose_format(self.single, self.sparing), tensors)

    @classmethod
    def load(cls, path: Path) -> MaskFile:
        """Raises InputError where the file is none, or damaged."""
        with container.open_file(path, "masks") as (header, tensors):
            published = read_patterns(tensors, PUBLISHED)
            return cls(
                release=check_sha256(header["release"]), classes=check_classes(header["classes"]),
                epsilon=check_count(header["epsilon"], 1, MAX_EPSILON),
                strength=check_number(header["strength"], 0.0, MAX_STRENGTH), recipe=Recipe.from_json(header["recipe"]),
                published=published, which=read_which(tensors, published, 0),
                tiers=tuple(_read_tier(tier, tensors, published) for tier in header["tiers"]),
                shifts=read_shifts(tensors), origin=header["origin"] if isinstance(header.get("origin"), dict) else {},
                single=header["format"] in (container.OWN_MASKS, container.OWN_SPARING),
                sparing=header["format"] in (container.SPARING, container.OWN_SPARING),
            )  # fmt: skip


def _read_tier(tier: dict[str, Any], tensors: container.Tensors, published: Patterns) -> Tier:
    level = check_level(tier["level"])
    return Tier(
        level=level, strength=check_number(tier["strength"], 0.0, 1.0), result=check_sha256(tier["result"]),
        patterns=read_patterns(tensors, f"{level}.masks", like=published), touched=read_touched(tensors, f"{level}.touched"),
        residuals=read_residuals(tensors, f"{level}.residual"),
    )  # fmt: skip
