"""Verification without a terminal: interrupted, gone on with, and where nothing can be written."""

from __future__ import annotations

import pytest
import torch

from hideseek_cli import journal
from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.verify import verify
from tests.conftest import write_pictures

CPU = torch.device("cpu")


class Impatient(Silent):
    """Interrupts when it has been told so much."""

    def __init__(self, most: int) -> None:
        self.most, self.told = most, list[str]()

    def say(self, line: str) -> None:
        self.told.append(line)
        if len(self.told) == self.most:
            raise KeyboardInterrupt


@pytest.fixture
def folders(tmp_path):
    write_pictures(tmp_path / "data", 3, 8)
    write_pictures(tmp_path / "test", 3, 4)
    return tmp_path / "data", tmp_path / "test"


def asked(folders, executor, progress, **options):
    return verify(*folders, executor, progress, CPU, runs=3, fallback=preset("quick"), level=50.0, **options)


def test_an_interrupted_verification_goes_on_and_ends_the_same(folders, executor, monkeypatch):
    whole = asked(folders, executor, Silent(), seed=5)
    kept = folders[0].with_name(".data.verify")
    assert not kept.exists()
    with pytest.raises(KeyboardInterrupt):
        asked(folders, executor, Impatient(2), seed=5)
    assert kept.exists()
    with pytest.raises(InputError, match="had another seed"):
        asked(folders, executor, Silent(), seed=6, resume=True)
    elsewhere = kept.rename(kept.with_name(".test.verify"))
    with pytest.raises(InputError, match="had another pictures"):
        asked((folders[1], folders[1]), executor, Silent(), seed=5, resume=True)
    elsewhere.rename(kept)
    trained: list[int] = []

    def last(*_, seed: int, checkpoints: object) -> float:
        trained.append(seed)
        return whole[0].accuracies[2]

    monkeypatch.setattr("hideseek_cli.verify.retrain", last)
    assert asked(folders, executor, Silent(), seed=5, resume=True) == whole
    assert len(trained) == 1, "two of three runs were finished"
    assert not kept.exists()


def test_a_fresh_seed_is_remembered_with_its_runs(folders, executor):
    with pytest.raises(KeyboardInterrupt):
        asked(folders, executor, Impatient(1))
    first = asked(folders, executor, Silent(), resume=True)
    assert asked(folders, executor, Silent(), seed=first[0].seed) == first


def test_where_nothing_can_be_written_it_verifies_all_the_same(folders, executor, monkeypatch):
    def refused(path, *_, **__):
        raise DiskError(f"{path} cannot be written")

    monkeypatch.setattr(journal, "write_whole", refused)
    assert asked(folders, executor, Silent(), seed=5)[0].found.runs == 3
