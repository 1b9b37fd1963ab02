"""Similarity is scikit-image's and NumPy's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import mean_squared_error, structural_similarity

from hideseek_cli.images.similarity import compare_batch, compare_images, measure_ssim


@pytest.mark.parametrize("channels", [1, 3])
def test_similarity_is_that_of_scikit_image(channels):
    random = np.random.default_rng(0)
    a = random.integers(0, 256, (20, 24, channels), np.uint8)
    b = np.clip(a + random.integers(-8, 9, a.shape), 0, 255).astype(np.uint8)
    found = compare_images(a, b)
    assert found.mse == pytest.approx(mean_squared_error(a / 255, b / 255))
    assert found.ssim == pytest.approx(structural_similarity(a / 255, b / 255, channel_axis=2, data_range=1.0))
    assert found.linf == np.abs(a.astype(int) - b).max()


@given(st.integers(7, 40), st.integers(7, 40), st.sampled_from([1, 3]), st.integers(0, 2**31))
def test_many_images_at_once_have_the_same_similarity(height, width, channels, seed):
    random = np.random.default_rng(seed)
    a = random.integers(0, 256, (3, height, width, channels), np.uint8)
    a[1], a[2] = 255, 0
    b = np.clip(a + random.integers(-63, 64, a.shape), 0, 255).astype(np.uint8)
    for many, one in zip(compare_batch(a, b), map(compare_images, a, b), strict=True):
        assert many.ssim == pytest.approx(one.ssim, abs=1e-9)
        assert many.mse == pytest.approx(one.mse) and many.linf == one.linf


@pytest.mark.parametrize(("height", "width"), [(700, 300), (61, 4000), (407, 300)])
def test_large_images_are_compared_strip_by_strip_with_the_same_result(height, width):
    random = np.random.default_rng(0)
    a = random.integers(0, 256, (height, width, 3), np.uint8)
    b = np.clip(a + random.integers(-30, 31, a.shape), 0, 255).astype(np.uint8)
    b[-1, -1], b[height // 2, 5] = 255 - b[-1, -1], a[height // 2, 5]
    found = compare_images(a, b)
    assert found.mse == pytest.approx(mean_squared_error(a / 255, b / 255))
    assert found.ssim == pytest.approx(structural_similarity(a / 255, b / 255, channel_axis=2, data_range=1.0))
    assert found.linf == np.abs(a.astype(int) - b).max()
    (many,) = compare_batch(a[None], b[None])
    assert many.ssim == pytest.approx(found.ssim, abs=1e-9) and measure_ssim(a[None], b[None])[0] == pytest.approx(many.ssim)


def test_of_very_large_images_strips_from_top_to_bottom_are_looked_at():
    random = np.random.default_rng(0)
    a = random.integers(60, 200, (2000, 900, 1), np.uint8)
    b = a + random.integers(0, np.linspace(2, 40, 2000).astype(int)[:, None, None], a.shape).astype(np.uint8)
    (some,), whole = compare_batch(a[None], b[None]), compare_images(a, b)
    assert some.ssim == pytest.approx(whole.ssim, abs=0.01) and some.mse == pytest.approx(whole.mse, rel=0.15)
    assert 0.5 * whole.linf < some.linf <= whole.linf
    assert compare_batch(a[None], a[None])[0].ssim == 1
