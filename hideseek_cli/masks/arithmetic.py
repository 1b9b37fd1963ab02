"""The integer arithmetic of masks: quantise, place, publish, clean. No disk.

All images are uint8 arrays of shape (n, h, w, c) with c = 1 or 3, all masks int8 arrays of shape (k, h, w, c) in grey
levels. The laws, for a strongest mask ``m_max`` and a mask ``m_k`` of any level (zero for the clean level):

    published = apply(x, m_max)                         D_kmax = D + m_kmax
    cleaner   = m_k - m_max                             Equation 5
    apply(published, cleaner) + residual = apply(x, m_k)   Equation 6, exactly

>>> x = np.array([[[[250], [4], [100]]]], np.uint8)
>>> strongest, level = np.array([[[[8], [-8], [8]]]], np.int8), np.array([[[[2], [-2], [2]]]], np.int8)
>>> published = apply(x, strongest)
>>> published.ravel().tolist()
[255, 0, 108]
>>> lost = compute_residual(published, level - strongest, apply(x, level))
>>> lost.tolist()
[3, -4]
>>> restore(published, level - strongest, lost).ravel().tolist() == apply(x, level).ravel().tolist()
True
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float, Int, Int8, UInt8, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.images.codec import Images, drop_alpha, take_alpha
from hideseek_cli.masks.chunked import ChunkedMasks, Patterns
from hideseek_cli.masks.resample import resample

MAX_EPSILON = 63
"""A cleaner spans at most twice the bound and must fit into an int8."""

PORTION = 2**16
"""Values that are worked on at once."""
ZEROS = np.zeros(PORTION, np.int8)
"""NumPy compares two arrays of bytes some twenty times as fast as an array with a number."""

Masks = Int8[np.ndarray, "k h w c"]


def quantise(
    pattern: Float[np.ndarray, "k h w c"], strength: float, thresholds: Float[np.ndarray, "k h w c"], epsilon: int
) -> Masks:
    """Integers whose expectation over the thresholds is ``strength * pattern`` clipped to ±ε.

    The thresholds lie in [0, 1) and stay the same for every strength, so masks of neighbouring strengths differ in few
    pixels.
    """
    scaled = np.clip(strength * pattern.astype(np.float64), -epsilon, epsilon)
    return np.clip(np.floor(scaled + thresholds), -epsilon, epsilon).astype(np.int8)


def place(
    masks: Masks | ChunkedMasks, labels: Int[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None,
    shape: tuple[int, int] | None = None,
) -> Int8[np.ndarray, "n y x c"]:  # fmt: skip
    """The mask of each image: its class's pattern, cyclically shifted down and right where shifts are given, and resampled
    to images of that height and width."""
    height, width = masks.shape[1:3]
    if shifts is None:
        placed = masks[labels]
    else:
        if isinstance(masks, ChunkedMasks):
            masks, labels = masks[labels], np.arange(len(labels))
        rows = (np.arange(height) - shifts[:, :1].astype(np.int64)) % height
        columns = (np.arange(width) - shifts[:, 1:].astype(np.int64)) % width
        placed = masks[labels[:, None, None], rows[:, :, None], columns[:, None, :]]
    if shape is None or shape == (height, width):
        return placed
    if height != width:
        raise InputError(f"masks of {width}x{height} are for images of that size alone: the file is damaged; get it again")
    return (
        np.stack([resample(mask, *shape) for mask in placed]) if len(placed) else np.empty((0, *shape, masks.shape[3]), np.int8)
    )


def place_on(
    images: UInt8[np.ndarray, "n y x _"], patterns: Patterns, which: Int[np.ndarray, " n"],
    shifts: UInt16[np.ndarray, "n 2"] | None,
) -> Int8[np.ndarray, "n y x c"]:  # fmt: skip
    """The mask that each of these images gets, at their size: none where an image is wholly transparent, because there nobody
    sees its colours, and what is published in place of them would be the mask itself."""
    alpha = take_alpha(images)
    placed = place(patterns[drop_alpha(images).shape[3]], which, shifts, images.shape[1:3])
    return np.where(alpha, placed, np.int8(0)) if alpha.shape[3] else placed


def apply(images: Images, placed: Int8[np.ndarray, "n h w c"]) -> Images:
    """Image plus mask (or cleaner), clipped to 0..255."""
    found = np.empty(images.shape, np.uint8)
    for values, change, out in _cut_portions(images, placed, found):
        out[:] = _add_clipped(values, change)
    return found


def _cut_portions(*arrays: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
    """Arrays of one shape in scan order, in portions that fit into a processor's cache."""
    flat = [np.ascontiguousarray(array).reshape(-1) for array in arrays]
    for first in range(0, flat[0].size, PORTION):
        yield tuple(array[first : first + PORTION] for array in flat)


