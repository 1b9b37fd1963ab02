"""Law 4: whole or absent."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from hideseek_cli.errors import DiskError, InputError, TakenError
from hideseek_cli.runtime.atomic import StagedFolder, sync_folder, write_whole


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


def left_behind(out: Path, *names: str) -> Path:
    """What a killed run left beside its place."""
    with pytest.raises(KeyboardInterrupt), StagedFolder(out, keep=True) as stage:
        for name in names:
            stage.write(name, b"left")
        raise KeyboardInterrupt
    return stage.beside


def test_what_a_killed_run_left_is_removed_where_nobody_is_at_work(tmp_path):
    out, other = tmp_path / "out", left_behind(tmp_path / "out.v2", "a.png")
    left = left_behind(out, "old.png")
    with StagedFolder(out) as stage:
        stage.write("new.png", b"x")
    assert os.listdir(out) == ["new.png"] and left.exists(), "another run may be filling it"
    with StagedFolder(out, overwrite=True, ours=lambda: ["new.png"], alone=True) as stage:
        stage.write("newer.png", b"x")
    assert os.listdir(out) == ["newer.png"]
    assert sorted(os.listdir(tmp_path)) == [other.name, "out"]


def test_what_a_killed_run_finished_is_gone_on_with(tmp_path):
    out = tmp_path / "out"
    left = left_behind(out, "old.png")
    (left / "0123").touch()
    with StagedFolder(out, resume=True, alone=True) as stage:
        stage.write("new.png", b"x")
        assert sorted(os.listdir(stage.beside)) == [".hideseek-partial", "content"], "what was not finished is not"
    assert sorted(os.listdir(out)) == ["new.png", "old.png"] and os.listdir(tmp_path) == ["out"]


def test_of_two_that_go_on_with_the_same_without_locks_one_ends_well_and_the_other_with_a_sentence(tmp_path):
    out = tmp_path / "out"
    left_behind(out, "old.png")
    with pytest.raises(DiskError, match="out is gone"), StagedFolder(out, resume=True) as first:
        with StagedFolder(out, resume=True) as second:
            second.write("new.png", b"x")
        first.write("other.png", b"x")
    assert sorted(os.listdir(out)) == ["new.png", "old.png"]


def test_of_two_that_fill_a_folder_without_locks_the_first_to_end_keeps_it(tmp_path):
    out = tmp_path / "out"
    with pytest.raises(TakenError, match="taken while this ran: .*out is not empty"), StagedFolder(out) as first:
        first.write("1.png", b"1")
        with StagedFolder(out) as second:
            second.write("2.png", b"2")
    assert os.listdir(out) == ["2.png"] and os.listdir(tmp_path) == ["out"]


def appears_before(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (out / "theirs").touch()


def appears_in_the_swap(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the place was looked at, and is being renamed."""
    replace = Path.replace

    def slow(self: Path, target: Path) -> Path:
        if target.name == "replaced":
            (self / "theirs").touch()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", slow)


@pytest.mark.parametrize("appears", [appears_before, appears_in_the_swap])
def test_what_appears_in_a_folder_while_it_is_replaced_is_not_lost(tmp_path, monkeypatch, appears):
    out = tmp_path / "out"
    out.mkdir()
    (out / "ours.png").touch()
    stage = StagedFolder(out, overwrite=True, ours=lambda: ["ours.png"], keep=True, alone=True)
    stage.rehearse()
    with pytest.raises(TakenError), stage:
        stage.write("new.png", b"x")
        appears(out, monkeypatch)
    assert sorted(os.listdir(out)) == ["ours.png", "theirs"]
    assert os.listdir(stage.stage) == ["new.png"], "and neither is what was made"
    monkeypatch.undo()
    (out / "theirs").unlink()
    with StagedFolder(out, overwrite=True, ours=lambda: ["ours.png"], resume=True, alone=True):
        pass
    assert os.listdir(out) == ["new.png"] and os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_what_is_replaced_comes_back_where_the_swap_is_interrupted(tmp_path, monkeypatch, error):
    out, replace = tmp_path / "out", Path.replace
    out.mkdir()
    (out / "ours.png").touch()

    def struck(self: Path, target: Path) -> Path:
        if self.name == "content":
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", struck)
    with (
        pytest.raises((KeyboardInterrupt, DiskError)),
        StagedFolder(out, overwrite=True, ours=lambda: ["ours.png"], keep=True) as stage,
    ):
        stage.write("new.png", b"x")
    assert os.listdir(out) == ["ours.png"] and os.listdir(stage.stage) == ["new.png"]


