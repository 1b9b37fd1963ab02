"""Releases that older versions wrote, with masks under what is wholly transparent too, are cleaned as they were made; and
what a release needs that is not installed is said."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

from hideseek_cli.cleaning.export import export
from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.manifest import compute_identity
from hideseek_cli.images.codec import attach_alpha, decode, digest_pixels, drop_alpha
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.jpeg import require_jpeglib
from hideseek_cli.masks.arithmetic import apply, compute_residuals
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.manifests import make_manifest
from tests.helpers.published import publish
from tests.helpers.releases import released

CLASSES = ("cat", "dog")


@pytest.mark.parametrize("channels", [2, 4])
def test_masks_of_an_older_release_are_taken_off_under_what_is_transparent_too(tmp_path, executor, channels):
    random = np.random.default_rng(0)
    masks = random.integers(-8, 9, (2, 8, 8, channels - 1)).astype(np.int8)
    originals = random.choice(np.array([0, 2, 100, 253, 255], np.uint8), (2, 8, 8, channels))
    assert (originals[..., -1] == 0).any()
    published = attach_alpha(apply(drop_alpha(originals), masks), originals)
    lost = compute_residuals(drop_alpha(published), -masks, drop_alpha(originals))
    images, cleaned = (
        {(name, "1"): digest_pixels(image) for name, image in zip(CLASSES, which, strict=True)}
        for which in (published, originals)
    )
    with StagedFolder(tmp_path / "published") as stage:
        for name, image in zip(CLASSES, published, strict=True):
            stage.write(f"{name}/1.png", encode(image))
        make_manifest(images).write(stage)
    cleaner = Cleaner(
        level="clean", release=compute_identity(images), result=compute_identity(cleaned), classes=CLASSES,
        recipe=preset("quick"), patterns={channels - 1: -masks}, which=np.arange(2, dtype=np.int32), shifts=None,
        residuals=Residuals.pack(lost),
    )  # fmt: skip
    cleaner.save(tmp_path / "cleaner")
    found = Cleaner.load(tmp_path / "cleaner")
    assert seek(tmp_path / "published", found, tmp_path / "clean", executor, Silent()).exact
    for name, original in zip(CLASSES, originals, strict=True):
        assert np.array_equal(decode(tmp_path / f"clean/{name}/1.png"), original)


def test_where_jpegs_cannot_be_read_it_is_said_once_and_nothing_is_left(make_folder, executor, tmp_path, monkeypatch):
    root = released(make_folder, tmp_path, executor, pattern_sets=1, jpeg=True)
    publish(tmp_path / "plain", [("a", "0")])
    before = sorted(os.listdir(root))
    require_jpeglib.cache_clear()
    monkeypatch.setitem(sys.modules, "jpeglib", None)
    for work in (
        lambda: seek(root / "published", Cleaner.load(root / "cleaner"), root / "out", executor, Silent()),
        lambda: export(root / "published", root / "out", "imagefolder", executor, Silent()),
    ):
        with pytest.raises(InputError) as refused:
            work()
        assert str(refused.value).count("pip install 'hideseek-seek[jpeg]'") == 1
        assert sorted(os.listdir(root)) == before
    assert export(tmp_path / "plain", tmp_path / "out", "imagefolder", executor, Silent()).images == 1
