"""Laws of images under masks: no pixel moves further than ε in a decoder, and what is cleaned is what was masked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.images.exif import tell_orientation
from hideseek_cli.images.jpeg import Coefficients, Grid
from hideseek_cli.images.notes import NO_NOTES, Notes
from hideseek_cli.images.stored import Jpeg, Raster
from hideseek_cli.masks.canvas import JpegCanvas, Laid, PixelCanvas, make_canvas
from tests.helpers.grids import draw_coefficients, draw_mask, grids, make_grid

EPSILONS, SEEDS, SIDES = st.integers(1, 63), st.integers(0, 2**16), st.sampled_from([16, 32])


def make_jpegs(grid: Grid, seed: int, count: int = 2) -> JpegCanvas:
    notes = Notes(exif=tell_orientation(grid.orientation))
    canvas = make_canvas([Jpeg(draw_coefficients(grid, seed + number), notes) for number in range(count)])
    assert isinstance(canvas, JpegCanvas)
    return canvas


def lay(channels: int, epsilon: int, side: int, seed: int, count: int = 2) -> Laid:
    """Another pattern for each image, shifted."""
    grid = Grid(side, side, ((1, 1),) * channels, ())
    patterns = np.stack([draw_mask(grid, epsilon, side, seed + number) for number in range(3)])
    random = np.random.default_rng(seed)
    return Laid({channels: patterns}, random.permutation(3)[:count], random.integers(0, side, (count, 2)).astype(np.uint16))


def move(before: JpegCanvas, after: JpegCanvas) -> int:
    return int(np.abs(before.pixels.astype(int) - after.pixels).max())


@given(grid=grids(), epsilon=EPSILONS, side=SIDES, seed=SEEDS)
def test_pixels_move_by_epsilon_at_most_and_coefficients_come_back(grid: Grid, epsilon: int, side: int, seed: int) -> None:
    own, laid = make_jpegs(grid, seed), lay(grid.channels, epsilon, side, seed)
    published = own.mask(laid, epsilon)
    assert move(own, published) <= epsilon
    assert all(image.coefficients.codable for image in published.images)
    bare, lost = own.lead(published, None)
    assert bare is own and [one.tolist() for one in lost] == [[bound] for bound in published.bounds]
    off = Laid({kind: -masks for kind, masks in laid.patterns.items()}, laid.which, laid.shifts)
    again = make_canvas([Jpeg(image.coefficients, image.notes) for image in published.images])
    assert again.clean(off, lost, sparing=True).digests == own.digests


@given(grid=grids(), epsilon=EPSILONS, side=SIDES, seed=SEEDS)
def test_levels_with_masks_of_their_own_come_out_as_they_lead(grid: Grid, epsilon: int, side: int, seed: int) -> None:
    own, laid = make_jpegs(grid, seed), lay(grid.channels, epsilon, side, seed)
    weaker = Laid({kind: masks // 2 for kind, masks in laid.patterns.items()}, laid.which, laid.shifts)
    published = own.mask(laid, epsilon)
    level, lost = own.lead(published, weaker)
    cleaner = {kind: weaker.patterns[kind] - masks for kind, masks in laid.patterns.items()}
    cleaned = make_canvas(list(published.images)).clean(Laid(cleaner, laid.which, laid.shifts), lost, sparing=True)
    assert cleaned.digests == level.digests


@given(epsilon=EPSILONS, height=st.integers(8, 50), width=st.integers(8, 50), side=SIDES, seed=SEEDS)
def test_so_do_levels_of_pixels_at_any_size(epsilon: int, height: int, width: int, side: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    pixels = random.integers(-80, 335, (2, height, width, 3)).clip(0, 255).astype(np.uint8)
    own, laid = make_canvas([Raster(one, NO_NOTES) for one in pixels]), lay(3, epsilon, side, seed)
    assert isinstance(own, PixelCanvas)
    weaker = Laid({3: laid.patterns[3] // 2}, laid.which, laid.shifts)
    published = own.mask(laid, epsilon)
    level, lost = own.lead(published, weaker)
    cleaner = Laid({3: weaker.patterns[3] - laid.patterns[3]}, laid.which, laid.shifts)
    assert make_canvas(list(published.images)).clean(cleaner, lost, sparing=True).digests == level.digests
    meant = own.mask(weaker, epsilon).pixels.astype(int)
    assert np.abs(meant - level.pixels).max() <= 1
    if (height, width) == (side, side):
        assert np.array_equal(meant, level.pixels)


@pytest.mark.parametrize(("dark", "bright"), [(-1024, 1016), (-1024, -1024), (1016, 1016)])
def test_black_and_white_images_with_the_finest_steps_are_masked_too(dark: int, bright: int) -> None:
    grid = make_grid(((1, 1), (1, 1), (1, 1)), 64, 64, 1, 1, 0)
    blocks = tuple(np.zeros((8, 8, 8, 8), np.int16) for _ in range(3))
    blocks[0][:, :4, 0, 0], blocks[0][:, 4:, 0, 0] = dark, bright
    own = make_canvas([Jpeg(Coefficients(grid, blocks), NO_NOTES)])
    assert isinstance(own, JpegCanvas)
    published = own.mask(lay(3, 8, 32, 1, count=1), 8)
    assert published.bounds[0] >= 4 and 0 < move(own, published) <= 8


def test_a_larger_epsilon_lets_masks_move_further() -> None:
    own = make_jpegs(make_grid(((2, 2), (1, 1), (1, 1)), 60, 50, 20, 1, 3), 3)
    laid = lay(3, 63, 32, 5)
    moved = [np.abs(own.pixels.astype(int) - own.mask(laid, epsilon).pixels).mean() for epsilon in (2, 4, 8, 16, 32, 63)]
    assert moved == sorted(moved) and moved[0] < moved[-1] / 4


@pytest.mark.parametrize("said", [[], [1, 2], [-1], [-128]])
def test_a_residual_that_is_no_bound_is_refused(said: list[int]) -> None:
    own = make_jpegs(make_grid(((1, 1),), 24, 24, 20, 1, 0), 0, count=1)
    with pytest.raises(InputError, match="does not belong"):
        own.clean(lay(1, 8, 16, 0, count=1), [np.array(said, np.int8)], sparing=True)


@given(grid=grids(), seed=SEEDS, bound=st.integers(0, 127))
def test_hostile_masks_and_bounds_give_an_image_of_that_shape(grid: Grid, seed: int, bound: int) -> None:
    random = np.random.default_rng(seed)
    hostile = random.choice([-128, 127], (1, 16, 16, grid.channels)).astype(np.int8)
    own = make_jpegs(grid, seed, count=1)
    found = own.clean(Laid({grid.channels: hostile}, np.array([0]), None), [np.array([bound], np.int8)], sparing=True)
    assert found.images[0].coefficients.grid == grid
