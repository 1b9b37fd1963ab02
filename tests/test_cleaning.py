"""Pictures are cleaned several at a time: few enough, and each as if it were alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli import cleaning
from hideseek_cli.bundle import NONE, Cleaner
from hideseek_cli.cleaning import Job, calls, clean
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.mask import apply, residuals
from hideseek_cli.picture import encode
from hideseek_cli.recipe import preset
from hideseek_cli.residuals import Residuals


def job(number: int) -> Job:
    return Job(number, ("a", str(number)), "", Path(str(number)), None)


@given(st.lists(st.integers(0, 3 * cleaning.VALUES), max_size=60), st.integers(0, 10_000))
def test_a_call_takes_few_pictures_and_no_more_values_than_fit(counts, total):
    work = [(job(number), np.zeros(count, np.int8)) for number, count in enumerate(counts)]
    found = list(calls(iter(work), total))
    assert [one for some in found for one in some] == work
    for some in found:
        assert 0 < len(some) <= max(1, min(cleaning.TOGETHER, total // 64))
        assert sum(len(lost) for _, lost in some[:-1]) <= cleaning.VALUES


@pytest.mark.parametrize("small", [cleaning.SMALL, 0])
def test_pictures_of_all_shapes_and_damaged_ones_come_out_in_order_each_by_its_own_mask(tmp_path, monkeypatch, small):
    monkeypatch.setattr(cleaning, "SMALL", small)
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
        clean_picture = random.choice(np.array([0, 3, 100, 252, 255], np.uint8), shape)
        mask = masks[shape[2]][which[number]][None]
        published = clean_picture if which[number] == NONE else apply(clean_picture[None], mask)[0]
        path = tmp_path / f"{number}.png"
        path.write_bytes(encode(published) if number != 8 else b"nothing")
        lost = residuals(published[None], -mask, clean_picture[None])[0] if which[number] != NONE else np.empty(0, np.int8)
        work.append((Job(number, ("a", str(number)), pixel_digest(published), path, None), lost))
        wanted.append((("a", str(number)), pixel_digest(clean_picture), pixel_digest(clean_picture)))
    found = clean(cleaner, False, lambda key, picture, notes: pixel_digest(picture), work)
    assert isinstance(found[8], str) and "8.png cannot be read" in found[8]
    assert [one for one in found if not isinstance(one, str)] == wanted[:8] + wanted[9:]
