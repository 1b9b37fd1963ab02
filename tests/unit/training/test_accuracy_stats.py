"""Law 3: every accuracy has an honest interval, and verdicts are right as often as they claim."""

from __future__ import annotations

import numpy as np
import pytest

from hideseek_cli.training.accuracy_stats import (
    MANY,
    compare_mix,
    estimate,
    images_needed,
    judge_at_most,
    judge_level,
    least_tolerance,
    more_runs,
)


def measured(random, truth, spread, images, runs):
    """What runs show: each seed's own accuracy, and the chance of the test set, which they share."""
    share = random.normal(truth, 100 * np.sqrt(truth / 100 * (1 - truth / 100) / images))
    return list(random.normal(share, spread, runs))


@pytest.mark.parametrize("runs", [2, 3, 4])
@pytest.mark.parametrize("spread", [0.2, 1.5, 5.0])
@pytest.mark.parametrize("confidence", [0.90, 0.95])
def test_intervals_cover_the_truth_as_often_as_they_say_however_few_the_runs(runs, spread, confidence):
    random = np.random.default_rng(0)
    covered = 0
    for _ in range(1000):
        low, high = estimate(measured(random, 50, spread, 2000, runs), 2000).interval(confidence)
        covered += low <= 50 <= high
    assert covered / 1000 >= confidence - 2.5 * np.sqrt(confidence * (1 - confidence) / 1000)
    assert spread == 1.5 or covered / 1000 <= confidence + 0.04, "and not much more"


@pytest.mark.parametrize(("truth", "most"), [(55.0, 0.08), (58.0, 0.08), (45.0, 0.08)])
def test_a_level_that_is_missed_by_the_tolerance_seldom_passes(truth, most):
    random = np.random.default_rng(1)
    passed = sum(judge_level(estimate(measured(random, truth, 1.5, 5000, 3), 5000), 50.0, 5.0) == "pass" for _ in range(500))
    assert passed / 500 <= most


def test_a_level_that_is_hit_passes_and_one_far_off_fails():
    random = np.random.default_rng(2)
    verdicts = [judge_level(estimate(measured(random, 50, 1.0, 10_000, 4), 10_000), 50.0, 5.0) for _ in range(200)]
    assert verdicts.count("pass") / 200 > 0.9
    verdicts = [judge_level(estimate(measured(random, 62, 1.0, 10_000, 4), 10_000), 50.0, 5.0) for _ in range(200)]
    assert verdicts.count("fail") / 200 > 0.9


def test_one_run_can_fail_but_not_pass():
    assert judge_level(estimate([50.0], 10_000), 50.0, 5.0) == "inconclusive"
    assert judge_level(estimate([90.0], 10_000), 50.0, 5.0) == "fail"
    assert judge_at_most(estimate([10.0], 10_000), 20.0) == "inconclusive"
    assert judge_at_most(estimate([40.0], 10_000), 20.0) == "fail"


def test_wide_runs_are_inconclusive():
    assert judge_level(estimate([40.0, 50.0, 60.0], 10_000), 50.0, 5.0) == "inconclusive"
    assert judge_at_most(estimate([5.0, 15.0, 25.0], 10_000), 18.0) == "inconclusive"


def test_a_published_folder_passes_below_the_bound_however_far():
    assert judge_at_most(estimate([10.0, 10.5, 11.0], 10_000), 18.0) == "pass"
    assert judge_at_most(estimate([2.0, 2.1, 2.2], 10_000), 18.0) == "pass"
    assert judge_at_most(estimate([30.0, 30.5, 31.0], 10_000), 18.0) == "fail"


def test_the_interval_stays_within_0_and_100_and_knows_its_runs():
    found = estimate([0.0, 0.0, 1.0], 100)
    assert found.interval()[0] == 0.0 and found.runs == 3
    assert estimate([100.0, 99.0], 100).interval()[1] == 100.0
    assert estimate([100.0, 100.0], 100).interval()[0] < 100.0


