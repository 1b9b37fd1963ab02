"""Where the published folder still teaches, single values are tried until one would hide it."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hideseek_cli.methods import Attempt
from hideseek_cli.publishing import remedies
from hideseek_cli.publishing import run as runs
from hideseek_cli.publishing.attempts import AttemptOutcome
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.mask_layout import MaskLayout, lay_out_masks
from hideseek_cli.publishing.mask_selection import CandidateMasks, Selection
from hideseek_cli.publishing.remedies import Remedy, try_remedies
from hideseek_cli.publishing.run import HideRun
from tests.helpers.folders import MakeFolder
from tests.helpers.progress import Listener
from tests.helpers.runs import begin_run, make_candidate

BASELINE = Baseline([90.0, 90.0], 50.0, learns=True)
HIDDEN, OPEN = 51.0, 80.0


@pytest.fixture
def attempt(make_folder: MakeFolder, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch):
    """Tries values that leave what they are told to: what came of it, the runs and attempts that it made, and what was said."""
    monkeypatch.setattr(runs, "cache_folder", lambda: tmp_path / "cache")
    data = make_folder("data", classes=4, each=25)

    def make(
        *left: float,
        bound: str = "visibility",
        rule: int = 1,
        shared: bool = False,
        spare: int = 99,
        learns: bool = True,
        **options: Any,
    ) -> tuple[tuple[Remedy, ...], list[tuple[HideRun, MaskLayout, str]], list[str]]:
        listener, coming, made = Listener(), iter(left), list[tuple[HideRun, MaskLayout, str]]()
        usual = {"levels": (70,), "max_visibility": 0.04, "max_runs": 99}
        one = begin_run(data, tmp_path, executor, listener, **usual | options)
        one.session.runs = 99 - spare

        def evaluate(run: HideRun, baseline: Baseline, layout: MaskLayout, name: str, attempt: Attempt) -> CandidateMasks:
            made.append((run, layout, attempt.name))
            run.session.runs += 2
            return make_candidate(layout, float(next(coming)), bound)

        monkeypatch.setattr(remedies, "evaluate", evaluate)
        layout = lay_out_masks(one, BASELINE, shared=shared)
        outcome = AttemptOutcome(name="plain masks", robust=one.config.survived, shared=shared, accuracy=OPEN, hides=False)
        selected = Selection(make_candidate(layout, OPEN, bound), layout, rule, (outcome,))
        return try_remedies(one, replace(BASELINE, learns=learns), selected), made, listener.told

    return make


@pytest.mark.parametrize(
    ("bound", "option", "values", "options"),
    [
        ("visibility", "max_visibility", (0.08, 0.16), {}),
        ("visibility", "max_visibility", (1.0,), {"max_visibility": 0.7}),
        ("ssim", "min_ssim", (0.9, 0.8), {}),
        ("ssim", "min_ssim", (0.2, 0.0), {"min_ssim": 0.6}),
        ("strongest", "epsilon", (16, 32), {}),
        ("strongest", "epsilon", (40,), {"epsilon": 20}),
    ],
)
def test_the_limit_that_binds_is_loosened_by_two_and_by_four(attempt, bound, option, values, options):
    found, made, told = attempt(OPEN, 79, bound=bound, **options)
    assert [(one.option, one.value, one.hides) for one in found] == [(option, value, False) for value in values]
    assert [getattr(run.config, option) for run, *_ in made] == list(values)
    assert told[0] == f"`{option}={values[0]!r}` would leave 80.0 %" and len(told) == len(values)


def test_the_first_that_hides_is_the_last_that_is_tried(attempt):
    found, made, _ = attempt(HIDDEN)
    assert len(made) == 1 and found == (Remedy(option="max_visibility", value=0.08, accuracy=HIDDEN, hides=True),)
    ((run, layout, name),) = made
    assert run.limit.mean == pytest.approx(0.08), "masks are trained and judged by the value that is tried"
    assert name == "plain masks, eye" and layout.pattern_sets == 2, "they are made as those that left least"


def test_levels_share_a_pattern_where_the_published_masks_do(attempt):
    assert attempt(HIDDEN, shared=True)[1][0][1].pattern_sets == 1


def test_what_was_insisted_on_is_given_up_first(attempt):
    found, made, _ = attempt(OPEN, 79, 78, robust=("blur",), patterns=2)
    assert [(one.option, one.value) for one in found] == [("robust", ()), ("patterns", 1), ("max_visibility", 0.08)]
    assert [name.split(",")[0] for *_, name in made] == ["plain masks", *2 * ["masks that outlive blur"]]
    assert [run.config.patterns for run, *_ in made] == [2, 1, 2], "one value at a time"


@pytest.mark.parametrize(("spare", "tried"), [(1, 0), (2, 1), (3, 1), (4, 2)])
def test_as_many_are_tried_as_there_are_runs_for(attempt, spare, tried):
    assert len(attempt(OPEN, 79, spare=spare)[0]) == tried


def test_nothing_is_tried_where_networks_learn_next_to_nothing_of_clean_images(attempt):
    assert attempt(learns=False)[0] == ()
