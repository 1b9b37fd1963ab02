"""Copies are found whatever was done to their files, and what is merely alike is told apart, in little time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hideseek_cli.images import copies
from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.copies import find_copies, find_divided, make_thumbnail
from tests.helpers.photographs import CHANGES, photographs


def find(images: list[np.ndarray]) -> np.ndarray:
    whole = [image[..., None] if image.ndim == 2 else image for image in images]
    digests = np.stack([np.frombuffer(bytes.fromhex(digest_pixels(image))[:16], np.uint8) for image in whole])
    return find_copies(digests, np.stack([make_thumbnail(image) for image in whole]))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_copies_of_photographs_are_found_and_no_two_photographs_are_copies(change):
    images = photographs()
    told = [make_thumbnail(np.atleast_3d(np.asarray(image))).std() >= copies.FLAT for image in images]
    found = find([np.asarray(image) for image in (*images, *map(change, images))])
    assert np.array_equal(found[: len(images)], np.arange(len(images)))
    again = found[len(images) :] == np.arange(len(images))
    assert again[told].all() and sum(told) > 0.8 * len(told)


def test_digits_of_eight_by_eight_are_told_apart():
    """One pair of 1,797 is of the same writer, and differs in two pixels by an eighth of the range."""
    images = (load_digits().images * 255 / 16).astype(np.uint8)
    assert np.count_nonzero(find(list(images)) != np.arange(len(images))) <= 1
    found = find([*images, *images])
    assert np.array_equal(found[len(images) :], found[: len(images)]), "equal ones are found whatever they show"


def test_of_flat_images_equal_ones_alone_are_copies():
    flat = [np.full((16, 16, 3), level, np.uint8) for level in (0, 0, 1, 128, 128, 129)]
    textures = [np.random.default_rng(number).integers(100, 140, (64, 64)).astype(np.uint8) for number in range(20)]
    assert find([*flat, *textures]).tolist() == [0, 0, 2, 3, 3, 5, *range(6, 26)]


def test_copies_of_copies_are_of_one_group():
    first = np.arange(64).repeat(64).reshape(64, 64)
    steps = [np.clip(first + 20 + step, 0, 255).astype(np.uint8) for step in range(12)]
    assert find(steps).tolist() == [0] * 12


def test_the_work_grows_no_faster_than_the_images_however_alike_they_are(monkeypatch):
    compared = 0
    are_near = copies._are_near

    def count(thumbnails: np.ndarray, contrast: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        nonlocal compared
        compared += pairs.shape[1]
        return are_near(thumbnails, contrast, pairs)

    monkeypatch.setattr(copies, "_are_near", count)
    images, random = 20_000, np.random.default_rng(0)
    digests = np.arange(images, dtype="<u8").view(np.uint8).reshape(-1, 8)
    hostile = (2 * np.arange(64) + random.integers(0, 60, (images, 64))).astype(np.uint8)
    assert find_copies(digests, hostile).max() > 0 and compared <= images * copies.TABLES * copies.NEIGHBOURS
    compared = 0
    same = np.broadcast_to(np.arange(64, dtype=np.uint8), (images, 64)).copy()
    assert not find_copies(digests, same).any() and compared <= 3 * images


def test_who_has_a_copy_in_another_class_is_divided():
    found = find_divided(np.array([0, 1, 0, 3, 3, 1]), np.array([0, 0, 1, 1, 1, 0]))
    assert found.tolist() == [True, False, True, False, False, False]
