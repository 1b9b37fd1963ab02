"""Retrainings of one run: numbered, remembered, corrected, and made again where a folder is near the mark."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.publishing import retraining
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.retraining import Retraining, RetrainingSession, describe_duration, estimate_duration
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.cache import Cache
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import Correction, Evaluator
from hideseek_cli.training.tensors import make_dataset
from hideseek_cli.training.trainer import ignore_steps


@pytest.fixture
def session(
    tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[RetrainingSession, list[int]]]:
    """Makes the retrainings of a new run on a folder, and the numbers of the runs that were really made."""

    def make(journal: str) -> tuple[RetrainingSession, list[int]]:
        made: list[int] = []

        def accuracy(
            images: np.ndarray, masked: np.ndarray, run: int, on_step: object, *, half: bool, by: object, through: object
        ) -> float:
            made.append(run)
            return 50.0 + run + 40 * masked.mean()

        images, labels = np.zeros((8, 8, 8, 1), np.uint8), np.arange(8) % 2
        evaluator = Evaluator(images, labels, 2, preset("quick"), 0, torch.device("cpu"))
        monkeypatch.setattr(evaluator, "accuracy", accuracy)
        cache = Cache(tmp_path / "cache", {"data": "abc"})
        return RetrainingSession(
            evaluator, 10.0, Journal(tmp_path / journal, {}), cache, executor, Silent(), planned=9, threads=1
        ), made  # fmt: skip

    return make


def test_clean_runs_of_a_folder_are_made_once_and_masked_ones_always(session):
    images = np.zeros((1, 1, 1, 1), np.uint8)
    first, made = session("one")
    clean = first.measure_clean(images)
    first.measure([Retraining(lambda: images, 0.5)])
    assert sorted(made) == [0, 1, 2, 3]
    again, made = session("two")
    assert again.measure_clean(images) == clean and again.correction == first.correction
    again.measure([Retraining(lambda: images, 0.5)])
    assert made == [3] and again.runs == 4


def test_a_run_withholds_by_what_its_images_carry(session):
    """And is corrected for nothing where all that it withheld was masked."""
    made, _ = session("one")
    made.correction = Correction(10.0, 60.0, slope=8.0)
    images, masked = np.zeros((1, 1, 1, 1), np.uint8), made.evaluator.held | (np.arange(8) < 3)
    bare, half = made.measure([Retraining(lambda: images, 0.0), Retraining(lambda: images, 0.5, masked=masked)])
    assert bare == pytest.approx(50 + 8 * np.log(4 / 3) * 0.8)
    assert half == 51 + 40 * masked.mean()


@pytest.mark.parametrize(
    ("accuracies", "planned", "runs"),
    [([12, 13, 99], 99, 2), ([60, 61, 99], 99, 2), ([29, 32, 31, 30, 29, 31, 99], 99, 6), ([29, 32, 31, 30, 29, 31], 3, 2)],
    ids=["below", "above", "undecided", "no runs left"],
)
def test_a_folder_near_the_mark_is_trained_on_again(session, monkeypatch, accuracies, planned, runs):
    made, _ = session("one")
    made.planned = planned
    made.evaluator.test = made.evaluator.test.subset(torch.zeros(4000, dtype=torch.long))
    coming = iter(accuracies)

    def measure(wanted: list[Retraining]) -> list[float]:
        made.runs += len(wanted)
        return [float(next(coming)) for _ in wanted]

    monkeypatch.setattr(made, "measure", measure)
    found = made.measure_against(30.5, Retraining(lambda: np.zeros((1, 1, 1, 1), np.uint8), 1.0))
    assert found.runs == runs and made.groups == [accuracies[:runs]]


def test_runs_that_are_kept_are_left_to_the_last_stage(session):
    made, _ = session("one")
    made.kept, made.runs = 3, 4
    assert made.left == 2 and made.affords(5) and not made.affords(6)
    made.runs = 8
    assert made.left == 0 and made.affords(1) and not made.affords(2)


def test_what_is_trained_on_and_what_is_tested_are_changed_alike(monkeypatch):
    images, labels = np.arange(8 * 8 * 8, dtype=np.int64).reshape(8, 8, 8, 1).astype(np.uint8), np.arange(8) % 2
    evaluator = Evaluator(images, labels, 2, preset("quick"), 0, torch.device("cpu"))
    seen = []
    monkeypatch.setattr(
        "hideseek_cli.training.evaluator.retrain", lambda data, test, *_, **__: seen.append((data, test)) or 1.0
    )
    evaluator.accuracy(images, evaluator.nothing, 0, ignore_steps)
    evaluator.accuracy(images, evaluator.nothing, 0, ignore_steps, through=lambda data, test: (test, data))
    assert torch.equal(seen[0][0].images, seen[1][1].images) and torch.equal(seen[0][1].images, seen[1][0].images)


@pytest.mark.parametrize("side_by_side", [1, 2])
def test_the_expected_time_counts_every_run_and_every_attempt_at_masks(monkeypatch, executor, side_by_side):
    """Ten seconds a training: of what is made if the first masks hide, and of all that may be made."""
    monkeypatch.setattr(retraining, "estimate_seconds", lambda *asked: 10.0)
    monkeypatch.setattr(retraining, "count_parallel", lambda *asked: side_by_side)
    config = HideConfig(data="d", out="o", masks="m", recipe=preset("quick"), levels=(30.0,), preferred=("blur",))
    clean = make_dataset(np.zeros((8, 8, 8, 1), np.uint8), np.arange(8) % 2, 2, torch.device("cpu"))
    least, most = estimate_duration(config, clean, preset("quick"), executor)
    assert least == 10 * (11 / side_by_side + 1), "clean twice and half, masks tried twice, a level, published"
    assert config.budget.further_attempts == 4
    assert most == 10 * (config.budget.most / side_by_side + 3 + 4 + 3)


def test_a_time_that_is_known_well_is_no_range():
    assert describe_duration(50.0, 65.0) == "about 1 min" and describe_duration(0.0, 119.0) == "1 to 2 min"