def _add_clipped(values: UInt8[np.ndarray, " s"], change: Int8[np.ndarray, " s"]) -> UInt8[np.ndarray, " s"]:
    """The sum clipped to 0..255, in bytes: nothing is added beyond 255, and nothing taken off below 0."""
    zeros = ZEROS[: len(change)]
    rise = np.maximum(change, zeros).view(np.uint8)
    fall = np.negative(np.minimum(change, zeros).view(np.uint8))
    total = np.minimum(values, ~rise)
    total += rise
    np.maximum(total, fall, out=total)
    total -= fall
    return total


def find_saturated(published: UInt8[np.ndarray, "*shape"]) -> Bool[np.ndarray, "*shape"]:
    """Where clipping can have lost something: published values at 0 or 255."""
    return (published == 0) | (published == 255)


def compute_residual(published: Images, cleaner: Int8[np.ndarray, "n h w c"], target: Images) -> Int8[np.ndarray, " s"]:
    """What the cleaner alone misses at saturated values, in scan order: it leads to the target and no further.

    It never exceeds the bound of the masks, because clipping loses at most what the strongest mask added.
    """
    found = [np.empty(0, np.int8)]
    for values, change, wanted in _cut_portions(published, cleaner, target):
        cleaned, where = _add_clipped(values, change), np.flatnonzero(find_saturated(values))
        lost = wanted[where].astype(np.int16) - cleaned[where]
        if np.count_nonzero(wanted != cleaned) != np.count_nonzero(lost):
            raise ValueError("the target differs from the cleaned image where nothing was clipped")
        found.append(lost.astype(np.int8))
    return np.concatenate(found)


def compute_residuals(published: Images, cleaner: Int8[np.ndarray, "n h w c"], target: Images) -> list[Int8[np.ndarray, " _"]]:
    """``compute_residual`` of each image."""
    ends = np.cumsum(find_saturated(published[:-1]).sum((1, 2, 3)))
    return np.split(compute_residual(published, cleaner, target), ends)


def restore(published: Images, cleaner: Int8[np.ndarray, "n h w c"], lost: Int8[np.ndarray, " s"]) -> Images:
    """The image of a level from the published one: Equation 6 with what clipping lost put back."""
    found, used = np.empty(published.shape, np.uint8), 0
    for values, change, out in _cut_portions(published, cleaner, found):
        cleaned, where = _add_clipped(values, change), np.flatnonzero(find_saturated(values))
        mine = lost[used : used + len(where)]
        used += len(where)
        if len(mine) < len(where):
            break
        restored = cleaned[where].astype(np.int16) + mine
        if restored.min(initial=0) < 0 or restored.max(initial=255) > 255:
            raise InputError("the cleaner's residual leads outside 0..255: the file is damaged")
        cleaned[where] = restored
        out[:] = cleaned
    if used != len(lost):
        raise InputError("the cleaner's residual does not belong to these published pixels")
    return found


def subtract_masks(level: Int8[np.ndarray, "n h w c"], strongest: Int8[np.ndarray, "n h w c"]) -> Int8[np.ndarray, "n h w c"]:
    """c_k = m_k - m_kmax (Equation 5)."""
    return (level.astype(np.int16) - strongest).astype(np.int8)
