"""What an order says of itself before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.recipe import preset


def config(prices, calibration="retrain"):
    exact = {float(level): float(price) for level, price in prices.items()}
    return HideConfig(data=Path("data"), levels=(30.0, 50.0, 70.0), out=Path("out"), masks=Path("masks"), prices=exact,
                 recipe=preset("quick"), calibration=calibration, method=ClassWise(schedule="alternating"))  # fmt: skip


@pytest.mark.parametrize("prices", [{}, {30: 10}, {30: 10, 70: 60}, {30: 10, 50: 25, 70: 60}, {30: 30, 50: 40, 70: 60}])
def test_fair_prices_are_no_bargain(prices):
    assert config(prices).bargains() == []


def test_two_cheap_levels_that_cost_less_than_a_dear_one_are_named_where_cleaners_hold_the_mask():
    (found,) = config({30: 10, 50: 25, 70: 60}, "stop").bargains()
    assert "levels 30 and 50 together cost 35, less than level 70 (60)" in found


def test_a_better_level_at_no_higher_price_is_named():
    (found,) = config({30: 25, 50: 25}).bargains()
    assert "level 50 costs 25, no more than level 30 (25)" in found


def test_masks_survive_what_the_method_is_for_unless_told_otherwise():
    def survived(schedule, robust=None):
        return HideConfig(data=Path("data"), levels=(50.0,), out=Path("out"), masks=Path("masks"), recipe=preset("quick"),
                     robust=robust, method=ClassWise(schedule=schedule)).survived  # fmt: skip

    assert survived("joint") == ("greyscale", "blur") and survived("alternating") == ()
    assert survived("joint", ()) == () and survived("alternating", ("jpeg",)) == ("jpeg",)
