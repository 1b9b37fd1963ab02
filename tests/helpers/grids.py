"""Grids of JPEGs, and masks for them, drawn by hypothesis."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from hideseek_cli.images.jpeg import Coefficients, Grid

SAMPLINGS = (
    ((1, 1),), ((1, 1), (1, 1), (1, 1)), ((1, 2), (1, 1), (1, 1)), ((2, 1), (1, 1), (1, 1)), ((2, 2), (1, 1), (1, 1)),
    ((1, 4), (1, 1), (1, 1)),
)  # fmt: skip


def make_grid(
    sampling: tuple[tuple[int, int], ...], height: int, width: int, coarse: int, orientation: int, seed: int
) -> Grid:  # fmt: skip
    random = np.random.default_rng(seed)
    bright, colours = (random.integers(max(1, coarse // 3), coarse + 1, 64).astype("<u2").tobytes() for _ in range(2))
    return Grid(height, width, sampling, (bright, colours, colours)[: len(sampling)], orientation)


def grids(samplings: tuple[tuple[tuple[int, int], ...], ...] = SAMPLINGS) -> st.SearchStrategy[Grid]:
    sides = st.integers(8, 60)
    coarse = st.sampled_from((1, 3, 20, 90, 255))
    return st.builds(make_grid, st.sampled_from(samplings), sides, sides, coarse, st.integers(1, 8), st.integers(0, 2**20))


def draw_mask(grid: Grid, epsilon: int, side: int | None, seed: int) -> np.ndarray:
    """``side``: of a square mask; None: as large as the upright image."""
    sides = (grid.height, grid.width) if grid.orientation < 5 else (grid.width, grid.height)
    sides = sides if side is None else (side, side)
    random = np.random.default_rng(seed)
    smooth = np.kron(random.normal(0, epsilon, (8, 8, grid.channels)), np.ones((8, 8, 1)))[: sides[0], : sides[1]]
    found: np.ndarray = (smooth + random.normal(0, epsilon / 2, smooth.shape)).clip(-epsilon, epsilon).round().astype(np.int8)
    return found


def draw_coefficients(grid: Grid, seed: int, most: int = 1016) -> Coefficients:
    """Of an image that is bright and dark, whose pixels clip here and there."""
    random = np.random.default_rng(seed)
    blocks = []
    for number in range(grid.channels):
        shape = (*grid.blocks(number), 8, 8)
        values = random.laplace(0, 40 / (1 + np.add.outer(np.arange(8), np.arange(8))), shape)
        values[..., 0, 0] = random.normal(0, 400, shape[:2])
        blocks.append((values / grid.steps(number)).clip(-most, most).round().astype(np.int16))
    return Coefficients(grid, tuple(blocks))
