"""Levels are made of pictures: the scale between published and clean, and a release of some of its levels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.bundle import MaskFile
from hideseek_cli.files import StagedFolder
from hideseek_cli.folder import scan
from hideseek_cli.levels import Maker, Scale
from hideseek_cli.material import load
from hideseek_cli.picture import decode
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.release import Levels, write
from hideseek_cli.seek import seek
from tests.conftest import MakeFolder

COUNT = 37
TURNS = np.random.default_rng(0).permutation(COUNT)
SCALE = Scale(np.zeros((COUNT, 2, 2, 1), np.uint8), np.ones((COUNT, 2, 2, 1), np.uint8), TURNS)


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_is_that_of_the_masked_pictures_and_levels_are_nested(one, other):
    share, more = sorted((SCALE.nearest(one), SCALE.nearest(other)))
    few, many = SCALE.touched(more), SCALE.touched(share)
    assert many.sum() == pytest.approx(COUNT * (1 - share)) and many.sum() >= 1
    assert not (few & ~many).any(), "what has lost its mask at a lower level has lost it at a higher one"
    assert abs(share - min(one, other)) <= 1 / COUNT
    trial = SCALE.trial(share)
    assert np.array_equal(trial.render()[:, 0, 0, 0], trial.masked), "a masked picture is the published one, others are clean"


def test_the_ends_of_the_scale_are_the_clean_and_the_published_folder():
    assert SCALE.touched(0.0).all() and not SCALE.touched(1.0).any()
    assert not SCALE.render(0.0).any() and SCALE.render(1.0).all()
    assert SCALE.touched(1 - 1 / COUNT).tolist() == (TURNS == 0).tolist()


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
def test_a_cleaner_touches_its_pictures_and_leaves_the_others_as_published(
    make_folder: MakeFolder, tmp_path, executor, placement
):
    material = load(make_folder("data", classes=2, each=9, mode="mixed"), None, None, executor, Silent())
    master = bytes(range(32))
    maker = Maker(material, 8, material.thresholds(master), material.shifts(master, placement))
    pattern = np.random.default_rng(1).normal(0, 5, maker.thresholds.shape)
    scale = Scale(material.stack.clean(), maker.render(pattern, 1.0), material.turns(master))
    tiers = {name: scale.touched(share) for name, share in (("30", 0.8), ("50", 0.5))}
    levels = Levels(epsilon=8, published=maker.masks(pattern, 1.0), strength=1.0, tiers=tiers, own={}, shifts=maker.shifts)
    with StagedFolder(tmp_path / "published") as stage:
        write(
            material.folder, material.pictures, levels, stage, executor, Silent(), recipe=preset("quick"), size=None,
            offers=(), masks=tmp_path / "masks", origin={},
        )  # fmt: skip
    owner = MaskFile.load(tmp_path / "masks")
    assert [tier.strength for tier in owner.tiers] == pytest.approx([1 - 4 / 18, 0.5, 0.0])

    def pixels(folder: Path) -> list[np.ndarray]:
        return [decode(entry.path) for entry in scan(folder).entries]

    published = pixels(tmp_path / "published")
    for level, touched in (*tiers.items(), ("clean", np.ones(18, bool))):
        cleaner = owner.cleaner(level)
        assert seek(tmp_path / "published", cleaner, tmp_path / level, executor, Silent()).exact
        for number, found in enumerate(pixels(tmp_path / level)):
            expected = material.pictures[number] if touched[number] else published[number]
            assert np.array_equal(found, expected)
        if placement == "keyed":
            assert cleaner.shifts is not None and not cleaner.shifts[~touched].any()
            assert cleaner.shifts[touched].any()
