"""Mask files (secret, the owner's) and cleaner files (sold): safetensors, nothing unpickled, every size checked first.

A mask file holds the integer masks of every level, the pictures that carry them in place of the published mask, and what
clipping lost on the way. A cleaner holds, for one level, c_k = m_k - m_kmax, the pictures that it touches and the
residual; the clean level is the one that touches all and whose mask is zero. Of masks that belong to pictures that it does
not touch a cleaner holds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Int8, Int32, UInt16, UInt32

from hideseek_cli import container
from hideseek_cli.errors import InputError
from hideseek_cli.manifest import PUBLISHED
from hideseek_cli.mask import difference
from hideseek_cli.packed import Packed, masks_of
from hideseek_cli.recipe import Recipe
from hideseek_cli.residuals import Residuals

Patterns = Mapping[int, Int8[np.ndarray, "p h w _"] | Packed]
"""Masks by the number of channels of the pictures that they belong to: 3, and 1 for grey pictures. Those of pictures that
share none are packed when they are read from a file."""
NONE = -1
"""In place of the number of a mask, where a cleaner leaves a picture as it is."""


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
    """The masks to add, of the pictures that it touches and no others."""
    which: Int32[np.ndarray, " n"]
    """The number of each picture's mask; NONE where it stays as it was published."""
    shifts: UInt16[np.ndarray, "n 2"] | None
    residuals: Residuals
    single: bool = False
    """Whether no two pictures share a mask, so that masks are as many as pictures and are packed."""

    @property
    def touched(self) -> Bool[np.ndarray, " n"]:
        """Which pictures the cleaner is for."""
        return self.which != NONE

    def save(self, path: Path) -> int:
        """Write the cleaner; returns its size in bytes."""
        header = {
            "kind": "cleaner", "level": self.level, "release": self.release, "result": self.result,
            "classes": list(self.classes), "recipe": self.recipe.to_json(),
        }  # fmt: skip
        return container.write(path, header | _format(self.single), {
            **_masks(self.patterns, "masks", self.single), **_common(self.which, self.residuals.counts, self.shifts),
            "residual": np.frombuffer(self.residuals.packed, np.uint8),
        })  # fmt: skip

    @classmethod
    def load(cls, path: Path) -> Cleaner:
        header, tensors = container.read(path, "cleaner")
        patterns = _patterns(path, tensors, "masks")
        return cls(
            level=container.text(path, header, "level"),
            release=container.text(path, header, "release"),
            result=container.text(path, header, "result"),
            classes=container.classes(path, header),
            recipe=Recipe.from_json(header.get("recipe")),
            patterns=patterns,
            which=_which(path, tensors, patterns, NONE),
            shifts=_shifts(path, tensors),
            residuals=_residuals(path, tensors, "residual"),
            single=header["format"] == container.OWN_MASKS,
        )


