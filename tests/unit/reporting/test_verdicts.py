"""Verdicts beside their yardstick, and what a level cleans."""

from dataclasses import replace

import pytest

import hideseek_cli as hs
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.offers import describe_offers
from hideseek_cli.reporting.page import UNUSUAL
from hideseek_cli.reporting.reading import read_findings
from hideseek_cli.reporting.tables import tabulate_levels, tabulate_visible, tabulate_worst
from hideseek_cli.reporting.verdicts import is_usual, show_promise
from tests.helpers.records import RELEASED, compared, keep, keep_all, make_release, verified


def found(published, public=False):
    return read_findings(gather(published, (), None), public=public)


@pytest.mark.parametrize(
    ("one_sided", "tolerance", "promise", "usual"),
    [
        (True, 8.0, "at most chance + 8 points", True), (True, 10.0, "at most chance + 10 points (usual: 8)", False),
        (False, 4.0, "60 ± 4 points", True), (False, 8.0, "60 ± 8 points (usual: 4)", False),
    ],
)  # fmt: skip
def test_a_promise_says_how_far_it_may_be_missed(tmp_path, one_sided, tolerance, promise, usual):
    published = make_release(tmp_path)
    keep(published, "verify", verified(61.0, 60.0, "pass", {}) | {"one_sided": one_sided, "tolerance": tolerance},
         level="published")  # fmt: skip
    (one,) = found(published).published.verified
    assert show_promise(one) == promise and is_usual(one) == usual
    assert tabulate_levels(found(published))[0]["tolerance"] == promise.removeprefix("at most chance ").removeprefix("60 ")
    hs.report(published, out=tmp_path / "report.html")
    assert (UNUSUAL in (tmp_path / "report.html").read_text()) != usual


def test_the_owner_is_told_which_classes_a_level_cleans_and_everyone_how_many(tmp_path):
    published = keep_all(tmp_path)
    told = describe_offers(found(published))
    assert told[0] == "Level 30 cleans 1 of 3 classes whole: dog; the other 2 stay masked."
    assert len(told) == 3 and describe_offers(found(published, public=True)) == []
    release = found(published, public=True)
    some = replace(release.levels[0], clean_classes=2)
    assert describe_offers(replace(release, tiers=(release.published, some, release.clean))) == [
        "Level 30 cleans 2 of 3 classes whole; in the others images stay masked."
    ]
    part = replace(some, cleaned={"dog": 1.0, "cat": 0.25, RELEASED[2]: 1.0})
    assert describe_offers(replace(release, tiers=(release.published, part, release.clean))) == [
        f"Level 30 cleans 2 of 3 classes whole: {RELEASED[2]}, dog, and of cat 25 % of images."
    ]


def test_the_images_that_differ_most_are_two_tables_without_the_originals(tmp_path):
    published = keep_all(tmp_path)
    keep(tmp_path / "cleaned", "metrics", compared(), level="clean")
    assert [one["image"] for one in tabulate_worst(found(published))] == ["cat/000000", "dog/000001"]
    assert [one["image"] for one in tabulate_visible(found(published))] == ["dog/000009"]


def test_classes_stand_in_the_order_of_the_manifest_and_strange_ones_last(tmp_path):
    release = replace(found(make_release(tmp_path)), classes=("b", "c", "a"))
    assert release.order(["x", "a", "b"]) == ["b", "a", "x"]
