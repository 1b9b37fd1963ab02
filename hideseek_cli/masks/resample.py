"""Bring a mask to an image's own size: exact integer arithmetic, so that every machine gets the same pixels.

A mask covers the image's central square, as it is cut out for training, and goes on cyclically beyond. Between its pixels
lies the cubic convolution of Keys (1981, a = -1/2), whose passband is flat enough that fine waves come back when
somebody brings the image to a training size again; where the square is smaller than the mask, the kernel is
stretched by as much, so that nothing is aliased. Weights are integers that add up to 256 in each direction, and sums of
their products stay below 2^24, which float32 holds exactly in any order of summation.

>>> compute_weights(4, 4, 4).astype(int).tolist() == (256 * np.eye(4, dtype=int)).tolist()
True
>>> compute_weights(8, 8, 4)[:2].astype(int).tolist()
[[222, -18, -6, 58], [222, 58, -6, -18]]
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int8, Int64
from PIL import Image

ONE = 256
FAR = 4
KEPT = 2**19
"""Pixels of an image whose resampled mask is kept for the next one."""


@lru_cache(maxsize=32)
def compute_weights(length: int, side: int, size: int) -> Float32[np.ndarray, "l s"]:
    """How much of each of ``size`` pixels of a mask, in 256ths, goes into each of ``length`` pixels of an image.

    ``side``: of the image's central square.
    """
    unit = 2 * max(side, size)  # the kernel's own: a distance between centres is near / unit
    reach = -(-2 * unit // (2 * side))
    centres = (2 * np.arange(length, dtype=np.int64) - (length - side) + 1) * size - side
    taps = (centres // (2 * side) - reach)[:, None] + np.arange(2 * reach + 2)
    raw = _evaluate_kernel(np.abs(centres[:, None] - 2 * side * taps), unit)
    shares = raw * ONE // raw.sum(1, keepdims=True)
    shares[np.arange(length), shares.argmax(1)] += ONE - shares.sum(1)
    table = np.zeros((length, size), np.float32)
    np.add.at(table, (np.arange(length)[:, None], taps % size), shares)
    return table


def _evaluate_kernel(near: Int64[np.ndarray, "l t"], unit: int) -> Int64[np.ndarray, "l t"]:
    """The kernel at distances near/unit, times 2 * unit cubed."""
    inner = 3 * near**3 - 5 * near**2 * unit + 2 * unit**3
    outer = -(near**3) + 5 * near**2 * unit - 8 * near * unit**2 + 4 * unit**3
    return np.where(near <= unit, inner, np.where(near < 2 * unit, outer, 0))


def resample(mask: Int8[np.ndarray, "s t c"], height: int, width: int) -> Int8[np.ndarray, "h w c"]:
    """A mask, or a cleaner, for an image of that size, no value beyond its own greatest; what is negated is resampled to
    the negative."""
    if mask.shape[:2] == (height, width):
        return mask
    if height * width > KEPT:
        return _resample(mask, height, width)
    return _resample_cached(mask.tobytes(), mask.shape, height, width)


@lru_cache(maxsize=16)
def _resample_cached(content: bytes, shape: tuple[int, ...], height: int, width: int) -> Int8[np.ndarray, "h w c"]:
    """Images of one class and size follow each other, and small ones are quicker read than their mask is resampled."""
    return _resample(np.frombuffer(content, np.int8).reshape(shape), height, width)


def _resample(mask: Int8[np.ndarray, "s t c"], height: int, width: int) -> Int8[np.ndarray, "h w c"]:
    side, bound = min(height, width), float(np.abs(mask.astype(np.int16)).max(initial=0))
    rows, columns = compute_weights(height, side, mask.shape[0]), compute_weights(width, side, mask.shape[1]).T
    across = np.stack([plane @ columns for plane in mask.transpose(2, 0, 1).astype(np.float32)]) / ONE**2
    found = np.empty((height, width, mask.shape[2]), np.int8)
    step = max(16, 4 * side // mask.shape[0])
    for first in range(0, height, step):
        some = rows[first : first + step]
        used = some.any(0)
        for channel, plane in enumerate(across):
            sums = some[:, used] @ plane[used]
            np.clip(np.rint(sums, out=sums), -bound, bound, out=sums)
            found[first : first + step, :, channel] = sums
    return found


@lru_cache(maxsize=64)
def _compute_return_weights(side: int, size: int) -> Float32[np.ndarray, "s s"]:
    ahead = Image.fromarray(compute_weights(side, side, size) / ONE)
    return np.asarray(ahead.resize((size, size), Image.Resampling.LANCZOS))


def compute_return_weights(side: int, size: int) -> Float32[np.ndarray, "s s"]:
    """What becomes of one direction of a mask of ``size`` pixels that was resampled to images with a central square of ``side``
    and brought back (Lanczos). Beyond FAR times its size it no longer depends on the side."""
    return _compute_return_weights(min(side, FAR * size), size)


def resample_back(masks: Int8[np.ndarray, "n s s c"], side: int) -> Float32[np.ndarray, "n s s c"]:
    """What is left of square masks that were resampled to images with a central square of that side, once the square is
    brought to the masks' size again, as ``verify`` does. Beyond FAR times that size it no longer depends on the side."""
    back = compute_return_weights(side, masks.shape[1])
    found: np.ndarray = np.einsum("ai,nijc,bj->nabc", back, masks.astype(np.float32), back, optimize=True)
    return found
