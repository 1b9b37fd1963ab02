"""Whether something may be put at a place, and whose it is that lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.places import refuse_existing, refuse_unwritable


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


@pytest.mark.parametrize("place", [".", "..", "", "sub/..", "../inner", "/", "/proc"])
def test_a_place_that_cannot_be_renamed_is_refused(place, tmp_path, monkeypatch):
    (tmp_path / "inner/sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "inner")
    for refused in (refuse_unwritable, lambda place: StagedFolder(place).check()):
        with pytest.raises(InputError, match="cannot be replaced; choose a"):
            refused(Path(place))


def test_a_link_that_leads_nowhere_is_no_free_place(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match="exists already"):
        refuse_existing(tmp_path / "link", overwrite=False)
    with pytest.raises(InputError, match="is not a folder"):
        StagedFolder(tmp_path / "link").check()
