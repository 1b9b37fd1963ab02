"""What need not be measured again, and what must be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.publishing.retraining import Retraining, RetrainingSession
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.evaluator import Correction, Evaluator


def test_a_number_is_found_again_and_only_under_all_that_it_depends_on(tmp_path):
    cache = Cache(tmp_path / "here", {"data": "abc", "seed": 0})
    cache.remember([0, "clean"], [63.25, 64.5])
    assert Cache(tmp_path / "here", {"seed": 0, "data": "abc"}).values([0, "clean"]) == [63.25, 64.5]
    assert cache.values([1, "clean"]) is None
    assert Cache(tmp_path / "here", {"data": "abc", "seed": 1}).values([0, "clean"]) is None
    (file,) = (tmp_path / "here").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_is_damaged_or_cannot_be_written_costs_time_alone(tmp_path):
    cache = Cache(tmp_path, {})
    cache.remember("x", [1.0])
    (file,) = tmp_path.iterdir()
    for damage in (b"", b"{", b"[]", b'{"values": "much"}', b'{"values": []}', b'{"value": 1}'):
        file.write_bytes(damage)
        assert cache.values("x") is None
    nowhere = Cache(tmp_path / file.name / "below a file", {})
    nowhere.remember("x", [1.0])
    assert nowhere.values("x") is None and Cache(None, {}).values("x") is None
    Cache(None, {}).remember("x", [1.0])


def test_the_cache_lies_where_the_user_keeps_such_things(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_folder() == Path("/somewhere/hideseek")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/her")
    assert cache_folder() == Path("/home/her/.cache/hideseek")


def test_other_code_is_another_result(tmp_path):
    (tmp_path / "one.py").write_text("x = 1\n")
    before = digest_code(tmp_path)
    assert before == digest_code(tmp_path)
    (tmp_path / "one.py").write_text("x = 2\n")
    assert before != digest_code(tmp_path)
    with pytest.raises(ValueError, match="holds no source code"):
        digest_code(tmp_path, tmp_path / "moved")


@pytest.fixture
def session(
    tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[RetrainingSession, list[int]]]:
    """Makes the trials of a new run on a folder, and the numbers of the runs that were really made."""

    def make(journal: str) -> tuple[RetrainingSession, list[int]]:
        made: list[int] = []

        def accuracy(images: np.ndarray, masked: np.ndarray, run: int, on_step: object, *, half: bool, by: object) -> float:
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
    clean = first.clean(images)
    first.masked([Retraining(lambda: images, 0.5)])
    assert sorted(made) == [0, 1, 2, 3]
    again, made = session("two")
    assert again.clean(images) == clean and again.correction == first.correction
    again.masked([Retraining(lambda: images, 0.5)])
    assert made == [3] and again.runs == 4


def test_a_run_withholds_by_what_its_images_carry(session):
    """And is corrected for nothing where all that it withheld was masked."""
    made, _ = session("one")
    made.correction = Correction(10.0, 60.0, slope=8.0)
    images, masked = np.zeros((1, 1, 1, 1), np.uint8), made.evaluator.held | (np.arange(8) < 3)
    bare, half = made.masked([Retraining(lambda: images, 0.0), Retraining(lambda: images, 0.5, masked=masked)])
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

    def masked(wanted: list[Retraining]) -> list[float]:
        made.runs += len(wanted)
        return [float(next(coming)) for _ in wanted]

    monkeypatch.setattr(made, "masked", masked)
    found = made.sided(Retraining(lambda: np.zeros((1, 1, 1, 1), np.uint8), 1.0), 30.5)
    assert found.runs == runs and made.groups == [accuracies[:runs]]
