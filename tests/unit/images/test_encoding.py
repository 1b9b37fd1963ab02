"""How images are written: whole and exact whatever is in them, as small as with a long search, and without one."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from hideseek_cli.images.codec import read_image
from hideseek_cli.images.encoding import ENCODINGS, encode, why_unfit
from hideseek_cli.images.notes import NO_NOTES

CASES = [(encoding, channels) for encoding in ENCODINGS for channels in (1, 2, 3, 4) if encoding == "png" or channels > 2]


def draw(height: int, width: int, channels: int, seed: int, steps: int) -> np.ndarray:
    """Waves under a mask of ±8, some of it black or white, of so many grey levels."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    waves = 128 + 150 * np.sin(rows[..., None] / random.uniform(3, 40) + columns[..., None] / random.uniform(3, 40, channels))
    noisy = waves.clip(0, 255) + random.normal(0, 3, (height, width, channels)).clip(-8, 8).round()
    return (noisy.clip(0, 255) // steps * steps).astype(np.uint8)


def size_by_pillow(pixels: np.ndarray) -> int:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.tell()


@pytest.mark.parametrize(("encoding", "channels"), CASES)
@settings(max_examples=15)
@given(st.integers(8, 70), st.integers(8, 70), st.integers(0, 99), st.sampled_from([1, 16, 255]))
def test_what_is_written_is_what_is_read_and_the_same_bytes_again(
    tmp_path_factory, encoding, channels, height, width, seed, steps
):
    pixels = draw(height, width, channels, seed, steps)
    if channels in (2, 4):
        pixels[0, 0, -1] = 0
    assert why_unfit(pixels.shape, NO_NOTES, encoding) is None
    path = tmp_path_factory.mktemp("e") / f"a.{encoding}"
    path.write_bytes(encode(pixels, encoding=encoding))
    assert np.array_equal(read_image(path, encoding)[0], pixels)
    assert encode(pixels.copy(), encoding=encoding) == path.read_bytes()


@pytest.mark.parametrize("shape", [(32, 32, 3), (224, 224, 3), (363, 360, 3)])
def test_masked_images_are_no_larger_than_after_a_long_search(shape):
    pixels = draw(*shape, seed=1, steps=1)
    assert len(encode(pixels)) <= 1.02 * size_by_pillow(pixels)
    assert len(encode(pixels, encoding="webp")) <= len(encode(pixels))


def test_a_png_is_searched_for_runs_and_for_nothing_else():
    """Time does not grow with what an image repeats, and what is black or white takes no room."""
    tile = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    repeated = np.tile(tile, (8, 8, 1))
    assert size_by_pillow(repeated) < 0.1 * repeated.size < 0.9 * repeated.size < len(encode(repeated))
    assert len(encode(np.full((256, 256, 3), 255, np.uint8))) < 2000


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_writing_takes_less_than_half_of_what_pillow_takes_unless_told(monkeypatch, encoding):
    pixels = draw(224, 224, 3, seed=1, steps=1)
    quick = min(time_encoding(pixels, encoding) for _ in range(3))
    monkeypatch.setitem(ENCODINGS, encoding, {"lossless": True, "exact": True} if encoding == "webp" else {})
    assert quick < 0.5 * min(time_encoding(pixels, encoding) for _ in range(3))


def time_encoding(pixels: np.ndarray, encoding: str) -> float:
    """Seconds of processor."""
    begun = time.process_time()
    encode(pixels, encoding=encoding)
    return time.process_time() - begun
