"""Images are cleaned several at a time: few enough, and each as if it were alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.cleaning import batches
from hideseek_cli.cleaning.batches import Job, batch_work, clean_batch
from hideseek_cli.formats.cleaner import NONE, Cleaner
from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.output_format import PNG_FILES
from hideseek_cli.masks.arithmetic import apply, compute_residuals
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.recipe import preset


def job(number: int) -> Job:
    return Job(number, ("a", str(number)), "", Path(str(number)), None)


@given(st.lists(st.integers(0, 3 * batches.VALUES), max_size=60), st.integers(0, 10_000))
def test_a_call_takes_few_images_and_no_more_values_than_fit(counts, total):
    work = [(job(number), np.zeros(count, np.int8)) for number, count in enumerate(counts)]
    found = list(batch_work(iter(work), total))
    assert [one for some in found for one in some] == work
    for some in found:
        assert 0 < len(some) <= max(1, min(batches.TOGETHER, total // 64))
        assert sum(len(lost) for _, lost in some[:-1]) <= batches.VALUES


@pytest.mark.parametrize("small", [batches.SMALL, 0])
def test_images_of_all_shapes_and_damaged_ones_come_out_in_order_each_by_its_own_mask(tmp_path, monkeypatch, small):
    monkeypatch.setattr(batches, "SMALL", small)
    random = np.random.default_rng(0)
    masks = {channels: random.integers(-8, 9, (2, 8, 8, channels)).astype(np.int8) for channels in (1, 3)}
    which = np.array([0, 1, 0, NONE, 0, 1, 0, NONE, 1, 0], np.int32)
    shapes = [(8, 8, 3)] * 5 + [(8, 8, 1)] * 2 + [(8, 8, 3)] * 3
    cleaner = Cleaner(
        level="clean", release="", result="", classes=("a",), recipe=preset("quick"), which=which, shifts=None,
        patterns={channels: -mask for channels, mask in masks.items()}, residuals=Residuals.pack([]),
    )  # fmt: skip
    work, wanted = [], []
    for number, shape in enumerate(shapes):
        clean_image = random.choice(np.array([0, 3, 100, 252, 255], np.uint8), shape)
        mask = masks[shape[2]][which[number]][None]
        published = clean_image if which[number] == NONE else apply(clean_image[None], mask)[0]
        path = tmp_path / f"{number}.png"
        path.write_bytes(encode(published) if number != 8 else b"nothing")
        lost = (
            compute_residuals(published[None], -mask, clean_image[None])[0] if which[number] != NONE else np.empty(0, np.int8)
        )
        work.append((Job(number, ("a", str(number)), digest_pixels(published), path, None), lost))
        wanted.append((("a", str(number)), digest_pixels(clean_image), digest_pixels(clean_image)))
    found = clean_batch(cleaner, PNG_FILES, lambda key, image: digest_pixels(image.pixels), work)
    assert isinstance(found[8], str) and "8.png cannot be read" in found[8]
    assert [one for one in found if not isinstance(one, str)] == wanted[:8] + wanted[9:]
