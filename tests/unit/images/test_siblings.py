"""Near-identical images are found whatever they show, strangers are not; and the owner may say what belongs together."""

from __future__ import annotations

import re

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.images.copies import make_thumbnail
from hideseek_cli.images.siblings import check_groups, find_siblings, group_named, match_names
from hideseek_cli.images.twins import SIDE
from tests.helpers.photographs import CHANGES, photographs


def shifted(image: Image.Image) -> Image.Image:
    step = max(1, min(image.size) // 16)
    return Image.fromarray(np.roll(np.asarray(image), (step, step), (0, 1)))


def brighter(image: Image.Image) -> Image.Image:
    return image.point(lambda value: round(0.8 * value + 30))


def look(images: list[Image.Image]) -> np.ndarray:
    return np.stack([make_thumbnail(np.atleast_3d(np.asarray(image)), SIDE) for image in images])


@pytest.mark.parametrize("change", [*CHANGES.values(), shifted, brighter])
def test_twins_of_photographs_are_found_and_no_two_photographs_are_siblings(change):
    images = photographs()
    told = look(images).std(1) >= 8
    labels = np.arange(len(images)) % 4
    found = find_siblings(np.arange(2 * len(images)), look([*images, *map(change, images)]), np.tile(labels, 2))
    assert np.array_equal(found[: len(images)], np.arange(len(images)))
    least = 0.7 if change is shifted else 0.9  # sand and grass have nothing that a thumbnail keeps when they are moved
    assert np.mean((found[len(images) :] == np.arange(len(images)))[told]) > least
    apart = find_siblings(np.arange(2 * len(images)), look([*images, *map(change, images)]), np.append(labels, labels + 4))
    assert np.array_equal(apart, np.arange(2 * len(images))), "of one class alone"


def test_what_would_be_most_of_a_class_is_no_group_but_copies_are():
    one = np.random.default_rng(0).integers(0, 250, SIDE**2).astype(np.uint8)
    others = np.random.default_rng(1).integers(0, 250, (20, SIDE**2)).astype(np.uint8)
    thumbnails = np.concatenate([np.tile(one, (8, 1)) + np.arange(8, dtype=np.uint8)[:, None] % 3, others])
    copies = np.arange(28)
    copies[5] = 2
    assert np.array_equal(find_siblings(copies, thumbnails, np.repeat([0, 1], [12, 16])), copies)
    assert find_siblings(copies, thumbnails, np.repeat([0, 1], [18, 10]))[:9].tolist() == [0] * 8 + [8]


def test_frames_are_found_by_their_names_order_in_a_folder_of_sequences_alone():
    random = np.random.default_rng(0)
    scenes = random.integers(40, 200, (60, 4, 4)).repeat(4, axis=1).repeat(4, axis=2).reshape(60, -1)
    frames = np.clip(scenes.repeat(6, axis=0) + random.normal(0, 25, (360, SIDE**2)), 0, 255).astype(np.uint8)
    labels = np.repeat([0, 1, 2], 120)
    found = find_siblings(np.arange(360), frames, labels)
    assert np.mean(found == np.arange(0, 360, 6).repeat(6)) > 0.8
    mixed = np.concatenate([random.permutation(np.arange(120) + 120 * label) for label in range(3)])
    assert np.array_equal(find_siblings(np.arange(360), frames[mixed], labels), np.arange(360)), "no order, no sequence"


def test_names_give_groups_within_each_class():
    keys = [("a", "01_1"), ("a", "01_2"), ("a", "02_1"), ("b", "01_1"), ("b", "x/02_1"), ("b", "lone")]
    labels, names = np.array([0, 0, 0, 1, 1, 1]), match_names(keys, r"(\d+)_")
    assert names == ["01", "01", "02", "01", "02", None]
    assert group_named(np.arange(6), names, labels, ("a", "b"), "it").tolist() == [0, 0, 2, 3, 4, 5]
    assert group_named(np.array([0, 1, 2, 2, 4, 5]), names, labels, ("a", "b"), "it").tolist() == [0, 0, 2, 2, 4, 5]
    with pytest.raises(InputError, match="names no image's group"):
        group_named(np.arange(6), [None] * 6, labels, ("a", "b"), "it")
    with pytest.raises(InputError, match="makes one group of all images of a; a class needs two"):
        group_named(np.arange(6), ["1", "1", "1", "1", "2", "3"], labels, ("a", "b"), "it")


@pytest.mark.parametrize(
    ("groups", "why"),
    [("(", "is no regular expression"), (r"^\d+_", "has no group in brackets"), ("column:", "names no column")],
)
def test_what_names_no_groups_is_refused(groups, why):
    with pytest.raises(InputError, match=re.escape(why)):
        check_groups("groups", groups)


@pytest.mark.parametrize("groups", ["auto", "none", "column:track", r"^(\d+)_"])
def test_what_names_groups_is_taken(groups):
    check_groups("groups", groups)
