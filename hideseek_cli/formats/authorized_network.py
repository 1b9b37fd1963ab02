"""Network files: who is authorised to learn from a folder. Secret, like masks: whoever has one learns."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container
from hideseek_cli.formats.checks import MAX_SEED, check_count, check_text
from hideseek_cli.recipe import check_architecture

REACH = 2
"""Pixels to each side that a secret stem extends over."""
QUARTER = (3, REACH + 1, REACH + 1)
"""Shape of the part of a secret stem that says what the rest is, by symmetry."""

GREY, AROUND = 0.5, 0.87
"""How grey the colour of a secret stem is at its centre, 0 to 1, and how strong the rest is beside it: so much that noise
outlives greyscale and that no colour is the same for all waves, and no more, because a network loses what is as grey as its
stem."""
TENSOR = "lens"
"""What files and subkeys call the secret stem, from before it had that name."""


@dataclass(frozen=True, kw_only=True)
class AuthorizedNetwork:
    """An architecture, with a first layer of its own that stays as it is in training: its secret stem
    (``training.secret_stem``)."""

    arch: str
    """One of recipe.ARCHITECTURES."""
    stem: tuple[float, ...]
    """The values of its quarter, a row of QUARTER after the other."""
    seed: int | None = None
    """Of its initial weights; None: each training draws others."""

    def __post_init__(self) -> None:
        """Raises InputError where there is no such architecture."""
        check_architecture(self.arch)

    @classmethod
    def draw(cls, arch: str, key: bytes, seed: int | None = None) -> AuthorizedNetwork:
        """With the secret stem that a key says."""
        from hideseek_cli.masks import keys  # takes SciPy, which whoever only reads such a file does without

        one, other = keys.draw_thresholds(keys.derive_subkey(key, TENSOR), (2, *QUARTER))
        quarter = np.sqrt(-2 * np.log1p(-one)) * np.cos(2 * np.pi * other)  # normal, by Box and Muller
        across = quarter[:, 0, 0] - quarter[:, 0, 0].mean()
        quarter[:, 0, 0] = 0
        quarter *= AROUND / np.linalg.norm(_unfold(quarter))
        quarter[:, 0, 0] = GREY / np.sqrt(3) + np.sqrt(1 - GREY**2) * across / np.linalg.norm(across)
        return cls(arch=arch, stem=tuple(quarter.astype(np.float32).ravel().tolist()), seed=seed)

    @property
    def kernel(self) -> Float32[np.ndarray, "3 k k"]:
        """The whole secret stem, symmetric from left to right and from top to bottom, of length 1."""
        whole = _unfold(np.array(self.stem, np.float32).reshape(QUARTER))
        return whole / np.sqrt(np.square(whole).sum())

    @property
    def identity(self) -> str:
        """What tells its secret stem from others, and says nothing of it."""
        return hashlib.sha256(self.kernel.tobytes()).hexdigest()

    def save(self, path: Path) -> int:
        """Write the file; returns its size in bytes."""
        header = {"kind": "network", "arch": self.arch, "seed": self.seed}
        return container.write(path, header, {TENSOR: np.array(self.stem, np.float32).reshape(QUARTER)})

    @classmethod
    def load(cls, path: Path) -> AuthorizedNetwork:
        """Raises InputError where the file is none, or damaged."""
        with container.open_file(path, "network") as (header, tensors):
            stem, seed = container.take_tensor(tensors, TENSOR, np.float32, QUARTER), header["seed"]
            if not (np.isfinite(stem).all() and 0 < np.square(stem).sum() < np.inf):
                raise InputError("its secret stem sees nothing")
            seed = None if seed is None else check_count(seed, 0, MAX_SEED)
            return cls(arch=check_text(header["arch"]), stem=tuple(stem.ravel().tolist()), seed=seed)


def _unfold(quarter: Float[np.ndarray, "3 q q"]) -> Float[np.ndarray, "3 k k"]:
    """What a quarter says of the rest."""
    index = np.abs(np.arange(-REACH, REACH + 1))
    return quarter[:, index][:, :, index]
