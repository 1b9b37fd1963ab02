"""Law 9: what is secret comes from the key alone."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.masks import keys


def test_fresh_keys_differ_and_a_key_file_is_read(tmp_path):
    assert keys.load_master_key() != keys.load_master_key()
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)))
    assert keys.load_master_key(path) == bytes(range(32))


@pytest.mark.parametrize("content", [b"", b"short", bytes(33)])
def test_a_key_file_of_another_size_is_refused(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(InputError, match="exactly 32 bytes"):
        keys.load_master_key(path)


def test_a_missing_key_file_is_refused_with_the_way_to_make_one(tmp_path):
    with pytest.raises(InputError, match="urandom"):
        keys.load_master_key(tmp_path / "absent")


def test_labels_do_not_run_together_and_their_order_counts():
    master = bytes(32)
    made = {
        keys.derive_subkey(master, *labels) for labels in [("ab", "c"), ("a", "bc"), ("c", "ab"), ("abc",), ("a", "b", "c")]
    }
    assert len(made) == 5


def test_thresholds_are_uniform_and_depend_on_the_key():
    drawn = keys.draw_thresholds(bytes(32), (10, 32, 32, 3))
    assert drawn.min() >= 0 and drawn.max() < 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.01)
    assert not np.array_equal(drawn, keys.draw_thresholds(b"\1" * 32, (10, 32, 32, 3)))


def test_shifts_depend_on_key_class_and_name_and_cover_the_image():
    names = [("cat", f"{number}") for number in range(2000)]
    drawn = keys.draw_shifts(bytes(32), names, 16, 24)
    assert drawn.dtype == np.uint16
    assert set(drawn[:, 0].tolist()) == set(range(16)) and set(drawn[:, 1].tolist()) == set(range(24))
    assert not np.array_equal(drawn, keys.draw_shifts(b"\1" * 32, names, 16, 24))
    assert not np.array_equal(drawn, keys.draw_shifts(bytes(32), [("dog", name) for _, name in names], 16, 24))
    assert np.array_equal(drawn[::-1], keys.draw_shifts(bytes(32), names[::-1], 16, 24))


def test_turns_keep_the_classes_in_proportion_and_depend_on_the_key():
    names = [("cat", f"{number}") for number in range(300)] + [("dog", f"{number}") for number in range(100)]
    last = np.arange(400) % 4 == 0
    turns = keys.draw_turns(bytes(32), names, last)
    assert sorted(turns) == list(range(400))
    for first in range(1, 400):
        cats = (turns[:300] < first).sum()
        assert abs(cats - 0.75 * first) <= 1
    assert not np.array_equal(turns, keys.draw_turns(b"\1" * 32, names, last))
    assert np.array_equal(turns[::-1], keys.draw_turns(bytes(32), names[::-1], last[::-1]))
    assert turns[~last].max() < 305 and turns[last].min() >= 295, "what is withheld loses its mask last"


def test_whole_classes_take_their_turns_one_after_another_by_their_ranks():
    labels = ["ant", "bee", "cat", "dog", "eel"]
    names = [(label, f"{number}") for label in labels for number in range(20)]
    last = np.arange(100) % 5 == 0
    for seed, order in enumerate(permutations(labels)):
        ranks = {label: rank for rank, label in enumerate(order)}
        turns = keys.draw_turns(bytes([seed]) * 32, names, last, ranks)
        assert sorted(turns) == list(range(100))
        assert np.array_equal(turns[::-1], keys.draw_turns(bytes([seed]) * 32, names[::-1], last[::-1], ranks))
        drawn = turns.reshape(5, 20)
        assert drawn.min(1).argsort()[:3].tolist() == [labels.index(label) for label in order[:3]]
        drawn = drawn[drawn.min(1).argsort(kind="stable")]
        assert [(row.min(), row.max()) for row in drawn[:3]] == [(0, 19), (20, 39), (40, 59)], "each class keeps together"
        assert (np.abs((drawn[3] < np.arange(60, 101)[:, None]).sum(1) - np.arange(41) / 2) <= 1).all(), "but the last two"
        assert (drawn[:, ::5].min(1) > np.delete(drawn, np.s_[::5], 1).max(1)).all(), "and withheld images are last"


def test_orders_of_classes_are_the_keys():
    labels = ["ant", "bee", "cat", "dog", "eel"]
    drawn = keys.draw_class_orders(bytes(32), labels, 200)
    assert drawn.shape == (200, 5) and (np.sort(drawn) == np.arange(5)).all() and len(np.unique(drawn, axis=0)) > 80
    assert not np.array_equal(drawn, keys.draw_class_orders(b"\1" * 32, labels, 200))
    assert np.array_equal(drawn[:7], keys.draw_class_orders(bytes(32), labels, 7))
    assert np.array_equal(drawn, 4 - keys.draw_class_orders(bytes(32), labels[::-1], 200)), "of names, wherever they stand"


def draw_turns_without_copies(
    key: bytes, names: list[tuple[str, str]], last: np.ndarray, ranks: dict[str, int] | None
) -> np.ndarray:
    """The turns as they were drawn before copies were looked for: releases of folders without any stay as they are."""
    drawn = np.array([int.from_bytes(keys.derive_subkey(key, *name)[:8], "little") for name in names], np.uint64)
    labels = list(dict.fromkeys(label for label, _ in names))
    classes = np.array([labels.index(label) for label, _ in names])
    place = np.empty(len(classes))
    for number, label in enumerate(labels):
        members = np.flatnonzero(classes == number)
        within = np.lexsort((drawn[members], last[members])).argsort() / len(members)
        start = int.from_bytes(keys.derive_subkey(key, label)[:8], "little") / 2**64
        turn = min(ranks[label], len(labels) - 2) if ranks else 0
        place[members] = turn + within + start / len(members)
    return place.argsort(kind="stable").argsort()


NAMES = [(label, f"{number}") for label, count in zip("abcde", (9, 20, 31, 5, 14), strict=True) for number in range(count)]


@pytest.mark.parametrize("ranks", [None, {"a": 3, "b": 0, "c": 4, "d": 1, "e": 2}])
@pytest.mark.parametrize("seed", range(5))
def test_without_copies_turns_are_what_they_always_were(seed, ranks):
    last = np.random.default_rng(seed).random(len(NAMES)) < 0.2
    before = draw_turns_without_copies(bytes([seed]) * 32, NAMES, last, ranks)
    assert np.array_equal(keys.draw_turns(bytes([seed]) * 32, NAMES, last, ranks), before)
    assert np.array_equal(keys.draw_turns(bytes([seed]) * 32, NAMES, last, ranks, np.arange(len(NAMES))), before)


@pytest.mark.parametrize("ranks", [None, {"a": 3, "b": 0, "c": 4, "d": 1, "e": 2}])
@given(st.data())
def test_copies_have_turns_in_a_row_and_those_of_several_classes_the_very_last(ranks, data):
    copies = np.arange(len(NAMES))
    for group in data.draw(st.lists(st.lists(st.integers(0, len(NAMES) - 1), min_size=2, max_size=5, unique=True), max_size=6)):
        joined = np.isin(copies, copies[group])
        copies[joined] = np.flatnonzero(joined)[0]
    last = np.array(data.draw(st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES))))
    turns = keys.draw_turns(bytes(32), NAMES, last, ranks, copies)
    assert sorted(turns) == list(range(len(NAMES)))
    assert all(np.ptp(turns[copies == first]) == (copies == first).sum() - 1 for first in copies)
    labels = np.array(["abcde".index(label) for label, _ in NAMES])
    divided = np.isin(copies, copies[labels != labels[copies]])
    assert sorted(turns[divided]) == list(range(len(NAMES) - divided.sum(), len(NAMES)))
    late = np.isin(copies, copies[last]) & ~divided
    for label in range(5):
        mine = (labels == label) & ~divided
        assert turns[mine & late].min(initial=99) > turns[mine & ~late].max(initial=-1), "a copy of a withheld image is late"
        if ranks and ranks["abcde"[label]] < 3:
            assert np.ptp(turns[mine]) == mine.sum() - 1 if mine.any() else True, "each class keeps together"
