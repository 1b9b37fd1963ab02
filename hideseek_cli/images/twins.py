"""Near-identical images of a class: taken a moment later, cut or moved by a little, resized, compressed.

Each image is told by a thumbnail of SIDE by SIDE grey levels, without its border: so it can be laid on another a step up,
down or aside. First the lowest waves of two thumbnails are compared at each of these places, then, of the nearest, the grey
levels themselves, moved by the part of a step that fits best. The difference is a share of the contrast. How much of it
twins may have is told by the images: they are nearer than images of different classes ever are.

>>> thumbnails = np.random.default_rng(0).integers(0, 255, (40, SIDE, SIDE)).astype(np.uint8)
>>> thumbnails[7] = np.roll(thumbnails[30], 1, axis=0)
>>> find_twins(thumbnails.reshape(40, -1), np.zeros(40, np.int64)).T.tolist()
[[7, 30]]
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float32, Int64, UInt8
from scipy.fft import dctn

SIDE, BORDER = 16, 2
INNER = SIDE - 2 * BORDER
STEPS = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
FLAT = 2.0
"""Grey levels of standard deviation below which a thumbnail does not tell one image from another."""
WAVES = 32
LIKE = 0.955
"""Cosine of the lowest waves of two thumbnails, at least, that are compared more closely."""
NEAREST = 4
"""Of a portion of the others with which an image is compared more closely."""
TOLERANCE = 0.2
"""Root mean square, at most, by which twins differ, as a share of their contrast (docs/results/2026-11-groups.md)."""
STRANGE, CLOSE = 0.1, 0.45
"""Share of images whose nearest of another class is nearer than strangers are; share of that by which twins differ at most."""
SAMPLE = 2000
"""Images, evenly spread, that tell it."""
ROWS, PORTION = 256, 4096
"""Images that are compared at once with so many others."""


def find_twins(thumbnails: UInt8[np.ndarray, "n t"], labels: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, "2 m"]:
    """Pairs of twins by number, of one class each; enough of them to join all.

    ``thumbnails``: of SIDE by SIDE pixels.
    """
    told = np.flatnonzero(thumbnails.std(1, dtype=np.float32) >= FLAT)
    sample = told[np.linspace(0, len(told) - 1, min(SAMPLE, len(told))).astype(np.int64)]
    most = _tell_tolerance(thumbnails[sample], labels[sample])
    found = [np.empty((2, 0), np.int64)]
    for label in np.unique(labels[told]):
        mine = told[labels[told] == label]
        waves = _describe(thumbnails[mine])
        for first in range(0, len(mine), ROWS):
            pairs = _list_near(waves, first)
            found.append(mine[pairs[:, _measure(thumbnails[mine[pairs[0]]], thumbnails[mine[pairs[1]]]) <= most]])
    return np.concatenate(found, axis=1)


def _tell_tolerance(thumbnails: UInt8[np.ndarray, "n t"], labels: Int64[np.ndarray, " n"]) -> float:
    """By how much twins among these images differ at most."""
    if len(np.unique(labels)) < 2:
        return TOLERANCE
    waves, nearest = _describe(thumbnails), np.empty(len(labels), np.int64)
    for first in range(0, len(labels), ROWS):
        like = _compare(waves[:, first : first + ROWS], waves[4])
        nearest[first : first + ROWS] = np.where(labels[first : first + ROWS, None] == labels, -2, like).argmax(1)
    apart = _measure(thumbnails, thumbnails[nearest])
    return min(TOLERANCE, CLOSE * float(np.quantile(apart, STRANGE)))


def _list_near(waves: Float32[np.ndarray, "s n w"], first: int) -> Int64[np.ndarray, "2 m"]:
    """Pairs that are to be compared more closely, of ROWS images from the ``first`` on, each with those behind it."""
    found = [np.empty((2, 0), np.int64)]
    for start in range(first, waves.shape[1], PORTION):
        like = _compare(waves[:, first : first + ROWS], waves[4, start : start + PORTION])
        like[np.arange(len(like))[:, None] + first >= np.arange(like.shape[1]) + start] = -1
        rows = np.flatnonzero(like.max(1) >= LIKE)
        most = min(NEAREST, like.shape[1])
        columns = np.argpartition(-like[rows], most - 1, axis=1)[:, :most]
        near = like[rows[:, None], columns] >= LIKE
        found.append(np.stack([np.broadcast_to(rows[:, None], near.shape)[near] + first, columns[near] + start]))
    return np.concatenate(found, axis=1)


def _compare(some: Float32[np.ndarray, "s r w"], others: Float32[np.ndarray, "n w"]) -> Float32[np.ndarray, "r n"]:
    """The cosine of each with each, at the place where they are most alike."""
    best = some[0] @ others.T
    for waves in some[1:]:
        np.maximum(best, waves @ others.T, out=best)
    return best


def _describe(thumbnails: UInt8[np.ndarray, "n t"]) -> Float32[np.ndarray, "s n w"]:
    """The lowest waves of each thumbnail, a step aside for each of STEPS, as vectors of length 1, or less where it is flat."""
    lowest = np.add.outer(np.arange(INNER), np.arange(INNER)).ravel().argsort(kind="stable")[1 : 1 + WAVES]
    squares = thumbnails.reshape(-1, SIDE, SIDE).astype(np.float32)
    found = np.empty((len(STEPS), len(squares), WAVES), np.float32)
    for number, step in enumerate(STEPS):
        waves = dctn(_cut(squares, *step), axes=(1, 2), norm="ortho").reshape(len(squares), -1)[:, lowest]
        found[number] = waves / np.maximum(np.linalg.norm(waves, axis=1, keepdims=True), FLAT * INNER)
    return found


def _cut(squares: Float32[np.ndarray, "n h w"], down: int, right: int) -> Float32[np.ndarray, "n i i"]:
    """Thumbnails without their border, moved by so many steps."""
    top, left = (squares.shape[1] - INNER) // 2 + down, (squares.shape[2] - INNER) // 2 + right
    return squares[:, top : top + INNER, left : left + INNER]


def _measure(one: UInt8[np.ndarray, "m t"], other: UInt8[np.ndarray, "m t"]) -> Float32[np.ndarray, " m"]:
    """By how much the images of each pair differ where they fit best, as a share of their contrast."""
    found = np.empty(len(one), np.float32)
    for first in range(0, len(one), PORTION):
        some = slice(first, first + PORTION)
        squares = [part[some].reshape(-1, SIDE, SIDE).astype(np.float32) for part in (one, other)]
        found[some] = np.minimum(_lay_on(*squares), _lay_on(*squares[::-1]))
    return found


def _lay_on(moved: Float32[np.ndarray, "m h w"], still: Float32[np.ndarray, "m h w"]) -> Float32[np.ndarray, " m"]:
    """By how much one image of each pair differs from the other when it is moved, by a whole step and a part of one."""
    aim = _level(_cut(still, 0, 0))
    like = np.stack([np.abs(_find_cosine(_level(_cut(moved, *step)), aim)) for step in STEPS]).argmax(0)
    found = np.empty(len(aim), np.float32)
    for number, step in enumerate(STEPS):
        mine = np.flatnonzero(like == number)
        square = moved[mine]
        slopes = [(square[:, 2:] - square[:, :-2]) / 2, (square[:, :, 2:] - square[:, :, :-2]) / 2]
        parts = np.stack([_level(_cut(part, *step)) for part in (square, *slopes)], axis=2)
        squared = np.einsum("mpi,mpj->mij", parts, parts) + np.float32(0.01) * np.eye(3, dtype=np.float32)
        weights = np.linalg.solve(squared, np.einsum("mpi,mp->mi", parts, aim[mine])[:, :, None])[:, :, 0]
        aside = weights[:, 1:] / np.where(np.abs(weights[:, :1]) < 1e-3, 1, weights[:, :1])
        laid = parts[:, :, 0] + np.einsum("mpi,mi->mp", parts[:, :, 1:], aside.clip(-0.6, 0.6))
        found[mine] = np.sqrt(2 - 2 * _find_cosine(laid, aim[mine]))
    return found


def _level(squares: Float32[np.ndarray, "m i i"]) -> Float32[np.ndarray, "m p"]:
    """As rows that are 0 on average."""
    rows = squares.reshape(len(squares), INNER**2)
    return rows - rows.mean(1, keepdims=True)


def _find_cosine(one: Float32[np.ndarray, "m p"], other: Float32[np.ndarray, "m p"]) -> Float32[np.ndarray, " m"]:
    """Of each pair, or less where one is flat."""
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    return (np.einsum("mp,mp->m", one, other) / np.maximum(lengths, (FLAT * INNER) ** 2)).clip(-1, 1)
