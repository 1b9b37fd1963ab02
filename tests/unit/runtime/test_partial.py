"""Hidden names, and what is tried under them before work begins."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime import partial
from hideseek_cli.runtime.atomic import StagedFolder


def test_each_name_is_new_and_beside_its_place(tmp_path):
    names = {partial.draw(tmp_path / "out") for _ in range(9)}
    assert len(names) == 9 and {name.parent for name in names} == {tmp_path}


@pytest.mark.parametrize("there", ["nothing", "empty", "ours"])
def test_a_rehearsal_leaves_no_trace(tmp_path, there):
    out = tmp_path / "out"
    if there != "nothing":
        out.mkdir()
    if there == "ours":
        (out / "ours.png").touch()
    before = [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")]
    StagedFolder(out, overwrite=True, ours=lambda: ["ours.png"]).rehearse()
    assert [(path, path.stat().st_ino, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")] == before


@pytest.mark.parametrize("error", ["EBUSY", "EXDEV", "EPERM"])
def test_a_folder_that_the_system_does_not_let_go_is_refused_before(tmp_path, monkeypatch, error):
    """A disk is mounted there, it is another layer's of a container, or another user's."""
    out, rename = tmp_path / "out", Path.rename
    out.mkdir()

    def refuse(self: Path, target: Path) -> Path:
        if self == out:
            raise OSError(getattr(errno, error), "no")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match=r"out cannot be replaced: .*choose another `out`"):
        StagedFolder(out).rehearse()
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("call", ["mkdir", "touch", "replace"])
def test_what_the_system_does_not_let_be_made_or_renamed_is_known_before(tmp_path, monkeypatch, call):
    """Rights that `os.access` does not know of."""

    def refuse(self: Path, *arguments: object, **options: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    stage = StagedFolder(tmp_path / "out")
    stage.check()
    monkeypatch.setattr(Path, call, refuse)
    with pytest.raises(DiskError, match="out cannot be written: Read-only file system; choose a place where you may write"):
        stage.rehearse()
    assert os.listdir(tmp_path) == []
