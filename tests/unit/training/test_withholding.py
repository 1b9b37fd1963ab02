"""Accuracy is asked of images of which no sibling was learnt, and half of the images is half of the groups."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.images.copies import find_divided
from hideseek_cli.training.withholding import select_half, select_withheld

LABELS = np.repeat(np.arange(3), 40)
GROUPS = st.lists(st.integers(0, 30), min_size=120, max_size=120)


def first_of(groups: np.ndarray) -> np.ndarray:
    _, first, which = np.unique(groups, return_index=True, return_inverse=True)
    return first[which.ravel()].astype(np.int64)


@given(GROUPS, st.integers(0, 2**32))
def test_no_group_is_divided_between_what_is_withheld_and_what_is_learnt(drawn, seed):
    siblings = first_of(np.array(drawn) + 100 * LABELS)
    held = select_withheld(LABELS, seed, siblings)
    assert np.array_equal(held, select_withheld(LABELS, seed, siblings))
    for label in range(3):
        mine = label == LABELS
        groups = len(np.unique(siblings[mine]))
        assert groups == 1 or np.array_equal(held[mine], held[siblings[mine]])
        assert groups == 1 or (held[mine].any() and not held[mine].all())
        largest = int(np.bincount(siblings[mine]).max())
        assert groups == 1 or abs(held[mine].sum() - 10) <= largest
    half = select_half(LABELS, held, siblings)
    inside = np.isin(np.arange(120), half)
    assert all(len(np.unique(inside[(siblings == first) & ~held])) < 2 for first in siblings) and not held[half].any()


@given(st.lists(st.integers(0, 15), min_size=120, max_size=120), st.integers(0, 2**32))
def test_what_lies_in_several_classes_is_learnt_where_there_is_something_else_to_ask(drawn, seed):
    siblings = first_of(np.where(np.arange(120) % 40 < 8, np.array(drawn), 100 + np.arange(120)))
    held, divided = select_withheld(LABELS, seed, siblings), find_divided(siblings, LABELS)
    assert not (held & divided).any() and np.array_equal(held, held[siblings])


@given(st.integers(0, 2**32), st.integers(8, 300))
def test_without_siblings_a_share_of_each_class_is_withheld_as_it_always_was(seed, size):
    labels, generator = np.repeat([0, 1], size), np.random.default_rng([seed, 0xF01D])
    before = np.zeros(2 * size, bool)
    for label in range(2):
        before[generator.permutation(np.flatnonzero(labels == label))[: round(0.25 * size)]] = True
    assert np.array_equal(select_withheld(labels, seed, np.arange(2 * size)), before)


def test_a_class_of_one_group_is_withheld_image_by_image():
    held = select_withheld(LABELS, 0, np.where(LABELS == 1, 40, np.arange(120)))
    assert held.reshape(3, 40).sum(1).tolist() == [10, 10, 10]


def test_the_smallest_group_is_withheld_where_all_are_large():
    held = select_withheld(np.zeros(60, np.int64), 0, np.repeat([0, 35], [35, 25]))
    assert np.array_equal(np.flatnonzero(held), np.arange(35, 60))
