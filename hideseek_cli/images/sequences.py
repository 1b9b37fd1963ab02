"""Images of a class that were taken one after another: frames and bursts, which follow each other by name.

Whoever took them moved, so that they are less alike than copies are. That they belong together is told by all of them: in a
folder of sequences neighbours by name are far more alike than images of a class are at random, in others they are not.

>>> from hideseek_cli.images.twins import SIDE
>>> scenes = np.random.default_rng(0).integers(0, 250, (30, SIDE**2)).repeat(5, axis=0)
>>> thumbnails = (scenes + np.arange(150)[:, None] % 5).astype(np.uint8)
>>> pairs = find_neighbours(thumbnails, np.zeros(150, np.int64))
>>> pairs.shape[1], (pairs[0] // 5 == pairs[1] // 5).all()
(120, np.True_)
>>> find_neighbours(thumbnails[np.random.default_rng(1).permutation(150)], np.zeros(150, np.int64)).shape[1]
0
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from hideseek_cli.images.twins import FLAT

DOUBTED = 0.1
"""Share of the neighbours, at most, that may be as alike by chance."""
FEWEST, LEAST = 20, 0.01
"""Neighbours that must be alike for the folder to be one of sequences, and their share of all."""
DIFFERENCES = np.arange(1, 31) / 20
"""Root mean square of the difference of logarithms, as a share of their deviation: the bounds that are tried."""
PLACES = ((1, 2), (1, 3), (2, 5), (3, 7))
"""How far, as shares of its class, each image lies from those with which it is compared at random."""
DARK = 8.0
"""Grey levels that are added before a logarithm is taken."""


def find_neighbours(thumbnails: UInt8[np.ndarray, "n t"], labels: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, "2 m"]:
    """Pairs of neighbours that belong together, by number; images come in the order of their classes and names.

    ``thumbnails``: of SIDE by SIDE pixels.
    """
    order = labels.argsort(kind="stable")
    first, sizes = np.searchsorted(labels[order], labels[order]), np.bincount(labels)[labels[order]]
    place = np.arange(len(order)) - first
    told = thumbnails[order].std(1, dtype=np.float32) >= FLAT
    near = np.flatnonzero((place + 1 < sizes) & told & np.roll(told, -1))
    others = [first + (place + sizes * part // whole) % sizes for part, whole in PLACES]
    random = np.concatenate([np.stack([np.arange(len(order)), other]) for other in others], axis=1)
    random = random[:, (random[0] != random[1]) & told[random].all(0)]
    pairs = np.stack([near, near + 1])
    apart, strange = (_measure(thumbnails[order], some) for some in (pairs, random))
    alike = np.searchsorted(np.sort(apart), DIFFERENCES)
    chance = np.searchsorted(np.sort(strange), DIFFERENCES) / max(1, len(strange)) * len(apart)
    fits = (chance <= DOUBTED * alike) & (alike >= max(FEWEST, LEAST * len(apart)))
    most = DIFFERENCES[fits].max(initial=0)
    found: Int64[np.ndarray, "2 m"] = order[pairs[:, apart < most]]
    return found


def _measure(thumbnails: UInt8[np.ndarray, "n t"], pairs: Int64[np.ndarray, "2 m"]) -> Float32[np.ndarray, " m"]:
    """By how much the images of each pair differ."""
    found = np.empty(pairs.shape[1], np.float32)
    for first in range(0, len(found), 2**14):
        some = slice(first, first + 2**14)
        one, other = (np.log(thumbnails[which[some]] + np.float32(DARK)) for which in pairs)
        spread = np.minimum(one.var(1), other.var(1))
        found[some] = np.sqrt(np.square(one - other).mean(1) / np.maximum(spread, np.float32(1e-4)))
    return found
