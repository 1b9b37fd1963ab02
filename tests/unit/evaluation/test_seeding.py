"""Seeds of runs are drawn once, and other software does not finish what one began."""

from __future__ import annotations

import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.evaluation import audit, seeding, verify
from hideseek_cli.evaluation.seeding import open_runs, remember
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Silent


def test_a_seed_is_drawn_once_and_kept(tmp_path):
    path = tmp_path / "j"
    drawn = open_runs(path, {"folder": "a"}, None, Silent(), resume=False).value("seed")
    assert open_runs(path, {"folder": "a"}, None, Silent(), resume=True).value("seed") == drawn
    assert open_runs(tmp_path / "k", {}, 7, Silent(), resume=False).value("seed") == 7


@pytest.mark.parametrize("what", ["hideseek", "torch", "numpy", "pillow"])
def test_runs_are_not_resumed_by_another_version(tmp_path, monkeypatch, what):
    assert audit.open_runs is verify.open_runs is open_runs
    path = tmp_path / "j"
    open_runs(path, {"folder": "a"}, None, Silent(), resume=False)
    told = seeding.describe_software()
    monkeypatch.setattr(seeding, "describe_software", lambda: {**told, f"the version of {what}": "another"})
    with pytest.raises(InputError, match=f"had other values of the version of {what}"):
        open_runs(path, {"folder": "a"}, None, Silent(), resume=True)


def test_a_disk_that_fails_costs_time_alone(tmp_path, monkeypatch):
    def full(journal: Journal) -> None:
        raise DiskError("full")

    monkeypatch.setattr(Journal, "_write", full)
    journal = open_runs(tmp_path / "j", {}, 3, Silent(), resume=False)
    remember(journal, "run 0", 50.0)
    assert journal.value("run 0") == 50.0
