"""Masks in the quantised coefficients of a JPEG: exact integer arithmetic, so that owner and buyer get the same integers.

A mask is brought to the size of the image, averaged where colours are coarser, transformed block by block and rounded to
the steps of the file's tables:

    q = round(DCT(m) / step)        published = x + q        level = published + round(DCT(c) / step)

Rounding is odd (what is negated gives the negative), so the cleaner c = -m takes off exactly what m put on. To resample
and to transform are both linear and are done in one product with integer matrices. All sums stay below 2^53, which float64
holds exactly in any order of summation.

Rounding makes peaks. Where the pixels of a group of blocks would move by more than the bound, its part of the mask is made
fainter, by the same steps for owner and buyer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

import numpy as np
from jaxtyping import Float32, Float64, Int8, Int16, Int64

from hideseek_cli.images.jpeg import Blocks, Grid
from hideseek_cli.masks.resample import ONE, compute_weights

WAVE, WAVES, KEPT = 2**13, 2**6, 2**3
"""Of the cosine transform's entries, there and back, and of what is kept on the way back."""
FINE = 2**10
"""Of the entries of products with it."""
COLOURS = np.array([[77, 150, 29], [-43, -85, 128], [128, -107, -21]], np.float64)
"""Brightness, and how blue and how red: 256ths of red, green and blue (ITU-T T.871)."""
WHOLE = 256
BACK = ((0.0, 1.402), (-0.344136, -0.714136), (1.772, 0.0))
"""What blue and red add to brightness in red, green and blue."""
MARGIN = 4
"""Half grey levels that decoders add: they round, and smooth colours between blocks."""
FAINTER = (0.75, 0.55, 0.4, 0.3, 0.2, 0.0)
"""What is left of a part of a mask that moves pixels too far, tried in turn."""
UNTURNED: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda mask: mask,
    2: lambda mask: mask[:, ::-1],
    3: lambda mask: mask[::-1, ::-1],
    4: lambda mask: mask[::-1],
    5: lambda mask: mask.swapaxes(0, 1),
    6: np.rot90,
    7: lambda mask: mask[::-1, ::-1].swapaxes(0, 1),
    8: lambda mask: np.rot90(mask, 3),
}
"""EXIF's orientations undone: upright pixels as they lie in the file."""

Change = tuple[Int16[np.ndarray, "_ _ 8 8"], ...]
"""What is added to the coefficients of each component."""
Plane = Float64[np.ndarray, "_ _"]
"""Coefficients of one component, block beside block."""


@cache
def compute_cosines(unit: int) -> Float64[np.ndarray, "8 8"]:
    """The cosine transform of eight values, a row a wave, in parts of ``unit``."""
    waves, places = np.arange(8)[:, None], np.arange(8)[None]
    exact = np.cos((2 * places + 1) * waves * np.pi / 16) * np.where(waves == 0, np.sqrt(1 / 8), 0.5)
    found: np.ndarray = np.rint(exact * unit)
    return found


@lru_cache(maxsize=64)
def _transform_weights(length: int, side: int, size: int, blocks: int, factor: int) -> Float64[np.ndarray, "b s"]:
    """One direction of a mask of ``size`` pixels -> that of the coefficients of so many blocks, in parts of FINE.

    ``length``: of the image, ``side``: of its central square; ``factor``: pixels that one value is for.
    """
    rows = compute_weights(length, side, size).astype(np.float64)
    rows = rows[np.minimum(np.arange(blocks * 8 * factor), length - 1)].reshape(blocks, 8, factor, size).sum(2)
    found: np.ndarray = np.rint(compute_cosines(WAVE) @ rows * FINE / (WAVE * ONE * factor)).reshape(blocks * 8, size)
    return found


@lru_cache(maxsize=64)
def tile_steps(grid: Grid, component: int) -> Plane:
    """The step of each of its coefficients."""
    rows, columns = _count_groups(grid)
    down, across = grid.sampling[component]
    return np.tile(grid.steps(component).astype(np.float64), (rows * down, columns * across))


def _count_groups(grid: Grid) -> tuple[int, int]:
    """Groups of blocks, down and across: each is as large as one block of the coarsest component."""
    return grid.blocks(grid.channels - 1)


def choose_bound(epsilon: int) -> int:
    """Half grey levels by which a mask may move pixels before decoders add theirs, if after that ``epsilon`` is the bound."""
    return max(1, 2 * epsilon - MARGIN)


