"""Hidden names, and what is tried under them before work begins."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
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


@pytest.mark.skipif(shutil.which("unshare") is None, reason="a program of Linux mounts a folder")
def test_a_folder_of_the_same_disk_that_is_mounted_is_refused_before(tmp_path):
    """As containers have them: nothing but a renaming tells."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    code = (
        "from pathlib import Path; from hideseek_cli.errors import InputError\n"
        "from hideseek_cli.runtime.atomic import StagedFolder\n"
        "try: StagedFolder(Path('out')).rehearse()\n"
        "except InputError as error: print(error)"
    )
    script = 'mount --bind elsewhere out || exit 77; exec "$0" -c "$1"'
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, sys.executable, code], cwd=tmp_path, capture_output=True, text=True
    )
    if done.returncode in (1, 77):
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    assert "out cannot be replaced: the system does not let it be renamed" in done.stdout, done.stderr
    assert sorted(os.listdir(tmp_path)) == ["elsewhere", "out"]


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
