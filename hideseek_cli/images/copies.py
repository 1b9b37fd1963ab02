"""Copies among images: equal ones, and one that was resized or compressed again.

Equal images have equal digests. For the rest each image is told by a thumbnail of SIDE by SIDE grey levels, in which copies
differ by some hundredths of the contrast and different images by more. Not all are compared with all: a table sorts
thumbnails into buckets, by the sides of random planes on which they lie, and of several tables one at least has two copies
in one bucket. In a crowded bucket each is compared with those next to it in brightness, so that the time stays in
proportion to the number of images, whatever they are.

>>> one, other = np.arange(64, dtype=np.uint8), np.arange(64, dtype=np.uint8)[::-1]
>>> find_copies(np.array([[1], [2], [3], [1]], np.uint8), np.stack([one, other, other + 1, one])).tolist()
[0, 1, 1, 0]
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float32, Int64, UInt8, UInt32
from PIL import Image
from scipy.fft import dctn
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hideseek_cli.images.codec import Pixels, drop_alpha

SIDE = 8
LOOKED = 256
"""Pixels of an image's shorter side, at least, that its thumbnail is made of; of a larger one every so many-th."""
TOLERANCE, ROUNDING = 0.1, 0.5
"""Root mean square by which thumbnails of copies differ at most: a share of the standard deviation of the flatter one, and
what grey levels are rounded by."""
FLAT = 2.0
"""Grey levels of standard deviation below which a thumbnail does not tell one image from another; its digest does."""
TABLES, PLANES = 8, 20
WAVES = 32
"""Lowest frequencies that decide on which side of a plane a thumbnail lies; copies differ most in the highest ones."""
NEIGHBOURS = 32
"""Of its bucket with which a thumbnail is compared."""
PORTION = 2**16
"""Thumbnails that are worked on at once."""


def make_thumbnail(image: Pixels, side: int = SIDE) -> UInt8[np.ndarray, " t"]:
    """The image's colours as ``side`` by ``side`` grey levels."""
    step = max(1, min(image.shape[:2]) // LOOKED)
    colours = drop_alpha(image[step // 2 :: step, step // 2 :: step])
    grey = Image.fromarray(colours[:, :, 0] if colours.shape[2] == 1 else colours).convert("L")
    return np.asarray(grey.resize((side, side), Image.Resampling.HAMMING)).ravel()


def find_copies(digests: UInt8[np.ndarray, "n d"], thumbnails: UInt8[np.ndarray, "n t"]) -> Int64[np.ndarray, " n"]:
    """The number of the first image of which each is a copy, or a copy of a copy; its own where it is of none before it."""
    _, firsts, which = np.unique(digests, axis=0, return_index=True, return_inverse=True)
    found = firsts[which.ravel()].astype(np.int64)
    buckets, brightness, contrast = _sort_into_buckets(thumbnails)
    told = np.flatnonzero(contrast >= FLAT)
    for table in range(TABLES):
        order = told[np.lexsort((brightness[told], buckets[told, table]))]
        ordered, pairs, waiting = buckets[order, table], [np.empty((2, 0), np.int64)], 0
        for step in range(1, NEIGHBOURS + 1):
            at = np.flatnonzero(ordered[step:] == ordered[:-step])
            near = np.stack([order[at], order[at + step]])
            near = near[:, found[near[0]] != found[near[1]]]
            pairs.append(near[:, _are_near(thumbnails, contrast, near)])
            waiting += pairs[-1].shape[1]
            if not len(at) or waiting > len(found):
                break
        found = join(found, np.concatenate(pairs, axis=1))
    return found


def find_divided(copies: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which images have a copy in another class, or are a copy of one that has.

    >>> find_divided(np.array([0, 0, 2, 0]), np.array([0, 0, 1, 1])).tolist()
    [True, True, False, True]
    """
    return np.isin(copies, copies[labels != labels[copies]])


def _sort_into_buckets(
    thumbnails: UInt8[np.ndarray, "n t"],
) -> tuple[UInt32[np.ndarray, "n tables"], Float32[np.ndarray, " n"], Float32[np.ndarray, " n"]]:
    """The bucket of each thumbnail in every table, its brightness and its contrast."""
    waves = np.add.outer(np.arange(SIDE), np.arange(SIDE)).ravel()
    lowest = waves.argsort(kind="stable")[1 : 1 + WAVES]
    planes = np.random.default_rng(0).normal(size=(WAVES, TABLES * PLANES)) * waves[lowest, None]
    buckets = np.empty((len(thumbnails), TABLES), np.uint32)
    brightness, contrast = np.empty((2, len(thumbnails)), np.float32)
    for first in range(0, len(thumbnails), PORTION):
        some = slice(first, first + PORTION)
        values = thumbnails[some].astype(np.float32)
        brightness[some], contrast[some] = values.mean(1), values.std(1)
        sizes = dctn(values.reshape(-1, SIDE, SIDE), axes=(1, 2)).reshape(len(values), -1)[:, lowest]
        sides = (sizes @ planes.astype(np.float32) > 0).reshape(-1, TABLES, PLANES)
        buckets[some] = sides @ (1 << np.arange(PLANES, dtype=np.uint32))
    return buckets, brightness, contrast


def _are_near(
    thumbnails: UInt8[np.ndarray, "n t"], contrast: Float32[np.ndarray, " n"], pairs: Int64[np.ndarray, "2 m"]
) -> Bool[np.ndarray, " m"]:
    """Which pairs are of thumbnails that differ by no more than copies do."""
    near = np.empty(pairs.shape[1], bool)
    for first in range(0, len(near), PORTION):
        one, other = pairs[:, first : first + PORTION]
        apart = thumbnails[one].astype(np.float32) - thumbnails[other]
        most = TOLERANCE * np.minimum(contrast[one], contrast[other]) + ROUNDING
        near[first : first + PORTION] = np.einsum("nt,nt->n", apart, apart) <= apart.shape[1] * most**2
    return near


def join(found: Int64[np.ndarray, " n"], pairs: Int64[np.ndarray, "2 m"]) -> Int64[np.ndarray, " n"]:
    """The first member of each group, once those of each pair are in one."""
    if not pairs.size:
        return found
    ends = np.concatenate([np.stack([np.arange(len(found)), found]), pairs], axis=1)
    graph = coo_array((np.ones(ends.shape[1], bool), (ends[0], ends[1])), shape=(len(found), len(found)))
    groups = connected_components(graph, directed=False)[1]
    return np.unique(groups, return_index=True)[1][groups].astype(np.int64)