def compute_change(mask: Int8[np.ndarray, "s t c"], grid: Grid, bound: int) -> Change:
    """What a mask, or a cleaner, adds to the coefficients of an image, whose pixels then move by at most about ``bound`` half
    grey levels: by no more before they are rounded, and where colours are not smoothed between blocks."""
    exact = _transform(UNTURNED[grid.orientation](mask), grid)
    steps = [tile_steps(grid, number) for number in range(grid.channels)]
    found = [np.rint(values / step) for values, step in zip(exact, steps, strict=True)]
    groups = _count_groups(grid)
    far = np.flatnonzero(2 * _measure_reach(found, steps, grid, groups) > bound)
    for left in FAINTER:
        if not len(far):
            break
        cut = [[_cut(plane, groups, far) for plane in planes] for planes in (exact, steps)]
        fainter = [np.rint(values * left / step) for values, step in zip(*cut, strict=True)]
        for plane, part in zip(found, fainter, strict=True):
            _paste(plane, groups, far, part)
        far = far[2 * _measure_reach(fainter, cut[1], grid, (1, len(far)))[0] > bound]
    return tuple(_to_blocks(plane, grid.blocks(number)) for number, plane in enumerate(found))


def _transform(mask: Int8[np.ndarray, "s t c"], grid: Grid) -> list[Plane]:
    """The coefficients of each component in grey levels, not rounded yet."""
    planes = mask.astype(np.float64).transpose(2, 0, 1)
    if grid.channels == 3:
        planes = np.tensordot(COLOURS / WHOLE, planes, 1)
    weights = (weigh_transform(grid, number, mask.shape[:2]) for number in range(grid.channels))
    return [left @ plane @ right.T / FINE**2 for plane, (left, right) in zip(planes, weights, strict=True)]


def weigh_transform(
    grid: Grid, component: int, size: tuple[int, int]
) -> tuple[Float64[np.ndarray, "b s"], Float64[np.ndarray, "d t"]]:
    """Both directions of a mask of that size, as it lies in the file -> of its coefficients, in parts of FINE each."""
    sides, own = (grid.height, grid.width), size == (grid.height, grid.width)
    left, right = (
        _transform_weights(length, length if own else min(sides), side, groups * times, factor)
        for length, side, groups, times, factor in zip(
            sides, size, _count_groups(grid), grid.sampling[component], grid.factors(component), strict=True
        )
    )
    return left, right


def _measure_reach(found: list[Plane], steps: list[Plane], grid: Grid, groups: tuple[int, int]) -> Float32[np.ndarray, "r c"]:
    """How far the pixels of each group move at most, in grey levels.

    In float32, which holds all sums of whole numbers exactly here.
    """
    rows, columns = groups
    waves = compute_cosines(WAVES).astype(np.float32)
    planes = []
    for number, (values, step) in enumerate(zip(found, steps, strict=True)):
        sizes = np.multiply(values, step, dtype=np.float32)
        height, width = sizes.shape
        across = np.rint(sizes.reshape(-1, 8) @ waves * np.float32(KEPT / WAVES)).reshape(height // 8, 8, width)
        moved = (waves.T @ across).reshape(height, width)
        down, beside = grid.factors(number)
        planes.append(moved.repeat(down, 0).repeat(beside, 1))
    if grid.channels == 3:
        bright, blue, red = planes
        planes = [bright + np.float32(b) * blue + np.float32(r) * red for b, r in BACK]
    most = np.abs(planes[0])
    for plane in planes[1:]:
        np.maximum(most, np.abs(plane), out=most)
    found_most: np.ndarray = most.reshape(rows, most.shape[0] // rows, columns, -1).max(1).max(2)
    return found_most / np.float32(KEPT * WAVES)


def _cut(plane: Plane, groups: tuple[int, int], which: Int64[np.ndarray, " k"]) -> Plane:
    """Those groups of a plane, side by side."""
    rows, columns = groups
    parts = plane.reshape(rows, plane.shape[0] // rows, columns, -1)[which // columns, :, which % columns]
    return parts.swapaxes(0, 1).reshape(parts.shape[1], -1)


def _paste(plane: Plane, groups: tuple[int, int], which: Int64[np.ndarray, " k"], part: Plane) -> None:
    """The opposite."""
    rows, columns = groups
    view = plane.reshape(rows, plane.shape[0] // rows, columns, -1)
    view[which // columns, :, which % columns] = part.reshape(len(part), len(which), -1).swapaxes(0, 1)


def _to_blocks(plane: Plane, blocks: tuple[int, int]) -> Blocks:
    """As the file has them, those that fill up the last group left out."""
    height, width = plane.shape
    parts = plane.astype(np.int16).reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2)
    return np.ascontiguousarray(parts[: blocks[0], : blocks[1]])
