"""What an interrupted run remembers, and what is said of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.journal import Journal, open_journal, recall
from tests.helpers.progress import Listener

ASKED = {"levels": [30.0], "epsilon": 8, "file format": 2}


def test_what_is_remembered_is_found_by_the_same_run_alone(tmp_path):
    path = tmp_path / "journal"
    journal = Journal(path, ASKED)
    journal.remember("run 0", {"accuracy": 63.25})
    journal.keep({"candidate 0": np.arange(3)})
    assert path.stat().st_mode & 0o777 == 0o600
    again = Journal(path, dict(reversed(ASKED.items())), resume=True)
    assert again.value("run 0") == {"accuracy": 63.25} and again.arrays["candidate 0"].tolist() == [0, 1, 2]
    assert again.value("run 1") is None and Journal(path, ASKED).values == {}
    other = re.escape("had other values of `epsilon`, file format, `levels`; give the same to go on with it, or delete")
    with pytest.raises(InputError, match=other):
        Journal(path, {"epsilon": 9}, resume=True)
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="cannot be read .* start again without `resume=True`"):
        Journal(path, ASKED, resume=True)


@pytest.mark.parametrize(
    ("values", "arrays", "said"),
    [
        (["key"], [], "no training was finished yet"),
        (["seed", "slim 0"], [], "1 retraining is done already"),
        (["key"], ["candidate 0", "candidate 0 weights a.b", "candidate 0 weights c"], "1 mask training is done already"),
        (["run 0", "run 1"], ["pattern 30", "pattern 50"], "2 retrainings and 2 mask trainings are done already"),
    ],
)
def test_it_is_said_what_was_recovered(tmp_path, values, arrays, said):
    journal = Journal(tmp_path / "journal", ASKED)
    for name in values:
        journal.remember(name, 1)
    journal.keep({name: np.zeros(1) for name in arrays})
    progress = Listener()
    open_journal(journal.path, ASKED, progress, resume=True)
    assert progress.told == [f"resumes: {said}"]


def test_it_is_said_that_there_is_nothing_to_resume_and_what_is_dropped(tmp_path):
    path, progress = tmp_path / "journal", Listener()
    assert not open_journal(path, ASKED, progress, resume=False).values and progress.told == []
    open_journal(path, ASKED, progress, resume=True).begin()
    assert progress.told.pop() == f"nothing to resume at {path}: starts afresh"
    open_journal(path, ASKED, progress, resume=True)
    assert progress.told == [], "whose run has no trainings says what it recovered"
    open_journal(path, ASKED, progress, resume=False)
    assert f"{path} is dropped" in progress.told.pop(), "nothing was trained"


@pytest.mark.parametrize("trained", ["run 0", "pattern 30"])
def test_finished_work_is_gone_on_with_unasked_and_never_dropped_by_another_run(tmp_path, trained):
    journal, progress, other = Journal(tmp_path / "journal", ASKED), Listener(), {**ASKED, "epsilon": 9}
    if trained.startswith("run"):
        journal.remember(trained, 1)
    else:
        journal.keep({trained: np.zeros(1)})
    kept = journal.path.read_bytes()
    again = open_journal(journal.path, ASKED, progress, resume=False)
    assert again.values.keys() | again.arrays.keys() == {trained} and "resumes: 1 " in progress.told.pop()
    with pytest.raises(InputError, match="had other values of `epsilon`; give the same to go on with it, or delete that file"):
        open_journal(journal.path, other, progress, resume=False)
    assert open_journal(journal.path, ASKED, progress, resume=False, overwrite=True).path.read_bytes() == kept
    assert progress.told.pop().startswith("resumes: ")
    dropped = open_journal(journal.path, other, progress, resume=False, overwrite=True)
    assert not dropped.values and not dropped.arrays and "is dropped" in progress.told.pop()
    open_journal(journal.path, ASKED, progress, resume=False).remember("run 1", 1)
    for resume, words in (
        (True, "give `overwrite=True` without `resume=True` to start"),
        (False, "give `overwrite=True` to start"),
    ):
        with pytest.raises(InputError, match=words):
            open_journal(journal.path, other, progress, resume=resume, overwrite=resume)


def test_what_cannot_be_read_is_dropped_unless_it_is_asked_for(tmp_path):
    path, progress = tmp_path / "journal", Listener()
    path.write_bytes(b"x")
    assert not open_journal(path, ASKED, progress, resume=False).values and "is dropped" in progress.told.pop()
    with pytest.raises(InputError, match="cannot be read"):
        open_journal(path, ASKED, progress, resume=True)


@pytest.mark.parametrize(("error", "stays"), [(DiskError, True), (KeyboardInterrupt, True), (InputError, False), (None, False)])
def test_it_stays_where_what_is_finished_is_worth_keeping(tmp_path, error, stays):
    journal = Journal(tmp_path / "journal", ASKED)
    journal.begin()
    if error is None:
        with journal.running():
            pass
    else:
        words = "kept, go on with `resume=True`" if error is DiskError else None
        with pytest.raises(error, match=words), journal.running():
            raise error("deliberate")
    assert journal.path.exists() == stays


@pytest.mark.parametrize("finished", [False, True])
def test_where_a_fault_ends_a_run_only_what_was_finished_is_kept(tmp_path, finished):
    journal = Journal(tmp_path / "journal", ASKED)
    journal.begin()
    if finished:
        journal.remember("run 0", 50.0)
    with pytest.raises(ValueError, match="deliberate"), journal.running():
        raise ValueError("deliberate")
    assert journal.path.exists() == finished


def test_a_single_value_is_recalled_whatever_the_arguments_were(tmp_path):
    path = tmp_path / "journal"
    assert recall(path, "release") is None
    Journal(path, ASKED).remember("release", "abc")
    assert recall(path, "release") == "abc" and recall(path, "key") is None
    path.write_bytes(b"x")
    with pytest.raises(InputError, match="cannot be read .* start again without `resume=True`"):
        recall(path, "release")