def test_a_pooled_spread_replaces_that_of_few_runs():
    alone, pooled = estimate([50.0, 52.0], 100_000), estimate([50.0, 52.0], 100_000, spread=(4.0, 20))
    assert pooled.between == pytest.approx(np.sqrt(4 / 2)) and pooled.freedom == 20
    assert pooled.interval()[1] < alone.interval()[1]


def near_50(found):
    return judge_level(found, 50.0, 5.0)


def test_more_runs_is_how_many_settle_it_if_mean_and_spread_stay():
    seen = [47.0, 53.0]
    assert near_50(estimate(seen, 100_000)) == "inconclusive"
    more = more_runs(seen, 100_000, near_50)
    spread = np.var(seen, ddof=1)

    def like(runs):
        return estimate([50.0] * runs, 100_000, spread=(spread, runs - 1))

    assert more is not None and near_50(like(2 + more)) == "pass" and near_50(like(1 + more)) == "inconclusive"


def test_more_runs_knows_what_no_run_settles():
    assert more_runs([50.0], 1000, near_50) == 1, "the spread of one run is unknown"
    assert more_runs([50.0, 50.2], 30, near_50) is None, "thirty images cannot tell 45 from 50"
    assert more_runs([54.5, 55.5], 1_000_000, near_50) is None, "the mean lies on the edge"
    assert more_runs([60.0, 66.0], 100_000, lambda found: judge_at_most(found, 58.0)) in range(1, 20), (
        "it may settle as a failure"
    )


def test_parts_of_one_mix_are_seldom_said_to_be_mixed_apart():
    random = np.random.default_rng(3)
    mix = random.dirichlet(np.full(10, 3.0))
    pairs = [(random.multinomial(2000, mix), random.multinomial(400, mix)) for _ in range(500)]
    assert sum(compare_mix(*pair) is not None for pair in pairs) <= 3


def test_parts_mixed_apart_say_which_class_and_by_how_many_points():
    train = np.array([127, 154, 147, 138, 161, 136, 150, 131, 143, 151])
    test = np.array([47, 28, 34, 42, 21, 43, 31, 52, 34, 27])
    mix = compare_mix(train, test)
    assert mix is not None and mix.widest == 7
    assert mix.shares == pytest.approx((9.11, 14.48), abs=0.01)
    known = np.where(train / train.sum() > test / test.sum(), 100.0, 0.0)  # a network that errs where the test set has more
    most = known @ train / train.sum() - known @ test / test.sum()
    assert mix.points == pytest.approx(most)
    assert compare_mix(100 * train, train) is None


@pytest.mark.parametrize("counts", [([5, 0], [9, 0]), ([0, 0], [9, 9]), ([300], [2])])
def test_where_nothing_can_differ_no_mix_does(counts):
    assert compare_mix(*map(np.array, counts)) is None


@pytest.mark.parametrize("mean", [50.0, 52.0, 57.0])
def test_images_needed_is_the_fewest_on_which_many_runs_come_to_a_verdict(mean):
    needed = images_needed([mean], near_50)

    def told(images):
        return near_50(estimate([mean] * MANY, images, spread=(0.0, MANY)))

    assert needed is not None and told(needed) == ("pass" if mean < 55 else "fail") and told(needed - 1) == "inconclusive"


def test_a_mean_on_the_edge_is_settled_by_no_test_images():
    assert images_needed([55.0], near_50) is None


@pytest.mark.parametrize(("level", "images"), [(50.0, 100), (30.0, 400), (97.0, 60)])
def test_the_least_tolerance_is_the_one_at_which_a_level_that_is_met_can_pass(level, images):
    least, met = least_tolerance(level, images), estimate([level] * MANY, images, spread=(0.0, MANY))
    assert judge_level(met, level, least) == "pass" and judge_level(met, level, least - 0.1) == "inconclusive"
