"""How many retrainings there are, and for what."""

from __future__ import annotations

import pytest

from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.budget import OUTLIVED_RUNS, RunBudget
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.recipe import preset


@pytest.mark.parametrize(("levels", "authorized", "fewest"), [(0, False, 11), (1, False, 13), (3, False, 17), (1, True, 17)])
def test_the_fewest_are_three_attempts_and_two_runs_of_all_else(levels, authorized, fewest):
    budget = RunBudget(levels=levels, authorized=authorized, further_attempts=0, max_runs=fewest)
    assert budget.fewest == budget.most == fewest and budget.kept == 0
    usual = RunBudget(levels=levels, authorized=authorized, further_attempts=2)
    assert usual.most == max(fewest + 2, 10 + 7 * levels + 4 * authorized) + 4 + usual.kept
    assert usual.kept == OUTLIVED_RUNS + 6


@pytest.mark.parametrize(
    ("options", "further"),
    [
        ({}, 0),
        ({"levels": (50,)}, 1),
        ({"levels": (50,), "preferred": ("blur",)}, 4),
        ({"levels": (50,), "preferred": ("blur",), "robust": ("blur",)}, 1),
        ({"levels": (50,), "calibration": "stop", "method": ClassWise(schedule="alternating")}, 0),
    ],
)
def test_there_are_runs_for_every_attempt_that_may_follow(options, further):
    asked = {"data": "data", "out": "out", "masks": "m", "recipe": preset("quick"), "levels": (), **options}
    assert HideConfig(**asked).budget.further_attempts == further


def test_a_level_takes_seven_runs_at_most_unless_told_otherwise():
    usual = RunBudget(levels=2, authorized=False, further_attempts=4)
    assert usual.for_levels(30) == 14 and usual.for_levels(10) == 8
    assert RunBudget(levels=2, authorized=False, further_attempts=0, max_runs=60).for_levels(30) == 28
