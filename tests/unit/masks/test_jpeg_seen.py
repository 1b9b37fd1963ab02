"""Law of what networks see: it is what a decoder shows of a grey image under the same mask, brought to the size of networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.images.codec import fit
from hideseek_cli.images.exif import tell_orientation
from hideseek_cli.images.jpeg import Coefficients, Grid
from hideseek_cli.images.notes import Notes
from hideseek_cli.images.stored import Jpeg
from hideseek_cli.masks.jpeg_grid import compute_change
from hideseek_cli.masks.jpeg_seen import see_change
from tests.helpers.grids import SAMPLINGS, draw_mask, grids, make_grid

SMOOTHED, ROUNDED, FURTHEST = 4.0, 1.5, 4.0
"""Grey levels that an image may be beside: on average where decoders smooth colours between blocks, and elsewhere; and at one
pixel elsewhere, where decoder and resampling round in turn."""


def check(grid: Grid, side: int | None, seed: int, bound: int) -> None:
    mask = draw_mask(grid, 20, side, seed)
    seen = see_change(mask, grid, bound)
    image = Jpeg(Coefficients(grid, compute_change(mask, grid, bound)), Notes(exif=tell_orientation(grid.orientation)))
    shown = image.pixels if side is None else fit(image.pixels, side)
    assert seen.shape == mask.shape == shown.shape
    beside = np.abs(shown - 128.0 - seen)
    smoothed = len(grid.sampling) == 3 and grid.sampling[0] != (1, 1)
    assert beside.mean() <= (SMOOTHED if smoothed else ROUNDED)
    if not smoothed:
        assert beside.max() <= FURTHEST


@given(grid=grids(SAMPLINGS), side=st.sampled_from([None, 8, 16, 32]), seed=st.integers(0, 2**16), bound=st.integers(0, 40))
def test_networks_see_what_a_decoder_shows(grid: Grid, side: int | None, seed: int, bound: int) -> None:
    check(grid, side, seed, bound)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_so_they_do_however_images_lie(orientation: int) -> None:
    check(make_grid(((1, 1), (1, 1), (1, 1)), 40, 56, 3, orientation, 0), 32, 1, 40)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_masks_of_an_image_s_own_size_are_seen_as_they_are(orientation: int) -> None:
    grid = make_grid(((1, 1), (1, 1), (1, 1)), 40, 56, 1, orientation, 0)
    mask = draw_mask(grid, 20, None, 1)
    assert np.abs(see_change(mask, grid, 2**10) - mask).max() <= FURTHEST
