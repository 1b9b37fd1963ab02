"""Levels are made of images: the scale between published and clean, and a release of some of its levels."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import UnmaskingOrder, find_quietest_order
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import MakeFolder, write_images

EACH = 37
RANKS = {"0": 1, "1": 3, "2": 0, "3": 2}
"""Of classes, for turns of whole ones."""


@pytest.fixture(scope="module")
def scale(tmp_path_factory) -> LevelScale:
    """Two classes of a few black images, whose masks are told by their grey level: 1 to 6, three pattern sets of two."""
    root = tmp_path_factory.mktemp("black")
    for label in ("a", "b"):
        (root / label).mkdir()
        for number in range(EACH):
            (root / label / f"{number}.png").write_bytes(encode(np.zeros((16, 16, 1), np.uint8)))
    with thread_pool(1) as executor:
        source = load_source(root, None, None, executor, Silent())
    renderer = MaskRenderer(source, 8, np.zeros((6, 16, 16, 1)), None)
    masks = {1: np.arange(1, 7, dtype=np.int8)[:, None, None, None] * np.ones((1, 16, 16, 1), np.int8)}
    return LevelScale(
        renderer, masks, UnmaskingOrder(np.random.default_rng(0).permutation(2 * EACH), source.folder.labels, pattern_sets=3)
    )


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_share_is_that_of_the_masked_images_and_levels_are_nested(scale, one, other):
    unmasking, count = scale.unmasking, scale.unmasking.count
    share, more = sorted((unmasking.nearest(one), unmasking.nearest(other)))
    few, many = unmasking.touched(more), unmasking.touched(share)
    assert many.sum() == pytest.approx(count * (1 - share)) and many.sum() >= 1
    assert not (few & ~many).any(), "what has lost its mask at a lower level has lost it at a higher one"
    assert abs(share - min(one, other)) <= 1 / count
    retraining = scale.make_retraining(share, [more, share])
    grey = retraining.render()[:, 0, 0, 0]
    assert np.array_equal(grey > 0, retraining.masked), "a masked image is the published one, others are clean"
    published = scale.render(1.0, [more, share])[:, 0, 0, 0]
    assert np.array_equal(grey[retraining.masked], published[retraining.masked])
    assert np.array_equal((published - 1) % 2, scale.renderer.source.folder.labels), "a pattern of its own class"
    # Law 9: unless the layer is too small to have one of its own, no pattern of a level is found above it.
    if unmasking.strippable(share, [more, share]) == share:
        assert not set(published[many]) & set(published[~many])


def test_the_ends_of_the_scale_are_the_clean_and_the_published_folder(scale):
    unmasking = scale.unmasking
    assert unmasking.touched(0.0).all() and not unmasking.touched(1.0).any()
    assert not scale.render(0.0, [0.5]).any() and scale.render(1.0, [0.5]).all()
    assert unmasking.touched(1 - 1 / unmasking.count).tolist() == (unmasking.numbers == 0).tolist()


@given(st.lists(st.floats(0, 1), max_size=4), st.integers(1, 3), st.integers(0, 12), st.booleans())
def test_a_layer_has_images_enough_for_each_class_that_it_holds(shares, classes, fewest, whole):
    labels = np.arange(40) % classes
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    unmasking = UnmaskingOrder(
        keys.draw_turns(bytes(32), names, np.zeros(40, bool), RANKS if whole else None), labels, pattern_sets=5
    )
    found = unmasking.ends(shares, fewest)
    assert found == sorted(set(found)) and set(found) <= {round((1 - share) * 40) for share in shares}
    for first, end in pairwise([0, *found, 40]):
        held = labels[(unmasking.numbers >= first) & (unmasking.numbers < end)]
        assert not found or len(held) >= fewest * len(set(held))


@given(st.lists(st.floats(0, 1), max_size=4), st.booleans(), st.integers(1, 4), st.sampled_from([1, 3]))
def test_images_carry_the_patterns_of_their_layer_in_turn_and_those_that_no_other_layer_needs(shares, whole, patterns, most):
    """So a class whose images all lose their masks together has every pattern that was made for it, or as many as it may."""
    labels = np.arange(240) % 3
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    numbers = keys.draw_turns(bytes(32), names, np.zeros(240, bool), RANKS if whole else None)
    unmasking = UnmaskingOrder(numbers, labels, pattern_sets=5, patterns=patterns, carried=most)
    which, ends = unmasking.which(shares), unmasking.ends(shares)
    assert np.array_equal(which % 3, labels) and which.max() < 5 * patterns * 3
    layer = np.searchsorted(np.array(ends, int), numbers, side="right")
    for end in ends:
        assert not set(which[numbers < end]) & set(which[numbers >= end]), "a buyer knows none that is left"
    for label in range(3):
        rank = np.unique(layer[labels == label], return_inverse=True)[1]
        counts = np.bincount(rank, minlength=5)
        for number in np.flatnonzero(counts):
            carried = np.bincount(which[labels == label][rank == number] // 3, minlength=5 * patterns)
            held = set((np.flatnonzero(carried) // patterns).tolist())
            assert number in held and (len(held) == 1 or counts[number] == counts.max())
            assert np.ptp(carried[carried > 0]) <= 1 and carried[carried > 0].min() >= min(10, counts[number] // patterns)
            spare = 1 + np.count_nonzero(counts == 0)
            if counts[number] == counts.max() and np.count_nonzero(counts == counts.max()) == 1:
                assert len(held) == max(1, min(spare, most // patterns, counts[number] // (10 * patterns)))
    assert np.array_equal(UnmaskingOrder(numbers, labels).which(shares), labels), "a single pattern set is shared by all"
    for first, end in pairwise([0, *ends, 240] if ends else []):
        held = labels[(numbers >= first) & (numbers < end)]
        assert len(held) >= 10 * patterns * len(set(held)), "each pattern needs images of its own"


def test_a_layer_of_several_patterns_needs_images_for_each_of_them():
    numbers, labels = np.arange(200), np.arange(200) % 2
    assert (
        UnmaskingOrder(numbers, labels, pattern_sets=2).ends([0.7])
        == UnmaskingOrder(numbers, labels, pattern_sets=2, patterns=3).ends([0.7])
        == [60]
    )
    assert UnmaskingOrder(numbers, labels, pattern_sets=2, patterns=4).ends([0.7]) == []


def test_levels_are_of_whole_classes_or_of_images_of_every_class(make_folder: MakeFolder, executor):
    source = load_source(make_folder("data", classes=4, each=12), None, None, executor, Silent())
    whole, parts = (source.unmasking(bytes(32), unmask, np.arange(48) % 4 == 0) for unmask in ("classes", "images"))
    assert sorted(whole.coverage(0.25)) == [0.5, 0.5, 1, 1] and set(parts.coverage(0.25)) == {0.75}
    assert sorted(whole.coverage(0.75)) == [0, 0, 0, 1] and whole.limit == 0.75 and parts.limit == 1 - 1 / 48
    assert np.array_equal(source.unmasking(bytes(32), "classes").numbers, source.unmasking(bytes(32)).numbers), "the default"


def test_the_key_and_the_levels_decide_which_classes_lose_their_masks(tmp_path, executor):
    for number, (label, count) in enumerate({"a": 4, "b": 8, "c": 16, "d": 32, "e": 36}.items()):
        write_images(tmp_path / "all", 1, count, first=100 * number)
        (tmp_path / "all" / "class0").rename(tmp_path / "all" / label)
    source = load_source(tmp_path / "all", None, None, executor, Silent())

    def boundary(aim: float) -> int:
        parts = source.unmasking(bytes(32), aims=[aim]).coverage(1 - aim)
        return int(np.bincount(source.labels)[(parts > 0) & (parts < 1)].sum())

    assert np.mean([boundary(aim) for aim in (0.2, 0.3, 0.4, 0.5, 0.6)]) < 20
    assert not np.array_equal(source.unmasking(bytes(32)).numbers, source.unmasking(b"1" * 32).numbers)


def costs(orders: np.ndarray, sizes: np.ndarray, aims: list[float]) -> list[float]:
    """Images of the class in which a level may be, the last two counting as one, on average for each order."""
    found = []
    for config in orders:
        merged = [*sizes[config[:-2]], sizes[config[-2:]].sum()]
        of = np.repeat(merged, merged)
        spots = [aim + doubt for aim in aims for doubt in np.linspace(-0.1, 0.1, 21)]
        found.append(float(np.mean([of[int(spot * len(of))] for spot in spots])))
    return found


@given(st.lists(st.integers(1, 500), min_size=3, max_size=12), st.lists(st.floats(0.1, 0.89), min_size=1, max_size=4))
def test_levels_fall_into_the_smallest_classes_that_an_order_has_there(sizes, aims):
    orders = keys.draw_class_orders(bytes(32), [str(number) for number in range(len(sizes))], 40)
    best = find_quietest_order(orders, np.array(sizes), aims)
    assert costs(best[None], np.array(sizes), aims)[0] <= min(costs(orders, np.array(sizes), aims)) + max(sizes) / 5, (
        "to what a spot at the very end of a class changes"
    )
    assert np.array_equal(find_quietest_order(orders, np.array(sizes), []), orders[0]), "the first of equals"


def test_an_unbalanced_folder_is_sold_up_to_small_classes():
    orders, sizes = keys.draw_class_orders(bytes(32), [str(number) for number in range(10)], 1000), np.arange(1, 11)
    chosen, by_chance = (
        costs(find_quietest_order(orders, sizes, [0.4, 0.7])[None], sizes, [0.4, 0.7]),
        costs(orders[:100], sizes, [0.4, 0.7]),
    )
    assert chosen[0] < 0.7 * np.mean(by_chance)


@given(st.integers(2, 4), st.integers(5, 30), st.booleans())
def test_what_is_not_taught_rises_with_the_masked_images_and_most_where_a_class_begins(classes, each, whole):
    labels = np.arange(classes * each) % classes
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    unmasking = UnmaskingOrder(keys.draw_turns(bytes(32), names, np.zeros(len(labels), bool), RANKS if whole else None), labels)
    left = unmasking.untaught()
    assert left[0] == 0 and left[-1] == pytest.approx(1) and (np.diff(left) >= 0).all() and len(left) == unmasking.count + 1
    if whole and classes > 2:
        assert left[-1 - each] == pytest.approx(1 - 1 / classes) and left[-1 - each // 2] < 1 - 0.9 / classes


def test_a_small_layer_gives_away_the_same_class_and_no_other(scale):
    """Whole classes: the buyer of three images of one class finds the pattern of its others, and not of the next class."""
    made = replace(scale.unmasking, numbers=np.arange(2 * EACH)[::-1].copy())
    share = 1 - 3 / made.count
    assert made.ends([share]) == [] and made.strippable(share, [share]) == pytest.approx(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("most", [None, 8])
@pytest.mark.parametrize("placement", ["fixed", "keyed"])
def test_a_cleaner_touches_its_images_and_leaves_the_others_as_published(
    make_folder: MakeFolder, tmp_path, executor, placement, most
):
    """Whether they are trained on or not."""
    source = load_source(make_folder("data", classes=2, each=36, mode="mixed"), None, None, executor, Silent(), most=most)
    master = bytes(range(32))
    renderer = MaskRenderer(source, 8, source.thresholds(master, 3), source.shifts(master, placement))
    pattern = np.random.default_rng(1).normal(0, 5, renderer.thresholds.shape)
    scale = LevelScale(renderer, renderer.masks(pattern, 1.0), source.unmasking(master, "images", pattern_sets=3))
    shares = {"30": 0.7, "50": 0.4}
    tiers = {name: scale.unmasking.touched(share) for name, share in shares.items()}
    levels = ReleaseMasks(epsilon=8, published=scale.masks, which=scale.unmasking.which([*shares.values()]), strength=1.0,
                    tiers=tiers, own={}, shifts=renderer.shifts)  # fmt: skip
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=tmp_path / "masks", origin={},
        )  # fmt: skip
    owner = MaskFile.load(tmp_path / "masks")
    assert [tier.strength for tier in owner.tiers] == pytest.approx([50 / 72, 29 / 72, 0.0])

    def pixels(folder: Path) -> list[np.ndarray]:
        return [decode(record.path) for record in scan(folder).records]

    published = pixels(tmp_path / "published")
    assert all((image != source.read_originals([number]).pixels[0]).any() for number, image in enumerate(published)), (
        "all are masked"
    )
    for level, touched in (*tiers.items(), ("clean", np.ones(72, bool))):
        cleaner = owner.make_cleaner(level)
        assert len(cleaner.patterns[3]) == {"30": 2, "50": 4, "clean": 6}[level], "of its own layers and those below"
        assert seek(tmp_path / "published", cleaner, tmp_path / level, executor, Silent()).exact
        for number, found in enumerate(pixels(tmp_path / level)):
            expected = source.read_originals([number]).pixels[0] if touched[number] else published[number]
            assert np.array_equal(found, expected)
        if placement == "keyed":
            assert cleaner.shifts is not None and not cleaner.shifts[~touched].any()
            assert cleaner.shifts[touched].any()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_images_of_a_kind_that_no_network_is_trained_on_are_masked_and_cleaned(make_folder, tmp_path, executor, mode):
    """Ten grey images among coloured ones, or the other way round, of which none is held."""
    root = make_folder("data", classes=2, each=36, mode="RGB" if mode == "L" else "L")
    for seed in range(100):
        taught = load_source(root, None, None, executor, Silent(), most=8, seed=seed).taught
        if not taught[:10].any():
            break
    for number in range(10):
        image = np.random.default_rng(number).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(image).convert(mode).save(root / f"class0/{number:03}.png")
    source = load_source(root, None, None, executor, Silent(), most=8, seed=seed)
    assert np.array_equal(source.taught, taught) and source.stack.clean().shape == (8, 16, 16, 3)
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32), 2), None)
    masks, unmasking = renderer.masks(np.full(renderer.thresholds.shape, 5.0), 1.0), source.unmasking(bytes(32), pattern_sets=2)
    assert renderer.render(masks, unmasking.which([])).shape == (8, 16, 16, 3)
    levels = ReleaseMasks(epsilon=8, published=masks, which=unmasking.which([]), strength=1.0, tiers={}, own={}, shifts=None)
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=tmp_path / "masks", origin={}
        )  # fmt: skip
    cleaner = MaskFile.load(tmp_path / "masks").make_cleaner("clean")
    assert seek(tmp_path / "published", cleaner, tmp_path / "clean", executor, Silent()).exact
    cleaned, published = (scan(tmp_path / name).records for name in ("clean", "published"))
    for number in range(72):
        original = source.read_originals([number]).pixels[0]
        assert np.array_equal(decode(cleaned[number].path), original)
        assert (decode(published[number].path) != original).any()


def test_what_is_wholly_transparent_costs_no_similarity(make_folder, executor):
    root = make_folder("data", classes=2, each=6)
    for record in scan(root).records:
        with Image.open(record.path) as image:
            image.putalpha(0)
            image.save(record.path)
    source = load_source(root, None, None, executor, Silent())
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32)), None)
    masks = renderer.masks(np.full(renderer.thresholds.shape, 5.0), 1.0)
    assert (renderer.similarity(masks, source.folder.labels[None], list(range(12))) == 1).all()
