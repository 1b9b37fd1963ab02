"""Laws 1 and 2: cleaning is exact, and no pixel moves by more than the bound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hideseek_cli.errors import InputError
from hideseek_cli.masks.arithmetic import (
    MAX_EPSILON,
    apply,
    compute_residual,
    find_saturated,
    place,
    place_on,
    quantise,
    restore,
    subtract_masks,
)

SHAPE = (4, 5, 3)
# Images that clip often: values near both ends as well as between.
levels_of_grey = st.one_of(st.integers(0, 12), st.integers(243, 255), st.integers(0, 255))
images = hnp.arrays(np.uint8, (3, *SHAPE), elements=levels_of_grey)
epsilons = st.integers(1, MAX_EPSILON)
labels = np.array([0, 1, 1])


@st.composite
def bounded(draw: st.DrawFn) -> tuple[int, np.ndarray, np.ndarray]:
    epsilon = draw(epsilons)
    masks = hnp.arrays(np.int8, (2, *SHAPE), elements=st.integers(-epsilon, epsilon))
    return epsilon, draw(masks), draw(masks)


@given(images, bounded(), st.booleans(), st.integers(0, 2**32 - 1))
def test_cleaning_is_exact_for_every_image_mask_and_shift(x, masks, keyed, seed):
    _, strongest, level = masks
    shifts = np.random.default_rng(seed).integers(0, 4, (3, 2)).astype(np.uint16) if keyed else None
    published = apply(x, place(strongest, labels, shifts))
    target = apply(x, place(level, labels, shifts))
    cleaner = place(subtract_masks(level, strongest), labels, shifts)
    lost = compute_residual(published, cleaner, target)
    assert np.array_equal(restore(published, cleaner, lost), target)
    assert len(lost) == int(find_saturated(published).sum())


@given(images, bounded(), hnp.arrays(np.uint8, (3, 4, 5, 1), elements=st.sampled_from([0, 1, 255])))
def test_nothing_is_added_and_cleaning_is_exact_where_images_are_wholly_transparent(x, masks, alpha):
    _, strongest, level = masks
    own, hidden = np.concatenate([x, alpha], 3), alpha[..., 0] == 0
    largest, target = (apply(x, place_on(own, {3: one}, labels, None)) for one in (strongest, level))
    assert np.array_equal(largest[hidden], x[hidden]) and np.array_equal(target[hidden], x[hidden])
    assert np.array_equal(largest[~hidden], apply(x, place(strongest, labels, None))[~hidden])
    cleaner = place_on(np.concatenate([largest, alpha], 3), {3: subtract_masks(level, strongest)}, labels, None)
    assert np.array_equal(restore(largest, cleaner, compute_residual(largest, cleaner, target)), target)


@given(images, bounded())
def test_the_clean_level_gives_back_the_originals(x, masks):
    _, strongest, _ = masks
    published = apply(x, strongest[labels])
    cleaner = subtract_masks(np.zeros_like(strongest), strongest)[labels]
    assert np.array_equal(restore(published, cleaner, compute_residual(published, cleaner, x)), x)


@given(images, bounded())
def test_no_pixel_moves_by_more_than_the_bound(x, masks):
    epsilon, strongest, _ = masks
    assert np.abs(apply(x, strongest[labels]).astype(int) - x).max() <= epsilon


@given(images, bounded())
def test_a_residual_never_exceeds_what_clipping_can_lose(x, masks):
    epsilon, strongest, level = masks
    published = apply(x, strongest[labels])
    lost = compute_residual(published, subtract_masks(level, strongest)[labels], apply(x, level[labels]))
    assert np.abs(lost.astype(int)).max(initial=0) <= epsilon


@given(images, bounded())
def test_a_residual_depends_on_the_level_and_not_on_the_original(x, masks):
    """Two originals with the same published and level images have the same residual: it gives no higher level."""
    _, strongest, level = masks
    published, target = apply(x, strongest[labels]), apply(x, level[labels])
    brighter = x + ((published == 255) & (target == 255) & (x < 255)).astype(np.uint8)
    if np.array_equal(apply(brighter, strongest[labels]), published) and np.array_equal(apply(brighter, level[labels]), target):
        cleaner = subtract_masks(level, strongest)[labels]
        assert np.array_equal(
            compute_residual(published, cleaner, target), compute_residual(published, cleaner, apply(brighter, level[labels]))
        )


@given(
    hnp.arrays(np.float64, (2, *SHAPE), elements=st.floats(-70, 70)),
    st.floats(0, 2),
    hnp.arrays(np.float64, (2, *SHAPE), elements=st.floats(0, 1, exclude_max=True)),
    epsilons,
)
def test_quantised_masks_are_integers_within_the_bound(pattern, strength, thresholds, epsilon):
    masks = quantise(pattern, strength, thresholds, epsilon)
    assert masks.dtype == np.int8
    assert np.abs(masks.astype(int)).max() <= epsilon
    wanted = np.clip(strength * pattern, -epsilon, epsilon)
    assert np.abs(masks - wanted).max() < 1 + 1e-9


def test_quantising_is_unbiased_over_thresholds():
    pattern = np.full((1, 100, 100, 3), 1.3)
    thresholds = np.random.default_rng(0).random(pattern.shape)
    assert quantise(pattern, 0.5, thresholds, 8).mean() == pytest.approx(0.65, abs=0.01)


def test_a_shift_moves_down_and_right():
    masks = np.zeros((1, 4, 5, 1), np.int8)
    masks[0, 0, 0] = 7
    placed = place(masks, np.array([0]), np.array([[1, 2]], np.uint16))
    assert placed[0, 1, 2, 0] == 7
    assert np.array_equal(placed[0], np.roll(masks[0], (1, 2), (0, 1)))


def test_a_residual_of_another_image_is_refused():
    published = np.full((1, *SHAPE), 255, np.uint8)
    cleaner = np.zeros((1, *SHAPE), np.int8)
    with pytest.raises(InputError, match="does not belong"):
        restore(published, cleaner, np.zeros(3, np.int8))
    with pytest.raises(InputError, match="outside 0"):
        restore(published, cleaner, np.ones(published.size, np.int8))


def test_every_sum_of_a_grey_level_and_a_change_is_clipped_to_the_grey_levels():
    levels, changes = np.meshgrid(np.arange(256), np.arange(-2 * MAX_EPSILON, 2 * MAX_EPSILON + 1))
    found = apply(levels[None, :, :, None].astype(np.uint8), changes[None, :, :, None].astype(np.int8))
    assert np.array_equal(found[0, :, :, 0], np.clip(levels + changes, 0, 255))


def test_a_target_that_cleaning_leads_past_is_no_residual():
    published, cleaner = np.full((1, 2, 2, 1), 100, np.uint8), np.full((1, 2, 2, 1), -4, np.int8)
    with pytest.raises(ValueError, match="where nothing was clipped"):
        compute_residual(published, cleaner, np.full((1, 2, 2, 1), 97, np.uint8))
