"""Masks at the sizes of images: exact, bounded, odd, and back again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from jaxtyping import Int8

from hideseek_cli.masks.arithmetic import MAX_EPSILON, place
from hideseek_cli.masks.resample import ONE, compute_weights, resample, resample_back

SIDES = st.integers(8, 90)
SIZES = st.integers(8, 40)
MASKS = SIZES.flatmap(
    lambda side: hnp.arrays(np.int8, (side, side, 2), elements=st.integers(-MAX_EPSILON, MAX_EPSILON))
)  # fmt: skip


def exactly(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """The same in Python's integers."""
    side = min(height, width)
    rows, columns = (compute_weights(length, side, mask.shape[0]).astype(int) for length in (height, width))
    sums = np.einsum("hs,stc,wt->hwc", rows.astype(object), mask.astype(object), columns.astype(object))
    bound = abs(mask.astype(int)).max()
    halves = np.array([[[2 * abs(value) for value in row] for row in plane] for plane in sums], object)
    floor = (halves + ONE**2) // (2 * ONE**2)
    even = ((halves + ONE**2) % (2 * ONE**2) == 0) & (floor % 2 == 1)
    return np.clip(np.sign(sums) * (floor - even), -bound, bound).astype(int)


@pytest.mark.slow
@given(MASKS, SIDES, SIDES)
def test_float32_gives_what_integers_give(mask, height, width):
    assert np.array_equal(resample(mask, height, width), exactly(mask, height, width))


@given(MASKS, SIDES, SIDES)
def test_a_carried_mask_is_bounded_by_the_mask_and_odd(mask: Int8[np.ndarray, "s s c"], height, width):
    carried = resample(mask, height, width)
    assert carried.shape == (height, width, mask.shape[2])
    assert np.abs(carried.astype(int)).max() <= np.abs(mask.astype(int)).max()
    assert np.array_equal(resample(-mask, height, width), -carried)


@given(st.integers(8, 3000), st.integers(0, 5000), SIZES)
def test_weights_add_up_and_sums_of_any_mask_stay_exact(side, more, size):
    table = compute_weights(side + more, side, size).astype(int)
    assert (table.sum(1) == ONE).all()
    assert (abs(table).sum(1).max() ** 2) * MAX_EPSILON < 2**24


@given(MASKS)
def test_at_its_own_size_a_mask_is_itself(mask):
    side = len(mask)
    assert np.array_equal(resample(mask, side, side), mask)
    wide = resample(mask, side, 3 * side)
    assert np.array_equal(wide, np.concatenate([mask, mask, mask], 1)), "cyclic beyond the central square"
    assert np.allclose(resample_back(mask[None], side)[0], mask, atol=1e-3)


@pytest.mark.parametrize("side", [9, 16, 24, 40, 63, 64, 65, 90, 200])
def test_it_lies_in_the_middle_the_right_way_round(side):
    """A mask with all its weight in one corner has it in the same corner of the central square."""
    mask = np.zeros((8, 8, 1), np.int8)
    mask[1:3, 5:7] = 60
    found = np.maximum(resample(mask, side + 10, side)[5 : side + 5, :, 0].astype(float), 0)
    row, column = ((found.sum(1 - axis) * (np.arange(side) + 0.5)).sum() / found.sum() / side for axis in (0, 1))
    assert row == pytest.approx(2 / 8, abs=0.03) and column == pytest.approx(6 / 8, abs=0.03)


@pytest.mark.parametrize("side", [96, 128, 200, 384, 1500])
def test_waves_up_to_three_quarters_of_the_finest_come_back(side):
    size = 64
    at = np.arange(size)
    for wave in (1, 8, 16, 24):
        mask = np.rint(8 * np.cos(2 * np.pi * wave * at / size))[None, :, None].repeat(size, 0).astype(np.int8)
        back = resample_back(mask[None], side)[0]
        assert (back * mask).sum() / (mask.astype(float) ** 2).sum() > 0.6


def test_placed_masks_are_shifted_before_they_are_carried():
    masks = np.random.default_rng(0).integers(-8, 9, (2, 16, 16, 3)).astype(np.int8)
    shifts = np.array([[3, 5], [0, 0], [15, 1]], np.uint16)
    labels = np.array([1, 0, 1])
    placed = place(masks, labels, shifts, (40, 24))
    for number in range(3):
        rolled = np.roll(masks[labels[number]], tuple(int(value) for value in shifts[number]), (0, 1))
        assert np.array_equal(placed[number], resample(rolled, 40, 24))
    assert place(masks, labels[:0], None, (40, 24)).shape == (0, 40, 24, 3)
