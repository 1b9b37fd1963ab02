"""Which levels give a buyer more than others have."""

from __future__ import annotations

import pytest

from hideseek_cli.publishing.calibration import CalibratedLevels
from hideseek_cli.publishing.level_search import LevelOutcome
from hideseek_cli.publishing.products import find_overlaps, find_untold, images_to_tell
from hideseek_cli.training.accuracy_stats import MANY, Estimate, estimate


def found(mean: float, sampling: float = 2.0) -> Estimate:
    return Estimate(mean=mean, between=0.0, freedom=0, sampling=sampling, runs=2)


def test_a_level_is_held_against_the_last_one_below_that_is_a_product():
    levels = {50.0: found(52.0), 30.0: found(22.0), 55.0: found(57.0), 60.0: found(62.0)}
    overlaps = find_overlaps(levels, found(20.0))
    assert overlaps == {
        30.0: "level 30 (18 to 26) is no better than what everyone has (16 to 24)",
        55.0: "level 55 (53 to 61) is no better than level 50 (48 to 56)",
    }


@pytest.mark.parametrize(("gap", "product"), [(7.8, False), (7.9, True)])
def test_intervals_that_touch_overlap(gap, product):
    assert (find_overlaps({30.0: found(20 + gap)}, found(20.0)) == {}) is product


@pytest.mark.parametrize(("one", "other"), [(10.0, 30.0), (50.0, 55.0), (16.7, 40.0)])
def test_images_to_tell_are_the_fewest_on_which_intervals_part(one, other):
    def apart(images: int) -> bool:
        low, high = (estimate([mean] * MANY, images, spread=(0.0, 1)) for mean in (one, other))
        return low.interval()[1] < high.interval()[0]

    needed = images_to_tell(one, other)
    assert apart(needed) and not apart(needed - 1)


def test_what_test_images_cannot_tell_is_named():
    assert find_untold([30.0, 50.0], 10.0, 5000) is None and find_untold([], 10.0, 1) is None
    assert find_untold([30.0, 50.0], 25.0, 100) == ("level 30 from chance, 25.0 %", images_to_tell(25.0, 30.0))
    assert find_untold([52.0, 50.0], 10.0, 100) == ("level 52 from level 50", images_to_tell(50.0, 52.0))


@pytest.mark.parametrize(("anyway", "offered"), [(False, [50.0]), (True, [30.0, 50.0])])
def test_what_is_no_product_is_offered_only_anyway_and_what_was_missed_never(anyway, offered):
    outcomes = [
        LevelOutcome(level=number, share=0.5, accuracies=(number,), reachable=number < 70) for number in (30.0, 50.0, 70.0)
    ]
    assert [one.level for one in CalibratedLevels(outcomes, []).offered({30.0, 70.0}, anyway=anyway)] == offered
