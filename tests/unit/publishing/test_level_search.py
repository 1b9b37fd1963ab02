"""Calibration on simulated evaluators: no training, known truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from hideseek_cli.masks import keys
from hideseek_cli.masks.assignment import UnmaskingOrder
from hideseek_cli.publishing.accuracy_curve import RUN_ERROR, Axis, Curve, Evaluation, Expected, fit
from hideseek_cli.publishing.level_search import LevelSearch, find_jump
from hideseek_cli.training.accuracy_stats import pool_variance

AS_IMAGES, AS_CLASSES, AS_TWO = Expected(30.0), Expected(1.0, Axis(0.9)), Expected(1.0, Axis(0.5))


def gradual(share: float) -> float:
    return 12 + 52 / (1 + (Axis().odds(share) / 14) ** 0.9)


def bent(share: float) -> float:
    return float(np.interp(np.log1p(Axis().odds(share)), [0, 0.9, 1.6, 2.3, 3.2, 4, 7], [64, 53, 47, 42, 30, 20, 13]))


def whole(share: float) -> float:
    """Ten classes lose their masks one after another; half of a class's images teach it."""
    classes = 10 * (1 - share)
    return max(10.0, 6.15 * (np.floor(classes) + min(1.0, 2 * (classes % 1))))


def two(share: float) -> float:
    """Two classes: nothing is learnt before the second loses masks, and then most of it from a tenth of its images."""
    return 10 + 52 * (1 - np.exp(-12 * max(0.0, 0.5 - share)))


def search(
    truth: Callable[[float], float],
    seed: int,
    runs: int = 15,
    spread: float = 2.0,
    count: int = 10_000,
    expected: Expected = AS_IMAGES,
    tolerance: float = 2.5,
) -> LevelSearch:
    """``count``: images, whose shares can be measured."""
    random = np.random.default_rng(seed)

    def measure(shares: Sequence[float], aims: Sequence[float] = ()) -> list[float]:
        for share in shares:
            assert round((1 - share) * count) == pytest.approx((1 - share) * count)
        return [truth(share) + float(random.normal(0, spread)) for share in shares]

    def nearest(share: float) -> float:
        return 1 - max(1, round((1 - share) * count)) / count

    clean, published = (measure([s, s]) for s in (0.0, 1.0))
    return LevelSearch(
        measure, chance=10.0, clean=clean, published=published, expected=expected, runs=runs, tolerance=tolerance,
        say=lambda line: None, nearest=nearest,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("truth", "expected"), [(gradual, AS_IMAGES), (bent, AS_IMAGES), (whole, AS_CLASSES), (two, AS_TWO)])
def test_levels_are_hit_within_the_runs(truth, expected):
    errors, reached = [], []
    for seed in range(30):
        made = search(truth, seed, expected=expected)
        found = made.levels([30.0, 50.0])
        errors += [abs(truth(one.share) - one.level) for one in found]
        reached += [one.reachable for one in found]
        assert 0 <= made.left <= 15
    assert np.mean(errors) < 2.5 and np.mean(reached) > 0.95


@pytest.mark.parametrize("enough", [0.03, 0.06, 0.15])
def test_levels_on_the_step_of_a_class_are_hit(enough):
    """Of ten classes, one after another; a share ``enough`` of a class's images teaches half of what all do."""
    labels = np.repeat(np.arange(10), 1000)
    names = [(str(label), str(number)) for number, label in enumerate(labels)]
    unmasking = UnmaskingOrder(
        keys.draw_turns(bytes(32), names, np.zeros(10_000, bool), {str(label): label for label in range(10)}), labels
    )
    gains = np.where(np.arange(10) == unmasking.ranked[0], 0.0, 6.0)

    def staircase(share: float) -> float:
        parts = unmasking.coverage(share) ** 2
        return 10 + float((gains * parts * (1 + enough**2) / (parts + enough**2)).sum())

    errors = []
    for seed in range(4):
        expected = Expected(1.0, Axis(unmasking.limit, unmasking.untaught()))
        made = search(staircase, seed, runs=18, spread=0.7, expected=expected)
        made.published, made.evaluations = (), [one for one in made.evaluations if one.share < 1]
        found = made.levels([20.0, 30.0, 40.0, 50.0, 60.0])
        assert all(one.reachable for one in found)
        errors += [abs(staircase(one.share) - one.level) for one in found]
    assert np.mean(errors) < 1.5 and max(errors) < 4.5


