"""What is published can be cleaned, and is tried before it is published."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images import encoding
from hideseek_cli.masks.arithmetic import place
from hideseek_cli.masks.chunked import ChunkedMasks
from hideseek_cli.publishing import rehearsal
from tests.helpers.commands import FAST, inside
from tests.helpers.folders import write_images
from tests.helpers.releases import released


@pytest.mark.slow
@pytest.mark.parametrize("shards", [(), ("--shards", "5")])
def test_as_many_patterns_as_images_and_shifts_make_a_release_that_can_be_cleaned(tmp_path, shards):
    """Every image has its own pattern then, as if by ``scope=sample``, but is shifted as those never are."""
    write_images(tmp_path / "data", 2, 12)
    options = ("--placement", "keyed", "--patterns", "12", "--robust", "none", "--passes", "1", "--epochs", "1", *FAST[2:])
    inside("hide", "data", *options, *shards, cwd=tmp_path, code=None)
    inside("cleaner", "masks.safetensors", "--level", "clean", cwd=tmp_path)
    done = inside("seek", "published", "cleaner_clean.safetensors", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["exact"]


def test_masks_in_chunks_are_shifted_like_others():
    masks = np.random.default_rng(0).integers(-8, 9, (4, 5, 6, 3)).astype(np.int8)
    shifts, which = np.array([[1, 2], [0, 5], [4, 0]], np.uint16), np.array([3, 0, 1])
    assert np.array_equal(place(ChunkedMasks.pack(masks), which, shifts), place(masks, which, shifts))


def test_a_file_that_was_not_written_as_it_should_be_is_found_before_it_is_published(tmp_path, executor, monkeypatch):
    def darkened(pixels: np.ndarray, notes: object, name: str, original=encoding._encode) -> bytes:
        return original(np.minimum(pixels, 200), notes, name)

    monkeypatch.setattr(encoding, "_encode", darkened)
    with pytest.raises(ValueError, match=r"does not come back at level (50|clean)"):
        released(lambda name="data", **options: write_images(tmp_path / name, **options), tmp_path, executor, pattern_sets=2)
    assert not (tmp_path / "published").exists() and not (tmp_path / "masks").exists()


def test_a_cleaner_that_leads_elsewhere_is_found_before_anything_is_published(tmp_path, executor, monkeypatch):
    make = MaskFile.make_cleaner

    def wrong(masks: MaskFile, level: str) -> Cleaner:
        found = make(masks, level)
        return replace(found, patterns={channels: np.flip(one, 1) for channels, one in found.patterns.items()})

    monkeypatch.setattr(rehearsal.MaskFile, "make_cleaner", wrong)
    with pytest.raises(ValueError, match="does not come back at level"):
        released(lambda name="data", **options: write_images(tmp_path / name, **options), tmp_path, executor, pattern_sets=2)
    assert not (tmp_path / "published").exists() and not (tmp_path / "masks").exists()
