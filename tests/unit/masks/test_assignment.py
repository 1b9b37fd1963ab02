"""Levels end between copies: no share leaves one of them masked and another clean."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from hideseek_cli.images.copies import find_divided
from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import UnmaskingOrder

LABELS = np.repeat(np.arange(3), 40)
NAMES = [(str(label), f"{number:03}") for number, label in enumerate(LABELS)]
GROUPS = st.lists(st.lists(st.integers(0, 119), min_size=2, max_size=12, unique=True), max_size=5)
SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=4)


def order(groups: list[list[int]], whole: bool, **options: object) -> UnmaskingOrder:
    copies = np.arange(120)
    for group in groups:
        joined = np.isin(copies, copies[group])
        copies[joined] = np.flatnonzero(joined)[0]
    ranks = {"0": 1, "1": 2, "2": 0} if whole else None
    numbers = keys.draw_turns(bytes(32), NAMES, np.zeros(120, bool), ranks, copies)
    return UnmaskingOrder(numbers, LABELS, siblings=copies, **options)  # type: ignore[arg-type]


@given(GROUPS, SHARES, st.booleans(), st.integers(1, 3))
def test_copies_lose_their_masks_together_and_carry_one_pattern(groups, shares, whole, patterns):
    unmasking = order(groups, whole, pattern_sets=5, patterns=patterns)
    found = [unmasking.nearest(share) for share in shares]
    which, first = unmasking.which(found), unmasking.first
    assert np.array_equal(which, which[first]) and np.array_equal(unmasking.choices(), unmasking.choices()[:, first])
    assert all(number in unmasking.choices()[:, at] for at, number in enumerate(which))
    ends = unmasking.ends(found)
    assert set(ends) <= {unmasking.cleaned(share) for share in found} <= set(unmasking.stops.tolist())
    for share, near in zip(shares, found, strict=True):
        touched = unmasking.touched(near)
        assert np.array_equal(touched, touched[first]), "none is clean while another is masked"
        assert touched.sum() == unmasking.cleaned(near) == max(unmasking.stops[1], unmasking.cleaned(share))
        assert abs(touched.sum() - 120 * (1 - share)) <= max(np.bincount(first).max(), 1) / 2 + 1 or touched.sum() in (
            unmasking.stops[1], 120,
        )  # fmt: skip
        assert not (touched & find_divided(first, LABELS)).any() or near <= find_divided(first, LABELS).mean()
    for end in ends:
        bought = unmasking.numbers < end
        assert not set(which[bought]) & set(which[~bought]), "a buyer knows none that is left"
    assert unmasking.touched(0.0).all() and not unmasking.touched(1.0).any()


@given(st.floats(0, 1))
def test_without_copies_a_level_ends_at_any_image(share):
    unmasking = order([], whole=True)
    assert unmasking.cleaned(share) == round((1 - share) * 120)
    assert unmasking.nearest(share) == 1 - max(1, round((1 - share) * 120)) / 120
    assert unmasking.stops.tolist() == list(range(121))


def test_images_that_have_patterns_of_their_own_keep_them_and_lose_them_together():
    unmasking = order([[0, 1, 2], [5, 50]], whole=False, own=True)
    assert unmasking.which([0.5]).tolist() == list(range(120)) and unmasking.choices().tolist() == [list(range(120))]
    for share in np.linspace(0, 1, 40):
        assert unmasking.touched(share)[[0, 1, 2]].sum() in (0, 3) and unmasking.touched(share)[[5, 50]].sum() in (0, 2)


def test_a_few_copies_in_many_classes_take_no_layer_from_a_level():
    """The last layer has images enough of the classes that it is made of; copies are not counted among them."""
    unmasking = order([[3, 43], [4, 84]], whole=True, pattern_sets=2)
    alone = order([], whole=True, pattern_sets=2)
    assert unmasking.ends([0.75]) == [30] and alone.ends([0.75]) == [30]


@given(SHARES, st.integers(1, 3))
@example([0.875, 0.75, 0.625], 2)  # 30 would divide a class into three; 45, which comes after, may begin a layer
def test_few_pattern_sets_are_enough_where_few_classes_are_divided(shares, pattern_sets):
    """What is in several layers has a pattern in each; a level that would divide a class further begins no layer."""
    unmasking, most = (order([], whole=True, pattern_sets=number) for number in (pattern_sets, 9))
    found = [unmasking.nearest(share) for share in shares]
    which, ends = unmasking.which(found), unmasking.ends(found)
    assert which.max() < 3 * pattern_sets and set(ends) <= {unmasking.cleaned(share) for share in found}
    layers = np.searchsorted(ends, unmasking.numbers, side="right")
    assert all(len(np.unique(layers[label == LABELS])) <= pattern_sets for label in range(3))
    for end in ends:
        assert not set(which[unmasking.numbers < end]) & set(which[unmasking.numbers >= end]), "a buyer knows none that is left"
    spans = [unmasking.numbers[label == LABELS] for label in range(3)]
    divided = max(sum(span.min() < end <= span.max() for end in most.ends(found)) for span in spans)
    if divided < pattern_sets:
        assert ends == most.ends(found), "none is given up that need not be"
