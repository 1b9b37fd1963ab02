"""Attempts at masks: hidden first, then robust, each told, the same when resumed; and what masks may cost whom."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.methods import Attempt, TrainedPatterns
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing import mask_selection
from hideseek_cli.publishing import run as runs
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.mask_layout import lay_out_masks, make_task
from hideseek_cli.publishing.mask_selection import AuthorizedResult, CandidateMasks, Selection, evaluate, select_masks
from hideseek_cli.publishing.result import HideResult
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.training.accuracy_stats import Estimate, estimate
from tests.helpers.folders import MakeFolder
from tests.helpers.progress import Listener
from tests.helpers.runs import begin_run, make_candidate

BASELINE = Baseline([90.0, 90.0], 50.0, learns=True)
HIDDEN, OPEN = 51.0, 80.0


@pytest.fixture
def select(make_folder: MakeFolder, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch):
    """Selects masks of which each attempt leaves what it is told to; what came of it, which were trained, and what was said."""
    monkeypatch.setattr(runs, "cache_folder", lambda: tmp_path / "cache")
    data = make_folder("data", classes=4, each=25)

    def make(
        *left: float, levels: tuple[int, ...] = (), spent: int = 3, **options: Any
    ) -> tuple[Selection, list[str], list[str]]:
        listener, trained, coming = Listener(), list[str](), iter(left)
        one = begin_run(data, tmp_path, executor, listener, levels=levels, **options)
        one.session.runs = spent

        def evaluate(run: HideRun, baseline: Baseline, layout, name: str, attempt: Attempt) -> CandidateMasks:
            trained.append(name)
            run.session.runs += 2
            return make_candidate(layout, float(next(coming)))

        monkeypatch.setattr(mask_selection, "evaluate", evaluate)
        layout = lay_out_masks(one, BASELINE)
        return select_masks(one, BASELINE, layout, make_task(one, layout)), trained, listener.told

    return make


def kinds(selection: Selection) -> list[tuple[tuple[str, ...], bool]]:
    return [(one.robust, one.shared) for one in selection.attempts]


def test_the_first_that_hides_is_taken_and_no_other_is_tried(select):
    found, trained, told = select(HIDDEN, preferred=("blur",))
    assert trained == ["candidate 0"] and kinds(found) == [(("blur",), False)]
    assert told[0] == "masks, attempt 1 of 6: masks that outlive blur, balanced leave 51.0 %"


def test_plain_masks_follow_where_those_that_were_preferred_do_not_hide(select):
    found, trained, told = select(OPEN, 75, 77, HIDDEN, preferred=("blur",))
    assert kinds(found) == 3 * [(("blur",), False)] + [((), False)] and found.masks.accuracy == HIDDEN
    assert told[3] == "masks, attempt 4 of 6: plain masks, whitened leave 51.0 %, the best before left 75.0 %"
    assert trained == [f"candidate {number}" for number in range(4)]


def test_they_do_not_where_the_owner_asks_for_others(select):
    found, *_ = select(OPEN, 75, 77, robust=("blur",), max_runs=99)
    assert kinds(found) == 3 * [(("blur",), False)] and found.masks.accuracy == 75


def test_at_last_all_levels_share_the_patterns_of_the_best_attempt(select):
    found, _, told = select(OPEN, 75, 77, HIDDEN, levels=(70,))
    assert kinds(found) == [*3 * [((), False)], ((), True)]
    assert "attempt 4 of 4: plain masks, eye, one pattern of a class for all levels, leave 51.0 %" in told[3]
    assert found.layout.pattern_sets == found.layout.unmasking.pattern_sets == 1
    assert found.masks.scale.unmasking is found.layout.unmasking and found.shared and found.rule == 1


@pytest.mark.parametrize("left", [76, 60])
def test_where_that_does_not_hide_levels_keep_patterns_of_their_own(select, left):
    found, *_ = select(OPEN, 75, 77, left, levels=(70,))
    assert found.layout.pattern_sets == 2 and found.masks.accuracy == 75 and found.attempts[-1].shared
    assert not found.shared and found.rule == 1


@pytest.mark.parametrize("unmask", ["images", "classes"])
def test_a_buyer_can_strip_what_shares_a_pattern_with_what_was_bought(select, unmask):
    own, shared = (
        select(*left, levels=(70,), unmask=unmask)[0].layout.unmasking for left in ([HIDDEN], [OPEN, OPEN, OPEN, HIDDEN])
    )
    level = own.nearest(0.6)
    assert np.array_equal(own.touched(level), shared.touched(level)), "images lose their masks in the same turn"
    assert own.strippable(level, [level]) == level
    known = shared.strippable(level, [level])
    assert known == (0.0 if unmask == "images" else 0.5), "every level, or all of its classes"


def test_a_level_of_the_stopping_rule_has_masks_of_its_own_and_shares_none(select):
    stop = {"calibration": "stop", "method": ClassWise(schedule="alternating")}
    assert kinds(select(OPEN, levels=(70,), **stop)[0]) == [((), False)]


@pytest.mark.parametrize(("max_runs", "attempts"), [(13, 3), (14, 3), (15, 4), (99, 4)])
def test_attempts_end_where_no_runs_would_be_left_for_levels(select, max_runs, attempts):
    found, _, told = select(*4 * [OPEN], levels=(70,), max_runs=max_runs)
    assert len(found.attempts) == attempts
    assert ("no runs are left for attempt 4 of 4 at masks (`max_runs`)" in told) is (attempts == 3)


def test_the_usual_number_of_runs_is_enough_for_all(select):
    assert len(select(*7 * [OPEN], levels=(60, 70), preferred=("blur",))[0].attempts) == 7


@pytest.mark.parametrize(("lost", "well"), [(None, True), (-1.0, True), (4.9, True), (5.1, False)])
def test_masks_may_cost_an_authorized_network_five_points(lost, well):
    def reached(percent: float) -> Estimate:
        return estimate([percent, percent], 1000)

    allowed = (
        None
        if lost is None
        else AuthorizedResult(AuthorizedNetwork.draw("slim", bytes(32)), published=reached(60.0 - lost), clean=reached(60.0))
    )
    assert HideResult.taught.fget(SimpleNamespace(allowed=allowed)) is well


@pytest.mark.parametrize(
    ("found", "left", "expected"),
    [
        ([50, 52, 70, 72], 99, [50, 52, 70, 72]),
        ([50, 53], 99, [50, 53]),
        ([50, 52], 3, [50, 52]),
        ([50, 52, 49, 51], 4, [50, 52, 49, 51]),
    ],
)
def test_masks_that_seem_to_hide_are_tried_twice_where_runs_are_left(
    make_folder, tmp_path, executor, monkeypatch, found, left, expected
):
    """Of what is measured, 50 and 52 are hidden on average; two runs are kept for the published folder."""
    monkeypatch.setattr(runs, "cache_folder", lambda: tmp_path / "cache")
    data, coming = make_folder("data", classes=4, each=25), iter(found)
    one = begin_run(data, tmp_path, executor, Listener())
    one.session.runs = one.session.left - left

    def measure(wanted: list[object]) -> list[float]:
        return [float(next(coming)) for _ in wanted]

    monkeypatch.setattr(one.session, "measure", measure)
    layout = lay_out_masks(one, BASELINE)
    patterns = np.zeros(layout.renderer.thresholds.shape, np.float32)
    attempt = Attempt(name="none", train=lambda on_step: TrainedPatterns(patterns=patterns))
    hidden_at_51 = replace(BASELINE, accuracies=[62.5])
    assert evaluate(one, hidden_at_51, layout, "candidate", attempt).accuracies == expected