def test_every_evaluation_informs_every_level():
    made = search(gradual, 0)
    before = len(made.evaluations)
    made.levels([30.0, 50.0])
    assert len(made.evaluations) == before + 15 - made.left


@pytest.mark.slow
def test_what_is_reported_is_the_mean_of_fresh_runs_at_the_final_share():
    """Selection does not flatter: over many searches the reported mean is unbiased for the truth at its share."""
    bias = []
    for seed in range(80):
        found = search(gradual, seed, spread=3.0).levels([40.0])[0]
        bias.append(found.mean - gradual(found.share))
    assert abs(np.mean(bias)) < 1.0


def test_a_level_below_what_the_published_folder_gives_is_unreachable_and_costs_no_run():
    made = search(lambda share: 64 - 20 * share, 0)
    found = made.levels([20.0])[0]
    assert not found.reachable and made.left == 15
    assert found.mean == pytest.approx(44, abs=5)


@pytest.mark.filterwarnings("error")
def test_whole_classes_reach_levels_below_what_a_weak_mask_leaves():
    """The published folder may teach more than one clean class does, which networks then take every image for."""
    made = search(lambda share: 27.0 if share == 1 else whole(share), 0, spread=1.0, expected=AS_CLASSES)
    made.published, made.evaluations = (), [one for one in made.evaluations if one.share < 1]
    found = made.levels([20.0, 40.0])
    assert all(one.reachable and abs(whole(one.share) - one.level) < 4 for one in found)


def test_a_jump_over_a_level_is_reported_with_the_nearest_that_was_found():
    found = search(lambda share: 62.0 if share < 0.9 else 12.0, 0, spread=0.5).levels([40.0])[0]
    assert not found.reachable
    assert min(abs(found.mean - 62), abs(found.mean - 12)) < 25
    assert found.jump is not None
    above, below = found.jump
    assert above.share < 0.9 <= below.share and below.share - above.share < 0.1
    assert above.accuracy == pytest.approx(62, abs=2) and below.accuracy == pytest.approx(12, abs=2)


@pytest.mark.slow
@pytest.mark.parametrize("cliff", [0.2, 0.4, 0.7])
def test_a_black_out_of_the_masks_strength_is_filled_by_mixing_images(cliff):
    """An evaluator that learns from an image where its mask is weaker than ``cliff``, and from no other.

    If all images had the mask at one strength, accuracy would jump from 64 to 12 % there: that is found and reported.
    Masks at full strength on a share of the images, which is what a share means, reach every level between.
    """

    def learnt(strengths: np.ndarray) -> float:
        return gradual(float(np.mean(strengths >= cliff)))

    def all_alike(share: float) -> float:
        return learnt(np.full(1000, share))

    def mixed(share: float) -> float:
        return learnt((np.arange(1000) < round(share * 1000)).astype(float))

    levels = [20.0, 30.0, 40.0, 50.0]
    jumps = search(all_alike, 0, runs=40, spread=0.5, count=1000).levels(levels)
    assert not any(one.reachable for one in jumps)
    assert all(one.jump and one.jump[0].share < cliff <= one.jump[1].share for one in jumps)
    filled = search(mixed, 0, runs=40, spread=0.5, count=1000).levels(levels)
    assert all(one.reachable and one.jump is None for one in filled)
    assert all(abs(mixed(one.share) - one.level) < 2.5 for one in filled)


