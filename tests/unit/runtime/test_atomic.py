"""Law 4: whole or absent."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.atomic import StagedFolder, refuse_existing, refuse_unwritable, write_whole


def test_a_file_appears_whole_and_a_secret_one_is_private(tmp_path):
    write_whole(tmp_path / "sub" / "open", b"1")
    write_whole(tmp_path / "secret", b"22", secret=True)
    assert (tmp_path / "secret").read_bytes() == b"22"
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert sorted(os.listdir(tmp_path)) == ["secret", "sub"]


def test_whatever_gets_its_name_is_on_the_disk_before(tmp_path, monkeypatch):
    """A power failure after the renaming must not leave empty files under good names."""
    flushed: list[tuple[int, int]] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        found = os.fstat(handle)
        flushed.append((found.st_ino, found.st_size))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with StagedFolder(tmp_path / "out") as stage:
        stage.write("a/1.png", b"123")
        with stage.open_file("2.tar") as file:
            file.write(b"12345")
    write_whole(tmp_path / "file", b"1234567")
    for path in (tmp_path / "out/a/1.png", tmp_path / "out/2.tar", tmp_path / "file"):
        assert (path.stat().st_ino, path.stat().st_size) in flushed
    for folder in (tmp_path, tmp_path / "out", tmp_path / "out/a"):
        assert folder.stat().st_ino in {inode for inode, _ in flushed}


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"old")
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(DiskError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_folder_appears_when_it_is_complete_and_not_before(tmp_path):
    with StagedFolder(tmp_path / "out") as stage:
        stage.write("a/b.png", b"x")
        assert not (tmp_path / "out").exists()
    assert (tmp_path / "out/a/b.png").read_bytes() == b"x"
    assert os.listdir(tmp_path) == ["out"]
    assert os.listdir(tmp_path / "out") == ["a"]


def test_a_file_of_a_folder_may_be_written_twice_but_not_two_of_one_name(tmp_path):
    with StagedFolder(tmp_path / "out") as stage:
        stage.write("a/b.png", b"x")
        stage.write("a/b.png", b"x")
        with pytest.raises(DiskError, match="b.png cannot be written: File exists"):
            stage.write("a/b.png", b"y")
    assert (tmp_path / "out/a/b.png").read_bytes() == b"x" and os.listdir(tmp_path / "out") == ["a"]


def test_a_folder_that_another_machine_does_not_see_is_not_made_there(tmp_path):
    with pytest.raises(DiskError, match="out is gone, or not every machine sees it"):
        StagedFolder(tmp_path / "out").write("a/b.png", b"x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_nothing(tmp_path, error):
    with pytest.raises(error), StagedFolder(tmp_path / "out") as stage:
        stage.write("a.png", b"x")
        raise error
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_left_is_replaced(tmp_path):
    left = tmp_path / ".out.partial"
    left.mkdir()
    (left / ".hideseek-partial").touch()
    (left / "old.png").touch()
    with StagedFolder(tmp_path / "out") as stage:
        stage.write("new.png", b"x")
    assert os.listdir(tmp_path / "out") == ["new.png"]


def test_a_folder_that_only_looks_like_ours_is_left_alone(tmp_path):
    (tmp_path / ".out.partial").mkdir()
    (tmp_path / ".out.partial" / "precious").touch()
    with pytest.raises(InputError, match="not from hideseek"), StagedFolder(tmp_path / "out"):
        pass
    assert (tmp_path / ".out.partial" / "precious").exists()


def test_a_full_folder_is_refused_and_overwritten_only_where_all_of_it_is_ours(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "ours.png").write_bytes(b"1")
    with pytest.raises(InputError, match="not empty"):
        StagedFolder(out).check()
    with pytest.raises(InputError, match="holds a file that hideseek did not write, ours.png; move it away"):
        StagedFolder(out, overwrite=True).check()
    (out / "elsewhere").symlink_to(tmp_path, target_is_directory=True)
    for names in (["ours.png"], ["ours.png", "elsewhere/out/ours.png"]):
        with pytest.raises(InputError, match="holds a file that hideseek did not write, elsewhere"):
            StagedFolder(out, overwrite=True, ours=lambda names=names: names).check()
    (out / "elsewhere").unlink()
    with StagedFolder(out, overwrite=True, ours=lambda: ["gone.png", "ours.png"]) as stage:
        stage.write("new.png", b"2")
    assert os.listdir(out) == ["new.png"]
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("refused", [refuse_unwritable, lambda place: StagedFolder(place).check()])
def test_a_place_where_nothing_can_be_written_is_known_before(refused, tmp_path, monkeypatch):
    refused(tmp_path / "a/b/c")
    (tmp_path / "a").touch()
    with pytest.raises(DiskError, match=f"{tmp_path / 'a'} is a file"):
        refused(tmp_path / "a/b/c")
    monkeypatch.setattr("os.access", lambda path, mode: (Path(path), mode) != (tmp_path, os.W_OK | os.X_OK))
    with pytest.raises(DiskError, match=f"no leave to write in {tmp_path}"):
        refused(tmp_path / "x/y")
    assert os.listdir(tmp_path) == ["a"]


def test_an_output_file_is_refused_where_one_is(tmp_path):
    path = tmp_path / "file"
    refuse_existing(path, overwrite=False)
    path.touch()
    refuse_existing(path, overwrite=True)
    with pytest.raises(InputError, match="exists already"):
        refuse_existing(path, overwrite=False)
    with pytest.raises(InputError, match="is a folder"):
        refuse_existing(tmp_path, overwrite=True)
