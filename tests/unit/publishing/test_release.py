"""A written release: where an image is wholly transparent nothing is masked, at no level, and cleaning stays exact."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode, drop_alpha
from hideseek_cli.images.dataset import scan
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import cut_out

Publish = Callable[..., Path]


@pytest.fixture
def publish(tmp_path, executor) -> Publish:
    """Publish a folder with masks of one class or image each, level 50 among others, every image with strong masks."""

    def published(data: Path, *, keyed: bool = False, own: bool = False, stop: bool = False, size: int | None = None) -> Path:
        source, key, random = load_source(data, None, size, executor, Silent()), bytes(32), np.random.default_rng(1)
        thresholds = source.own_thresholds(key) if own else source.thresholds(key)
        renderer = MaskRenderer(source, 8, thresholds, source.shifts(key, "keyed" if keyed else "fixed"))
        strongest, level = (renderer.masks(random.normal(0, 5, thresholds.shape), strength) for strength in (1.0, 0.3))
        which = np.arange(len(source)) if own else source.folder.labels
        levels = ReleaseMasks(
            epsilon=8, published=strongest, which=which, strength=1.0, tiers={"50": np.arange(len(source)) % 3 > 0},
            own={"50": level} if stop else {}, shifts=renderer.shifts, single=own,
        )  # fmt: skip
        with StagedFolder(tmp_path / "published") as stage:
            write_release(
                source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=tmp_path / "masks",
                origin={},
            )  # fmt: skip
        return tmp_path

    return published


def stated_format(path: Path) -> int:
    content = path.read_bytes()
    metadata = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return int(json.loads(metadata["hideseek"])["format"])


@pytest.mark.slow
@pytest.mark.parametrize("options", [{}, {"keyed": True}, {"own": True}, {"stop": True}, {"size": 12}], ids=str)
def test_colours_under_what_is_wholly_transparent_stay_and_every_level_is_exact(make_folder, executor, publish, options):
    data = cut_out(make_folder("data", mode="mixed", each=6))
    if "size" in options:
        for record in list(scan(data).records)[:4]:
            with Image.open(record.path) as image:
                image.resize((23, 31)).save(record.path)
    place = publish(data, **options)
    owner, hidden = MaskFile.load(place / "masks"), 0
    for original, record in zip(scan(data).records, scan(place / "published").records, strict=True):
        before, after = decode(original.path), decode(record.path)
        colours = drop_alpha(before).shape[2]
        assert np.array_equal(after[:, :, colours:], before[:, :, colours:])
        moved = (after != before)[:, :, :colours].any(2)
        bare = (before[:, :, colours:] == 0).any(2)
        assert not moved[bare].any() and moved[~bare].mean() > 0.5, record.key
        hidden += bare.sum()
    assert hidden > 0
    for level in ("50", "clean"):
        owner.make_cleaner(level).save(place / "cleaner")
        assert stated_format(place / "cleaner") == stated_format(place / "masks") == (6 if "own" in options else 5)
        assert seek(place / "published", Cleaner.load(place / "cleaner"), place / level, executor, Silent()).exact
    for original, cleaned in zip(scan(data).records, scan(place / "clean").records, strict=True):
        assert np.array_equal(decode(original.path), decode(cleaned.path))


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("alpha", [255, 1])
def test_what_older_versions_clean_exactly_is_written_for_them(make_folder, publish, own, alpha):
    """Where no image is wholly transparent anywhere."""
    data = make_folder("data", each=6)
    for record in scan(data).records:
        with Image.open(record.path) as image:
            image.putalpha(Image.fromarray(np.where(np.eye(16), alpha, 255).astype(np.uint8)))
            image.save(record.path)
    assert stated_format(publish(data, own=own) / "masks") == (4 if own else 3)
