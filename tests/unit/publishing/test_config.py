"""What an order says of itself before any work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.methods import select
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing.config import HideConfig, sort_levels
from hideseek_cli.recipe import preset

ASKED = {"data": "data", "out": "out", "masks": "masks", "recipe": preset("quick"), "levels": [30, 50, 70]}


def config(prices, calibration="retrain"):
    return HideConfig(**ASKED, prices=prices, calibration=calibration, method=ClassWise(schedule="alternating"))


def test_what_a_person_passes_becomes_what_the_library_works_with():
    found = HideConfig(
        **{**ASKED, "levels": [70, 30.0]}, prices={30: 5}, labels="table.csv", key_file=Path("key"), robust=["blur"]
    )
    assert found.levels == (30.0, 70.0) and found.prices == {30.0: 5.0} and found.robust == ("blur",)
    assert (found.data, found.out, found.masks, found.labels, found.key_file) == (
        Path("data"), Path("out"), Path("masks"), Path("table.csv"), Path("key"),
    )  # fmt: skip
    assert found == HideConfig(**{**ASKED, "levels": (30, 70), "data": Path("data")}, prices={30.0: 5.0},
                               labels=Path("table.csv"), key_file="key", robust=("blur",))  # fmt: skip


STOP = {"calibration": "stop", "method": ClassWise(schedule="alternating")}
SAMPLE = select("random", "sample")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"levels": [30, 130]}, "level 130 is out of range: a level is a test accuracy between 0 and 100 percent"),
        ({"levels": [50, 50]}, "a level is given twice in 50,50"),
        ({"epsilon": 0}, "`epsilon` 0 is out of range: 1 to 63 grey levels"),
        ({"min_ssim": 1.2}, "`min_ssim` 1.2 is out of range: at least 0 and below 1"),
        ({"max_visibility": 0}, "`max_visibility` 0 is out of range: above 0 and at most 1"),
        ({"max_visibility": 1.1}, "`max_visibility` 1.1 is out of range"),
        ({"max_visibility": float("nan")}, "`max_visibility` nan is out of range"),
        ({"tolerance": 0.0}, "`tolerance` 0 is out of range: points between 0 and 100"),
        ({"patterns": 65}, "`patterns` 65 is out of range: 1 to 64"),
        ({"size": 7}, "`size` 7 is out of range: 8 to 1024 pixels"),
        ({"train_images": 0}, "`train_images` 0 trains on none"),
        ({"threads": 0}, "`threads` 0 cannot train"),
        ({"placement": "x"}, "unknown `placement` 'x': choose fixed or keyed"),
        ({"unmask": "image"}, "unknown `unmask` 'image': did you mean images?"),
        ({"robust": ("jepg",)}, "unknown change in `robust` 'jepg': did you mean jpeg?"),
        ({"prices": {60: 1}}, "`prices` names level 60, which is not among the levels 30,50,70"),
        ({"prices": {30: -1}}, "a price must be a number of at least 0"),
        ({"max_runs": 3, "levels": [50]}, "`max_runs` 3 is too few for 1 level; give at least 13"),
        ({"out": "data/out"}, "lies inside the input folder"),
        ({"masks": "out/masks"}, "out/masks, which is secret, would lie inside out"),
        ({**STOP, "patterns": 2}, "has one pattern a class; leave `patterns` out"),
        ({**STOP, "method": ClassWise()}, "needs class-wise emn by `schedule='alternating'`"),
        ({**STOP, "levels": []}, "give some as `levels`"),
        ({"method": SAMPLE, "placement": "keyed"}, "`placement='keyed'` is for patterns that a class shares"),
        ({"method": SAMPLE, "patterns": 2}, "`patterns` is for patterns that a class shares"),
        ({"method": SAMPLE, "robust": ("blur",)}, "`robust` does not apply to `method='random'`"),
    ],
)
def test_what_cannot_be_is_refused_by_the_name_of_the_argument(options, words):
    with pytest.raises(InputError, match=re.escape(words)):
        HideConfig(**{**ASKED, **options})


@pytest.mark.parametrize("levels", [["high"], "30,50", 50])
def test_levels_that_are_no_numbers_are_refused(levels):
    with pytest.raises(InputError, match="is not a list of percentages"):
        sort_levels(levels)


@pytest.mark.parametrize("prices", [{}, {30: 10}, {30: 10, 70: 60}, {30: 10, 50: 25, 70: 60}, {30: 30, 50: 40, 70: 60}])
def test_fair_prices_are_no_bargain(prices):
    assert config(prices).bargains() == []


def test_two_cheap_levels_that_cost_less_than_a_dear_one_are_named_where_cleaners_hold_the_mask():
    (found,) = config({30: 10, 50: 25, 70: 60}, "stop").bargains()
    assert "levels 30 and 50 together cost 35, less than level 70 (60)" in found


def test_a_better_level_at_no_higher_price_is_named():
    (found,) = config({30: 25, 50: 25}).bargains()
    assert "level 50 costs 25, no more than level 30 (25)" in found


def test_masks_survive_what_the_look_prefers_unless_told_otherwise():
    def order(robust=None, preferred=("blur",)):
        return HideConfig(**ASKED, robust=robust, preferred=preferred)

    assert order().survived == ("blur",) and order(()).survived == () and order(("jpeg",)).survived == ("jpeg",)
    assert order().binding() != order(("blur",)).binding(), "plain masks may follow those that are only preferred"
    assert order().binding()["look"] != order(preferred=()).binding()["look"]
    assert order(()).binding() == order((), ()).binding()
