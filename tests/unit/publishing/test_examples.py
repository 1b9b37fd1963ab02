"""Examples are what they are said to be, no two alike, and the same for the same folder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hideseek_cli.publishing import examples
from hideseek_cli.publishing.examples import choose, choose_examples, lay_on_white, measure
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import cut_out

LEVELS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=40)


@given(LEVELS)
def test_extremes_are_extreme_among_what_was_left_and_the_others_spread(images):
    grey, texture = np.array(images, float).T.copy()
    found = choose(grey, texture)
    assert len(found) == min(6, len(images)) and set(found) <= set(range(len(images)))
    left = set(range(len(images)))
    for at, why in found.items():
        values, best = {
            "flattest": (texture, min), "most textured": (texture, max), "darkest": (grey, min), "brightest": (grey, max),
        }.get(why, (np.zeros(len(images)), min))  # fmt: skip
        assert values[at] == best(values[list(left)]), why
        left.remove(at)
    assert [*found.values()] == [
        "flattest", "most textured", "darkest", "brightest", "one of many", "one of many"
    ][: len(images)]  # fmt: skip


def test_others_are_chosen_from_both_halves_of_the_folder():
    grey = np.r_[1, 2, np.full(96, 5), 8, 9].astype(float)
    found = choose(grey, grey)
    assert [*found] == [0, 99, 1, 98, 26, 74], "the extremes, and the middles of two halves of what is left"


def test_brightness_and_texture_are_measured_in_grey_levels():
    flat = np.full((12, 20, 3), 100, np.uint8)
    striped, slope = flat.copy(), np.repeat(np.arange(20, dtype=np.uint8)[None, :, None], 12, 0)
    striped[:, ::2] += 20
    assert [one.tolist() for one in measure(np.stack([flat, striped]))] == [[100, 110], [0, 10]]
    grey, texture = measure(slope[None])
    assert grey[0] == 9.5 and texture[0] == pytest.approx(np.std([0, 1, 2, 3])), "slopes from block to block are no texture"


def test_what_is_transparent_is_seen_on_white():
    image = np.array([[[10, 20, 30, 0], [10, 20, 30, 255], [0, 100, 200, 51]]], np.uint8)
    assert lay_on_white(image).tolist() == [[[255, 255, 255], [10, 20, 30], [204, 224, 244]]]
    assert lay_on_white(image[..., [0, 3]]).tolist() == [[[255], [10], [204]]]
    assert lay_on_white(image[..., :3]).tolist() == image[..., :3].tolist()
    clear = np.dstack([np.full((8, 8, 3), 100), np.zeros((8, 8, 1))]).astype(np.uint8)
    assert [one.tolist() for one in measure(clear[None])] == [[255], [0]]


@pytest.mark.slow
@pytest.mark.parametrize("most", [None, 20])
def test_examples_of_a_folder_of_many_kinds_are_no_copies_and_those_that_are_in_memory(
    make_folder, executor, monkeypatch, most
):
    data = cut_out(make_folder("data", mode="mixed", each=20))
    Image.new("L", (16, 16), 128).save(data / "class1/003.png")
    for number in range(4):
        shutil.copy(data / "class1/003.png", data / f"class1/9{number}.png")
    source = load_source(data, None, None, executor, Silent(), most=most)
    found = choose_examples(source)
    numbers = [one.number for one in found]
    assert len({*source.siblings[numbers].tolist()}) == len(found) == 6 and source.taught[numbers].all()
    assert found == choose_examples(load_source(data, None, None, executor, Silent(), most=most))
    if most is None:
        assert source.folder.records[numbers[0]].label == "class1" and found[0].why == "flattest"
        monkeypatch.setattr(examples, "SAMPLE", 10)
        assert len({one.number for one in choose_examples(source)}) == 6, "also of a sample"
