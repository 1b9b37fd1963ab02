"""The same image twice in a folder: who buys it once gets no pattern of a layer that was not bought."""

from __future__ import annotations

import shutil
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest

from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from tests.helpers.folders import MakeFolder
from tests.helpers.releases import released

PLANTED = {
    "in two classes": [("class0/003", "class1/003"), ("class1/011", "class2/011")],
    "in one class": [(f"class{label}/{number:03}", f"class{label}/{number + 8:03}") for label in range(3) for number in (3, 5)],
}


def pixels(folder: Path) -> dict[str, np.ndarray]:
    return {"/".join(record.key): decode(record.path).astype(int) for record in scan(folder).records}


def strip(place: Path) -> set[str]:
    """Images that were not bought, as a buyer of the level bares them: each clean image is taken from every masked one, and
    where little is left, that is a pattern, tried at all places on the others of its class."""
    original, published, bought = (pixels(place / name) for name in ("data", "published", "k50"))
    masked = [name for name in published if np.array_equal(published[name], bought[name])]
    patterns = [
        (other.split("/")[0], published[other] - bought[name])
        for name in bought.keys() - set(masked)
        for other in masked
        if np.abs(published[other] - bought[name]).max() <= 8
    ]
    bare = set()
    for label, pattern in patterns:
        shifted = [np.roll(pattern, (down, right), (0, 1)) for down in range(16) for right in range(16)]
        for name in masked:
            mask = published[name] - original[name]
            inner = (published[name] > 0) & (published[name] < 255)
            if name.startswith(label) and max((mask == one)[inner].mean() for one in shifted) > 0.7:
                bare.add(name)
    return bare


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_copy_that_was_bought_strips_no_image_that_was_not(
    make_folder: MakeFolder, tmp_path: Path, executor: Executor, planted: list[tuple[str, str]], placement: str
):
    def plant(name: str, **options: object) -> Path:
        root = make_folder(name, **options)
        for one, other in planted:
            shutil.copy(root / f"{one}.png", root / f"{other}.png")
        return root

    place = released(plant, tmp_path, executor, pattern_sets=2, placement=placement)
    assert strip(place) == set()
    published, bought = pixels(place / "published"), pixels(place / "k50")
    for one, other in planted:
        assert np.array_equal(bought[one], bought[other]), "copies lose their masks together"
        assert np.array_equal(published[one], published[other]), "and the difference of two masks is no pattern either"
        if one.split("/")[0] != other.split("/")[0]:
            assert np.array_equal(bought[one], published[one]), "what lies in several classes stays masked"
    assert 0.4 < np.mean([np.array_equal(bought[name], published[name]) for name in published]) < 0.6