@dataclass(frozen=True, kw_only=True)
class Tier:
    """One level of a mask file."""

    level: str
    strength: float
    """Share of the pictures that carry the published mask."""
    result: str
    """Identity of the level's pictures."""
    patterns: Patterns
    """Masks of the pictures that do not carry the published one; empty where those carry none."""
    touched: Bool[np.ndarray, " n"]
    """Which pictures those are."""
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
    """The number of each picture's published mask."""
    tiers: tuple[Tier, ...]
    """The levels that were reached, and the clean one."""
    shifts: UInt16[np.ndarray, "n 2"] | None
    origin: dict[str, Any]
    """What it takes to make the same bytes again, besides data, options and key: device, threads, seed, torch,
    train_images."""
    single: bool = False
    """Whether no two pictures share a mask."""

    def cleaner(self, level: str) -> Cleaner:
        """The cleaner of a level (Equation 5). Raises InputError that lists the levels where it is none of them."""
        for tier in self.tiers:
            if tier.level == level:
                used = np.unique(self.which[tier.touched])
                patterns = {
                    channels: difference(tier.patterns[channels][used] if tier.patterns else np.zeros_like(masks), masks)
                    for channels, masks in ((channels, every[used]) for channels, every in self.published.items())
                }
                which = np.where(tier.touched, np.searchsorted(used, self.which), NONE).astype(np.int32)
                shifts = None if self.shifts is None else np.where(tier.touched[:, None], self.shifts, 0).astype(np.uint16)
                return Cleaner(
                    level=level, release=self.release, result=tier.result, classes=self.classes, recipe=self.recipe,
                    patterns=patterns, which=which, shifts=shifts, residuals=tier.residuals,
                    single=self.single,
                )  # fmt: skip
        have = ", ".join(tier.level for tier in self.tiers)
        raise InputError(f"level {level} is not in this mask file; it has: {have}")

    def save(self, path: Path) -> int:
        """Write the mask file; returns its size in bytes."""
        tensors = _masks(self.published, PUBLISHED, self.single)
        for tier in self.tiers:
            tensors |= _common(self.which, tier.residuals.counts, self.shifts) | _masks(
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
        return container.write(path, header | _format(self.single), tensors)

    @classmethod
    def load(cls, path: Path) -> MaskFile:
        header, tensors = container.read(path, "masks")
        published = _patterns(path, tensors, PUBLISHED)
        tiers = tuple(
            Tier(
                level=container.text(path, tier, "level"), strength=container.number(path, tier, "strength"),
                result=container.text(path, tier, "result"),
                patterns=_patterns(path, tensors, f"{tier['level']}.masks", like=published),
                touched=_touched(path, tensors, f"{tier['level']}.touched"),
                residuals=_residuals(path, tensors, f"{tier['level']}.residual"),
            )
            for tier in _tiers(path, header)
        )  # fmt: skip
        return cls(
            release=container.text(path, header, "release"), classes=container.classes(path, header),
            epsilon=int(container.number(path, header, "epsilon")), strength=container.number(path, header, "strength"),
            recipe=Recipe.from_json(header.get("recipe")),
            published=published, which=_which(path, tensors, published, 0), tiers=tiers, shifts=_shifts(path, tensors),
            origin=header["origin"] if isinstance(header.get("origin"), dict) else {},
            single=header["format"] == container.OWN_MASKS,
        )  # fmt: skip


def _common(
    which: Int32[np.ndarray, " n"], counts: UInt32[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None
) -> dict[str, np.ndarray]:
    """What a mask file and a cleaner say of every picture."""
    return {"which": which, "saturated": counts, **({} if shifts is None else {"shifts": shifts})}


def _format(single: bool) -> dict[str, int]:
    return {"format": container.OWN_MASKS} if single else {}


def _masks(patterns: Patterns, prefix: str, single: bool) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    for channels, masks in patterns.items():
        dense = masks.whole() if isinstance(masks, Packed) else masks
        name = f"{prefix}.c{channels}"
        tensors |= Packed.of(dense).tensors(name) if single and len(dense) else {name: dense}
    return tensors


def _patterns(path: Path, tensors: dict[str, np.ndarray], prefix: str, like: Patterns | None = None) -> Patterns:
    """Masks by channels; with ``like``, as many of the same shapes, or none at all."""
    shapes = {c: masks.shape for c, masks in like.items()} if like else {c: (-1, -1, -1, c) for c in (1, 3)}
    taken = {channels: masks_of(path, tensors, f"{prefix}.c{channels}", shape) for channels, shape in shapes.items()}
    found = {channels: masks for channels, masks in taken.items() if masks is not None}
    odd = 0 < len(found) < len(like) if like else len({len(masks) for masks in found.values()}) != 1
    if odd:
        raise InputError(f"{path} is damaged: {prefix} is missing or incomplete; get it again")
    return found


def _which(path: Path, tensors: dict[str, np.ndarray], patterns: Patterns, least: int) -> Int32[np.ndarray, " n"]:
    """The number of each picture's mask, from ``least``; a number beyond the masks is refused."""
    count = len(container.take(path, tensors, "saturated", np.uint32, (-1,)))
    which = container.take(path, tensors, "which", np.int32, (count,))
    if which.min(initial=0) < least or which.max(initial=0) >= len(next(iter(patterns.values()))):
        raise InputError(f"{path} is damaged: it names masks that it does not hold; get it again")
    return which


def _residuals(path: Path, tensors: dict[str, np.ndarray], name: str) -> Residuals:
    counts = container.take(path, tensors, "saturated", np.uint32, (-1,))
    return Residuals(counts=counts, packed=container.take(path, tensors, name, np.uint8, (-1,)).tobytes())


def _touched(path: Path, tensors: dict[str, np.ndarray], name: str) -> Bool[np.ndarray, " n"]:
    count = len(container.take(path, tensors, "saturated", np.uint32, (-1,)))
    return np.unpackbits(container.take(path, tensors, name, np.uint8, (-(-count // 8),)), count=count).astype(bool)


def _shifts(path: Path, tensors: dict[str, np.ndarray]) -> UInt16[np.ndarray, "n 2"] | None:
    if "shifts" not in tensors:
        return None
    counts = container.take(path, tensors, "saturated", np.uint32, (-1,))
    return container.take(path, tensors, "shifts", np.uint16, (len(counts), 2))


def _tiers(path: Path, header: dict[str, Any]) -> list[dict[str, Any]]:
    tiers = header.get("tiers")
    if not isinstance(tiers, list) or not all(isinstance(tier, dict) for tier in tiers):
        raise InputError(f"{path} is damaged: it has no tiers; get it again")
    return tiers