def test_what_cannot_come_back_is_not_lost(tmp_path, monkeypatch):
    """Others make a folder at the place in the very moment in which it is free, and the disk fails."""
    out, replace = tmp_path / "out", Path.replace
    out.mkdir()
    (out / "ours.png").touch()

    def struck(self: Path, target: Path) -> Path:
        if self.name == "content":
            (out / "theirs").mkdir(parents=True)
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", struck)
    with pytest.raises(DiskError), StagedFolder(out, overwrite=True, ours=lambda: ["ours.png"]) as stage:
        stage.write("new.png", b"x")
    monkeypatch.undo()
    (out / "theirs").rmdir()
    with StagedFolder(out, alone=True):
        pass
    assert os.listdir(stage.replaced) == ["ours.png"], "the next run does not take it for its leavings"
    out.rmdir()
    with pytest.raises(InputError, match="not empty"):
        StagedFolder(out, alone=True).rehearse()
    assert os.listdir(out) == ["ours.png"]


def test_what_a_run_that_died_had_taken_from_the_place_is_put_back(tmp_path):
    out = tmp_path / "out"
    left = left_behind(out, "new.png")
    (left / "replaced").mkdir()
    (left / "replaced/ours.png").touch()
    StagedFolder(out).rehearse()
    assert not out.exists(), "another run may be about to"
    with pytest.raises(InputError, match="out is not empty"):
        StagedFolder(out, alone=True).rehearse()
    assert os.listdir(out) == ["ours.png"]


def test_what_systems_leave_in_a_folder_is_no_obstacle(tmp_path):
    out = tmp_path / "out"
    (out / "a/@eaDir").mkdir(parents=True)
    for name in ("Thumbs.db", "a/.DS_Store", "a/@eaDir/1.png"):
        (out / name).touch()
    StagedFolder(tmp_path / "none").rehearse()
    (out / "a/1.png").touch()
    with StagedFolder(out, overwrite=True, ours=lambda: ["a/1.png"]) as stage:
        stage.write("new.png", b"x")
    assert os.listdir(out) == ["new.png"]


@pytest.mark.parametrize("error", ["EINVAL", "ENOTSUP", "EBADF", "EACCES"])
@pytest.mark.parametrize("call", ["open", "fsync"])
def test_where_folders_cannot_be_flushed_files_and_folders_appear_all_the_same(tmp_path, monkeypatch, error, call):
    """As network shares and Windows have it."""
    number, function = getattr(errno, error), getattr(os, call)

    def refuse(target: int | str | Path, *arguments: int, **options: int | None) -> int | None:
        if stat.S_ISDIR(os.fstat(target).st_mode) if isinstance(target, int) else Path(target).is_dir():
            raise OSError(number, os.strerror(number))
        return function(target, *arguments, **options)

    monkeypatch.setattr(os, call, refuse)
    write_whole(tmp_path / "file", b"1")
    with StagedFolder(tmp_path / "out") as stage:
        stage.write("a/1.png", b"x")
    assert (tmp_path / "file").exists() and (tmp_path / "out/a/1.png").exists()


def test_a_disk_that_fails_while_folders_are_flushed_is_no_such_system(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(errno.EIO, "Input/output error")))
    with pytest.raises(OSError, match="Input/output"):
        sync_folder(tmp_path)


@pytest.mark.parametrize(
    ("error", "way"),
    [("ENOSPC", "free space there"), ("EDQUOT", "free space there"), ("EFBIG", "choose another place"),
     ("EROFS", "where you may write"), ("EMFILE", "open at once (ulimit -n)"),
     ("EIO", "check the disk or choose another place")],
)  # fmt: skip
def test_space_is_to_be_freed_where_it_lacks_and_nowhere_else(tmp_path, monkeypatch, error, way):
    number = getattr(errno, error)
    monkeypatch.setattr(os, "fsync", lambda handle: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
    for write in (lambda: write_whole(tmp_path / "file", b"1"), lambda: stage.write("a.png", b"1")):
        with pytest.raises(DiskError) as failed, StagedFolder(tmp_path / "out") as stage:
            write()
        assert str(failed.value).endswith(way) and os.strerror(number) in str(failed.value)
        assert ("free space" in str(failed.value)) == (way == "free space there")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_only_looks_like_ours_is_left_alone(tmp_path):
    names = [".out.partial", ".out.replaced", ".out.0123abcd.partial", ".out.0123abcd.replaced"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "precious").touch()
    (tmp_path / "out").mkdir()
    for number in range(2):
        stage = StagedFolder(tmp_path / "out", overwrite=True, ours=lambda: ["new.png"], alone=True, resume=number > 0)
        stage.rehearse()
        with stage:
            stage.write("new.png", b"x")
    assert sorted(os.listdir(tmp_path)) == [*sorted(names), "out"]
    assert all((tmp_path / name / "precious").exists() for name in names)
