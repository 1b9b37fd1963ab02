"""What a second look from outside found: wastebaskets, secrets in public folders, pipes, names, parts by other names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.manifest import NAME, read
from hideseek_cli.images.index import is_safe
from hideseek_cli.images.layout import find_layout
from hideseek_cli.masks.keys import load_master_key
from hideseek_cli.runtime.places import refuse_taken
from tests.helpers.commands import inside
from tests.helpers.folders import draw_tree, write_images
from tests.helpers.progress import Listener


@pytest.mark.parametrize(
    "theirs", ["#recycle/thesis.txt", "$RECYCLE.BIN/a", ".Trashes/1", "lost+found/x", "._alone", ".hidden"]
)
def test_what_somebody_may_want_back_is_an_obstacle(tmp_path, theirs):
    draw_tree(tmp_path / "out", [theirs])
    with pytest.raises(InputError, match="is not empty"):
        refuse_taken(tmp_path / "out", False, tuple)


def test_what_nobody_misses_is_none(tmp_path):
    draw_tree(tmp_path / "out", [".DS_Store", "Thumbs.db", "@eaDir/x.jpg"])
    refuse_taken(tmp_path / "out", False, tuple)
    (tmp_path / "out/cat").mkdir()
    (tmp_path / "out/cat/a.png").touch()
    (tmp_path / "out/cat/._a.png").touch()
    refuse_taken(tmp_path / "out", True, lambda: ["cat/a.png"])


def test_no_secret_is_written_into_a_folder_that_is_published(tmp_path):
    (tmp_path / "published/sub").mkdir(parents=True)
    (tmp_path / "published" / NAME).touch()
    for place in ("published/net.safetensors", "published/sub/net.safetensors"):
        told = inside("network", "slim", "-o", place, cwd=tmp_path, code=2).stderr
        assert "which is secret, would lie inside" in told
    assert {path.name for path in tmp_path.rglob("*")} == {"published", "sub", NAME}


def test_a_pipe_is_not_waited_for(tmp_path):
    (tmp_path / "p").mkdir()
    os.mkfifo(tmp_path / "p" / NAME)
    for load in (Cleaner.load, load_master_key):
        with pytest.raises(InputError, match="no file|a pipe"):
            load(tmp_path / "p" / NAME)
    with pytest.raises(InputError, match="is no file"):
        read(tmp_path / "p")


@pytest.mark.parametrize("name", ["Screenshot 9.41.00\u202fAM", "a\u00a0b", "あ\u3000い", "می\u200cروم", "👨\u200d👩"])
def test_names_of_phones_and_scripts_are_taken(name):
    assert is_safe(("cat", name)) and is_safe((name, "a"))


@pytest.mark.parametrize("name", ["a\u202eb", "a\u2028b", "a\x1bb", "a\u200fb", "\ud800", "a\u0000b"])
def test_what_moves_or_hides_text_is_not(name):
    assert not is_safe(("cat", name))


@pytest.mark.parametrize("names", [("seg_train", "seg_test"), ("train2017", "val2017"), ("train_images", "test_images")])
def test_folders_that_look_like_parts_are_told_of(tmp_path, names):
    for name in names:
        write_images(tmp_path / name, 1, 2)
    told = Listener()
    assert find_layout(tmp_path, "auto", told).is_whole
    assert [line for line in told.told if "look like parts and are read as classes" in line]


@pytest.mark.parametrize(
    ("options", "words"),
    [(("--masks", "published"), "cannot be the mask file"), (("--masks", "q", "-o", "q/pub"), "cannot be the mask file"),
     (("-o", "x" * 240), "more than 230 bytes")],
)  # fmt: skip
def test_places_that_cannot_be_are_told_by_a_dry_run(tmp_path: Path, options, words):
    write_images(tmp_path / "data", 2, 5)
    assert words in inside("hide", "data", "--dry-run", *options, cwd=tmp_path, code=2).stderr
