"""Similarity is scikit-image's and NumPy's own, over all images, with the worst named."""

from __future__ import annotations

from math import log10

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio, structural_similarity

from hideseek_cli.errors import InputError
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.similarity import compare, compare_batch, compare_images, measure_ssim
from hideseek_cli.runtime.progress import Silent


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


def test_folders_are_compared_over_all_images_and_the_worst_is_named(make_folder, executor):
    a, b = make_folder("a"), make_folder("b")
    changed = np.asarray(Image.open(b / "class1/003.png")).copy()
    changed[4:8, 4:8] ^= 64
    Image.fromarray(changed).save(b / "class1/003.png")
    found = compare(scan(a), scan(b), executor, Silent())
    assert found.images == 36 and found.linf == 64
    assert found.worst[0][0] == "class1/003.png" and found.worst[0][1].ssim < 1 == found.worst[1][1].ssim
    assert found.mse == pytest.approx(found.worst[0][1].mse / 36)
    assert found.psnr == pytest.approx(-10 * log10(found.mse))
    original = np.asarray(Image.open(a / "class1/003.png"))
    single = peak_signal_noise_ratio(original, changed, data_range=255)
    assert single == pytest.approx(-10 * log10(found.worst[0][1].mse))


def test_identical_folders_have_no_psnr(make_folder, executor):
    root = make_folder()
    assert compare(scan(root), scan(root), executor, Silent()).psnr is None


def test_what_has_no_counterpart_or_another_shape_is_refused(make_folder, executor):
    a, b = make_folder("a"), make_folder("b")
    (a / "class1/003.png").unlink()
    with pytest.raises(InputError, match=r"images have no counterpart.*class1/003.png"):
        compare(scan(a), scan(b), executor, Silent())
    Image.new("RGB", (20, 20)).save(a / "class1/003.png")
    with pytest.raises(InputError, match="differ in shape"):
        compare(scan(a), scan(b), executor, Silent())