def test_no_jump_is_seen_where_runs_overlap_or_one_side_is_missing():
    assert find_jump([Evaluation(0.2, 45.0), Evaluation(0.3, 35.0), Evaluation(0.25, 30.0)], 40.0) is not None
    assert find_jump([Evaluation(0.2, 45.0), Evaluation(0.3, 45.0), Evaluation(0.25, 30.0)], 40.0) is None
    assert find_jump([Evaluation(0.0, 64.0), Evaluation(1.0, 44.0)], 40.0) is None


@pytest.mark.parametrize("runs", [1, 2, 3, 4])
def test_few_runs_are_never_overspent(runs):
    made = search(gradual, 0, runs=runs)
    made.levels([30.0])
    assert made.left >= 0


def test_a_curve_is_inverted_exactly_and_within_its_range():
    curve = Curve(64.0, 12.0, 14.0, 0.9)
    for level in (15.0, 30.0, 50.0, 60.0):
        assert curve.accuracy(curve.share(level)) == pytest.approx(level)
    assert curve.share(80.0) == 0.0 and curve.share(5.0) == 1.0
    assert curve.accuracy(0.0) == 64.0 and curve.accuracy(1.0) == pytest.approx(12.0, abs=0.01)


def test_a_fit_recovers_the_curve_it_was_drawn_from():
    known = [Evaluation(s, gradual(s)) for s in (0.0, 0.5, 0.8, 0.9, 0.95, 0.99, 1.0)]
    for level in (20.0, 40.0, 60.0):
        expected = 14 * ((64 - level) / (level - 12)) ** (1 / 0.9)
        assert Axis().odds(fit(known, 10.0, level, AS_IMAGES).curve.share(level)) == pytest.approx(expected, rel=0.1)


def test_an_unsure_curve_looks_before_it_confirms():
    made = search(gradual, 0, spread=0.0)
    asked, measure = [], made.measure
    made.measure = lambda shares, aims: asked.append(len(shares)) or measure(shares, aims)
    made.levels([40.0])
    assert asked[0] == 1 and asked[-1] == 2


@pytest.mark.parametrize("seed", range(4))
def test_those_who_measure_are_told_where_all_levels_stand(seed):
    made = search(gradual, seed, spread=6.0)
    told, measure = [], made.measure
    made.measure = lambda shares, aims: told.append((list(shares), list(aims))) or measure(shares, aims)
    found = made.levels([30.0, 50.0])
    assert all(len(aims) == 2 and set(shares) <= set(aims) for shares, aims in told)
    assert list(made.aims.values()) == [one.share for one in found]


@pytest.mark.slow
def test_what_a_fit_believes_of_its_error_is_what_it_misses_by():
    """At a level's share, over many noisy draws: the misses are as large as the standard error says, or smaller."""
    misses, errors = [], []
    for seed in range(100):
        random = np.random.default_rng(seed)
        known = [Evaluation(s, gradual(s) + random.normal(0, RUN_ERROR)) for s in (0.0, 0.0, 0.8, 0.9, 0.95, 0.98, 1.0)]
        belief = fit(known, 10.0, 40.0, AS_IMAGES)
        share = belief.curve.share(40.0)
        misses.append(gradual(share) - 40.0)
        errors.append(belief.error(share))
    assert 0.5 < np.sqrt(np.mean(np.square(misses))) / np.mean(errors) < 1.2


def test_a_curve_is_unsure_before_anything_was_measured_and_sure_after():
    few = [Evaluation(0.0, 64.0), Evaluation(0.0, 63.0)]
    near = [Evaluation(s, gradual(s)) for s in (0.85, 0.9, 0.95)]
    before, after = (fit(known, 10.0, 40.0, AS_IMAGES).error(0.9) for known in (few, few + near))
    assert before > 7 and after < 2


