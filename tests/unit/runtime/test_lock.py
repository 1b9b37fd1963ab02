"""One run at a place: who comes second, what dies with a run, and systems that have no locks."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime import lock
from hideseek_cli.runtime.lock import hold


def holder(place: Path) -> subprocess.Popen[str]:
    """Another process that holds a place until it is killed."""
    code = (
        "import sys, time; from pathlib import Path; from hideseek_cli.runtime.lock import hold\n"
        f"with hold(Path({str(place)!r})) as alone: print(alone, flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "True\n"
    return process


def test_the_second_hears_that_the_place_is_busy_until_the_first_is_dead(tmp_path):
    place = tmp_path / "out"
    process = holder(place)
    try:
        with pytest.raises(InputError) as refused, hold(place):
            pass
    finally:
        process.kill()
        process.wait()
    assert str(refused.value) == (
        f"{place} is busy: another run of hideseek is at work there (it holds {tmp_path / '.out.lock'}); "
        "wait for it to end, or choose another place"
    )
    with hold(place) as alone, hold(tmp_path / "out.lock"), hold(tmp_path / "other"):
        assert alone
    assert os.listdir(tmp_path) == []


def test_a_place_is_held_within_a_process_too(tmp_path):
    with hold(tmp_path / "out"), pytest.raises(InputError, match="out is busy"), hold(tmp_path / "sub" / ".." / "out"):
        pass


def test_nothing_is_left_and_folders_that_were_made_for_it_go(tmp_path):
    (tmp_path / "a").mkdir()
    with hold(tmp_path / "a/b/c/out"):
        assert (tmp_path / "a/b/c").is_dir()
    assert os.listdir(tmp_path / "a") == []
    with hold(tmp_path / "a/b/c/out"):
        (tmp_path / "a/b/kept").touch()
    assert os.listdir(tmp_path / "a/b") == ["kept"]


def test_files_that_a_run_was_writing_when_it_died_go_and_others_stay(tmp_path):
    left = [".out.0123abcd.partial", ".journal.0123abcd.partial"]
    stay = [".out.v2.0123abcd.partial", ".out.partial", ".out.0123abcd", "out"]
    for name in (*left, *stay):
        (tmp_path / name).touch()
    with hold(tmp_path / "out", tmp_path / "journal"):
        pass
    assert sorted(os.listdir(tmp_path)) == sorted(stay)


@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "EINVAL", "ENOSYS", "EBADF"])
def test_where_there_are_no_locks_runs_go_on_and_nobody_is_taken_for_dead(tmp_path, monkeypatch, error):
    def refuse(handle: int) -> None:
        raise OSError(getattr(errno, error), "no locks")

    monkeypatch.setattr(lock, "_lock", refuse)
    (tmp_path / ".out.0123abcd.partial").touch()
    with ExitStack() as held:
        assert [held.enter_context(hold(tmp_path / "out")) for _ in range(2)] == [False, False]
    assert os.listdir(tmp_path) == [".out.0123abcd.partial"]


@pytest.mark.parametrize("error", [BlockingIOError(errno.EAGAIN, "busy"), PermissionError(errno.EACCES, "busy")])
def test_both_words_of_systems_for_a_lock_that_another_has_are_understood(tmp_path, monkeypatch, error):
    monkeypatch.setattr(lock, "_lock", lambda handle: (_ for _ in ()).throw(error))
    with pytest.raises(InputError, match="busy"), hold(tmp_path / "out"):
        pass


def test_a_lock_whose_file_was_removed_under_its_hands_is_none(tmp_path, monkeypatch):
    """The one who held it ended between our opening and our locking: another may have made the file anew."""
    locked, tries = lock._lock, []

    def late(handle: int) -> None:
        if not tries:
            (tmp_path / ".out.lock").unlink()
        tries.append(handle)
        locked(handle)

    monkeypatch.setattr(lock, "_lock", late)
    with hold(tmp_path / "out") as alone:
        monkeypatch.undo()
        assert alone and len(tries) == 2
        with pytest.raises(InputError, match="busy"), hold(tmp_path / "out"):
            pass


def test_a_lock_that_another_user_left_need_only_be_read(tmp_path, monkeypatch):
    (tmp_path / ".out.lock").touch()
    function = os.open

    def refuse(path: Path, flags: int, *mode: int) -> int:
        if flags & os.O_RDWR:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return function(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse)
    with hold(tmp_path / "out") as alone:
        assert alone
    with pytest.raises(DiskError, match=r"new cannot be written: Permission denied; choose a place where you may write"):
        hold(tmp_path / "new").__enter__()
