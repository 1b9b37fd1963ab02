"""What the published folder gives back is measured last, within the runs that are left, as `audit` would."""

from __future__ import annotations

import json
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.attacks import Exposed, list_attacks
from hideseek_cli.publishing import run as runs
from hideseek_cli.publishing.retraining import Retraining
from hideseek_cli.publishing.robustness import measure_outlived
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import Correction
from tests.helpers.folders import MakeFolder
from tests.helpers.runs import begin_run


@pytest.fixture
def begin(make_folder: MakeFolder, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch):
    """Begins a run on images of a kind, of whose retrainings it remembers what they were of."""
    monkeypatch.setattr(runs, "cache_folder", lambda: tmp_path / "cache")

    def make(mode: str = "RGB", **options: object) -> tuple[HideRun, list[Retraining]]:
        data = make_folder(f"data{mode}", classes=2, each=20, mode=mode)
        one = begin_run(data, tmp_path, executor, Silent(), **options)
        wanted: list[Retraining] = []

        def retrain(some: list[Retraining]) -> list[float]:
            wanted.extend(some)
            one.session.runs += len(some)
            return [50.0 + number for number in range(len(some))]

        monkeypatch.setattr(one.session, "_retrain", retrain)
        return one, wanted

    return make


def published(one: HideRun) -> Retraining:
    return Retraining(one.source.stack.clean, 1.0, masked=~one.evaluator.nothing)


def test_the_published_images_are_treated_as_by_the_attacks_of_audit(begin):
    one, wanted = begin()
    assert measure_outlived(one, published(one)) == {"greyscale": 50.0, "gaussian": 51.0, "jpeg-50": 52.0}
    data, test = one.evaluator.clean, one.evaluator.test
    for retraining, name in zip(wanted, ("greyscale", "gaussian", "jpeg-50"), strict=True):
        expected = list_attacks()[name].prepare(Exposed(dataset=data, test=test))
        for mine, audits in zip(retraining.through(data, test), expected, strict=True):
            assert torch.equal(mine.images, audits.images) and not torch.equal(mine.images, data.images[: len(mine)])
        assert json.loads(json.dumps(retraining.about)) == retraining.about != published(one).about
        assert np.array_equal(retraining.render(), one.source.stack.clean())


def test_what_images_teach_once_a_change_frees_them_is_corrected_for_those_withheld(begin):
    one, _ = begin()
    one.session.correction = Correction(50.0, 60.0, slope=8.0)
    found = measure_outlived(one, published(one))
    growth = one.evaluator.growth(one.evaluator.nothing)
    assert growth > 0 and found["jpeg-50"] == pytest.approx(52 + 8 * growth * 0.2)


def test_grey_images_are_not_made_grey(begin):
    one, _ = begin("L")
    assert list(measure_outlived(one, published(one))) == ["gaussian", "jpeg-50"]


@pytest.mark.parametrize(("left", "tried"), [(2, 0), (3, 3)])
def test_it_takes_what_is_left_of_a_number_of_runs_that_was_given(begin, left, tried):
    one, wanted = begin(max_runs=20)
    one.session.runs = 20 - left
    assert len(measure_outlived(one, published(one))) == len(wanted) == tried


def test_otherwise_its_runs_are_kept_from_all_else(begin):
    one, wanted = begin()
    one.session.runs = one.config.budget.most - one.config.budget.kept
    assert one.session.left == 0 and len(measure_outlived(one, published(one))) == 3
    assert one.session.affords(6) and not one.session.affords(7) and replace(wanted[0], about=0).masked is None
