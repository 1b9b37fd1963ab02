"""FLIP of what people see: nothing of what is the same, more of stronger changes, slow waves that SSIM overlooks."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage import data

from hideseek_cli.images import visibility
from hideseek_cli.images.similarity import compare_images
from hideseek_cli.images.visibility import choose_sample, measure_jpeg_visibility, measure_visibility

GREY = np.full((256, 256, 3), 128, np.uint8)


def noisy(image: np.ndarray, reach: int) -> np.ndarray:
    noise = np.random.default_rng(0).integers(-reach, reach + 1, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def test_what_is_the_same_is_not_seen_and_more_is_seen_more():
    assert measure_visibility(GREY, GREY.copy()) == 0
    seen = [measure_visibility(GREY, noisy(GREY, reach)) for reach in (2, 8, 32)]
    assert 0 < seen[0] < seen[1] < seen[2] < 1
    assert seen[1] == pytest.approx(0.0541, abs=0.001), "white noise of ±8 on mid-grey, by the evaluator itself"


def test_slow_waves_of_colour_are_seen_that_hardly_cost_similarity():
    photograph = data.astronaut()[:256, :256]
    slow = np.round(6 * np.sin(np.arange(256) / 40))[:, None, None] * np.array([1, -1, 1])
    wave = np.clip(photograph + slow, 0, 255).astype(np.uint8)
    noise = noisy(photograph, 6)
    assert compare_images(photograph, wave).ssim > compare_images(photograph, noise).ssim
    assert measure_visibility(photograph, wave) > 1.5 * measure_visibility(photograph, noise)


def test_jpeg_of_a_photograph_is_seen_a_little():
    assert measure_jpeg_visibility(data.chelsea()) == pytest.approx(0.047, abs=0.003)


def test_an_image_that_was_a_jpeg_is_held_to_no_stricter_limit():
    """Compressed once more by the same blocks it would hardly change."""
    photograph, file = data.chelsea(), io.BytesIO()
    Image.fromarray(photograph).save(file, "JPEG", quality=75)
    once = np.asarray(Image.open(file))
    again = io.BytesIO()
    Image.fromarray(once).save(again, "JPEG", quality=75)
    plain = measure_visibility(once, np.asarray(Image.open(again)))
    assert plain < 0.005 < 0.7 * measure_jpeg_visibility(photograph) < measure_jpeg_visibility(once)


def test_a_small_image_is_seen_enlarged_and_a_grey_one_as_colours():
    small = noisy(GREY[:32, :32], 60)
    other = noisy(small, 8)
    factor = 256 // 32
    enlarged = [np.asarray(Image.fromarray(one).resize((256, 256), Image.Resampling.BICUBIC)) for one in (small, other)]
    assert measure_visibility(small, other) == measure_visibility(*enlarged)
    tiles = [np.tile(one, (factor, factor, 1)) for one in (small, other)]
    assert measure_visibility(*enlarged) > 1.1 * measure_visibility(*tiles), "slower waves are seen more"
    grey, moved = small[:, :, :1], other[:, :, :1]
    assert measure_visibility(grey, moved) == measure_visibility(grey.repeat(3, 2), moved.repeat(3, 2)) > 0
    assert measure_jpeg_visibility(grey) > 0


def test_of_a_large_image_the_middle_is_judged():
    large = np.zeros((700, 900, 1), np.uint8)
    middle = slice(80, 592), slice(192, 704)
    other = large.copy()
    other[middle] = 40
    beside = 40 - other
    assert measure_visibility(large, other) == measure_visibility(large[middle], other[middle]) > 0.05
    assert measure_visibility(large, beside) == 0


@given(st.integers(8, 700), st.integers(8, 700))
def test_what_is_judged_has_256_to_512_pixels_a_side(height, width):
    rows, columns, factor = visibility._find_part(height, width)
    sides = len(range(height)[rows]) * factor, len(range(width)[columns]) * factor
    assert min(sides) >= 256 and max(sides) <= 512
    assert factor == 1 or min(height, width) * (factor - 1) < 256, "the smallest factor"
    assert rows.start % 16 == columns.start % 16 == 0, "where blocks of a JPEG begin"
    for side, part, count in ((height, rows, sides[0]), (width, columns, sides[1])):
        cut = side - count // factor
        assert part.start == 0 if cut < 32 else abs(part.start - cut / 2) <= 16, "the middle"


@given(st.integers(0, 10_000), st.integers(1, 200))
def test_a_sample_is_evenly_spread_and_as_large_as_it_may_be(count, most):
    chosen = choose_sample(count, most)
    assert len(chosen) == min(count, most) and set(chosen.tolist()) <= set(range(count))
    gaps = np.diff(np.append(chosen, count))
    assert not len(gaps) or (np.ptp(gaps) <= 1 and chosen[0] == 0 and gaps.min() >= 1)


def test_figures_are_the_same_whatever_the_number_of_threads(executor):
    """It may be called from several at once."""
    pairs = [(noisy(GREY[:64, :64], 9), noisy(GREY[:64, :64], reach)) for reach in range(4)]
    assert list(executor.map(lambda pair: measure_visibility(*pair), pairs)) == [measure_visibility(*pair) for pair in pairs]