def test_a_sure_curve_is_confirmed_without_further_looks():
    made = search(gradual, 0, spread=0.0)
    made.evaluations += [Evaluation(s, gradual(s)) for s in (0.6, 0.8, 0.9, 0.95, 0.98)]
    found = made.levels([40.0])[0]
    assert made.left == 15 - 2 and found.reachable


def test_the_pooled_spread_is_that_within_groups():
    assert pool_variance([[1.0, 3.0], [10.0, 12.0], [5.0]]) == (2.0, 2)
    assert pool_variance([[5.0]]) is None


@pytest.mark.slow
def test_noisy_runs_are_confirmed_by_more_of_them():
    """Two runs say little where runs of one share differ by seven points; so they are not left at two."""
    counts, errors = {}, {}
    for spread in (1.0, 7.0):
        found = [one for seed in range(20) for one in search(gradual, seed, runs=40, spread=spread).levels([30.0, 50.0])]
        counts[spread] = np.mean([len(one.accuracies) for one in found])
        errors[spread] = np.sqrt(np.mean([(gradual(one.share) - one.level) ** 2 for one in found]))
    assert counts[1.0] < 2.5 and counts[7.0] > 4
    assert errors[7.0] < 5


def test_runs_of_a_share_that_is_confirmed_again_count_together():
    made = search(lambda share: 30.0 if share > 0.5 else 60.0, 0, runs=12, spread=6.0, count=2)
    found = made.levels([30.0])[0]
    assert found.share == 0.5 or len(found.accuracies) > 2
    same = [one.accuracy for one in made.evaluations if one.share == found.share]
    assert set(found.accuracies) <= set(same)


def test_a_pair_of_shares_that_bracket_a_level_ends_its_search():
    """Two images: one of them bare trains to 70 %, none to 12, and nothing is between. Neither is confirmed again and again."""
    made = search(lambda share: 70.0 if share < 0.7 else 20.0, 0, runs=20, spread=0.5, count=4)
    found = made.levels([45.0])[0]
    assert not found.reachable and made.left >= 10
    assert found.jump is not None and (found.jump[0].share, found.jump[1].share) == (0.5, 0.75)


def test_a_cliff_is_closed_in_on_and_left_with_runs_to_spare():
    made = search(lambda share: 62.0 if share < 0.9 else 12.0, 0, runs=40, spread=0.5)
    found = made.levels([40.0])[0]
    assert not found.reachable and made.left > 15
    above, below = found.jump
    assert above.share < 0.9 <= below.share and Axis().odds(below.share) < 1.2 * Axis().odds(above.share)


def test_runs_go_on_at_the_same_share_while_their_mean_is_near_and_unsure():
    made = search(gradual, 0, runs=40, spread=5.0)
    found = made.levels([40.0])[0]
    assert len(found.accuracies) > 4 and found.reachable
    assert made.deviation / len(found.accuracies) ** 0.5 <= 0.7 * 2.5


@pytest.mark.parametrize(("off", "reachable"), [(0.0, True), (2.4, True), (4.0, False)])
def test_a_quiet_level_is_reached_within_the_tolerance(off, reachable):
    """A plateau that lies beside the level, and a cliff behind it."""
    made = search(lambda share: 64.0 if share < 0.5 else 40.0 + off if share < 0.99 else 12.0, 1, runs=12, spread=0.1)
    assert made.levels([40.0])[0].reachable is reachable


def test_a_level_that_is_missed_by_no_more_than_chance_explains_is_reached():
    """Runs of a share end six and nine points apart in turn: a mean of few says little."""
    made, rest = search(gradual, 0, runs=6), iter([40.0, 50.0, 36.0, 50.0, 36.0, 43.0])
    made.measure = lambda shares, aims: [next(rest) for _ in shares]
    found = made.levels([40.0])[0]
    assert found.reachable and 2.5 < abs(found.mean - 40) < 1.5 * made.deviation / len(found.accuracies) ** 0.5
