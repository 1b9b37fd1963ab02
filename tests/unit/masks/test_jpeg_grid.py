"""Laws of masks in coefficients: whole numbers, odd, the same on every machine, and no pixel moves further than it may."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from threadpoolctl import threadpool_limits

from hideseek_cli.images.jpeg import Grid
from hideseek_cli.masks import jpeg_grid
from hideseek_cli.masks.jpeg_grid import COLOURS, FINE, WHOLE, choose_bound, compute_change
from tests.helpers.grids import draw_mask, grids

SIDES = st.sampled_from([None, 8, 16, 32, 64])
SEEDS = st.integers(0, 2**16)
EPSILONS = st.integers(1, 63)
COSINES = np.cos((2 * np.arange(8)[None] + 1) * np.arange(8)[:, None] * np.pi / 16) * np.sqrt([1 / 8] + [1 / 4] * 7)[:, None]


def decode_change(change: tuple[np.ndarray, ...], grid: Grid) -> np.ndarray:
    """Grey levels by which pixels move where nothing is rounded and colours are not smoothed."""
    planes = []
    for number, blocks in enumerate(change):
        pixels = COSINES.T @ (blocks * grid.steps(number).astype(float)) @ COSINES
        rows, columns = blocks.shape[:2]
        down, across = grid.factors(number)
        plane = pixels.swapaxes(1, 2).reshape(rows * 8, columns * 8).repeat(down, 0).repeat(across, 1)
        planes.append(plane[: grid.height, : grid.width])
    if len(planes) == 1:
        return planes[0][..., None]
    bright, blue, red = planes
    return np.stack([bright + 1.402 * red, bright - 0.344136 * blue - 0.714136 * red, bright + 1.772 * blue], -1)


@given(grid=grids(), epsilon=EPSILONS, side=SIDES, seed=SEEDS)
def test_a_change_is_whole_odd_and_within_its_bound(grid: Grid, epsilon: int, side: int | None, seed: int) -> None:
    mask, bound = draw_mask(grid, epsilon, side, seed), choose_bound(epsilon)
    change = compute_change(mask, grid, bound)
    assert [one.shape for one in change] == [(*grid.blocks(number), 8, 8) for number in range(grid.channels)]
    assert all(np.array_equal(one, -other) for one, other in zip(change, compute_change(-mask, grid, bound), strict=True))
    assert 2 * np.abs(decode_change(change, grid)).max() <= bound + 1.5


@given(grid=grids(), epsilon=EPSILONS, side=SIDES, seed=SEEDS)
def test_a_bound_of_nothing_changes_nothing(grid: Grid, epsilon: int, side: int | None, seed: int) -> None:
    assert not any(one.any() for one in compute_change(draw_mask(grid, epsilon, side, seed), grid, 0))


@given(grid=grids(), epsilon=EPSILONS, side=SIDES, seed=SEEDS)
def test_beyond_some_bound_a_mask_is_only_rounded(grid: Grid, epsilon: int, side: int | None, seed: int) -> None:
    mask = draw_mask(grid, epsilon, side, seed)
    exact = jpeg_grid._transform(jpeg_grid.UNTURNED[grid.orientation](mask), grid)
    for number, (plane, blocks) in enumerate(zip(exact, compute_change(mask, grid, 2**15), strict=True)):
        rows, columns = blocks.shape[:2]
        parts = plane.reshape(-1, 8, plane.shape[1] // 8, 8).swapaxes(1, 2)[:rows, :columns]
        assert np.array_equal(blocks, np.rint(parts / grid.steps(number)))


@given(grid=grids(), side=SIDES, seed=SEEDS)
def test_sums_are_exact_in_whole_numbers(grid: Grid, side: int | None, seed: int) -> None:
    """So that no order of summation matters."""
    mask = jpeg_grid.UNTURNED[grid.orientation](draw_mask(grid, 63, side, seed))
    found, groups, least = jpeg_grid._transform(mask, grid), jpeg_grid._count_groups(grid), min(grid.height, grid.width)
    whole = mask.transpose(2, 0, 1).astype(object)
    if grid.channels == 3:
        whole = np.tensordot(COLOURS.astype(np.int64).astype(object), whole, 1)
    own = mask.shape[:2] == (grid.height, grid.width)
    for number, plane in enumerate(whole):
        left, right = (
            jpeg_grid._transform_weights(
                length, length if own else least, mask.shape[axis], groups[axis] * grid.sampling[number][axis],
                grid.factors(number)[axis],
            )
            for axis, length in enumerate((grid.height, grid.width))
        )  # fmt: skip
        assert np.array_equal(left, np.rint(left)) and np.array_equal(right, np.rint(right))
        exact = left.astype(np.int64).astype(object) @ plane @ right.astype(np.int64).T.astype(object)
        assert int(np.abs(exact).max()) < 2**53
        assert np.array_equal(exact, found[number] * FINE**2 * (WHOLE if grid.channels == 3 else 1))


@pytest.mark.parametrize("sampling", [((1, 1),), ((2, 2), (1, 1), (1, 1))])
def test_threads_do_not_matter(sampling: tuple[tuple[int, int], ...]) -> None:
    steps = np.arange(1, 65).astype("<u2").tobytes()
    grid = Grid(700, 500, sampling, (steps,) * len(sampling))
    mask, found = draw_mask(grid, 63, 64, 1), []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(compute_change(mask, grid, 40))
    assert all(map(np.array_equal, *found))


@given(st.integers(1, 63))
def test_decoders_are_left_room(epsilon: int) -> None:
    assert 1 <= choose_bound(epsilon) <= max(1, 2 * epsilon - jpeg_grid.MARGIN)
