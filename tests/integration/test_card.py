"""A card as an owner meets it: with the release, later, again, and refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hideseek_cli.formats.card_files import CARD_FILES, CROISSANT, README
from tests.helpers.commands import contents, inside
from tests.helpers.folders import write_images
from tests.helpers.published import publish

HIDE = ["hide", "data", "--method", "random", "--epochs", "1", "--batch-size", "16", "--threads", "1", "--tolerance", "45",
        "--max-visibility", "1", "--min-ssim", "0.5", "--key-file", "key"]  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return publish(tmp_path / "published", [("cat", "0"), ("dog", "0")])


@pytest.mark.slow
def test_hide_lays_the_card_that_the_command_lays_and_knows_it_again(tmp_path):
    write_images(tmp_path / "data", 2, 12)
    (tmp_path / "key").write_bytes(bytes(range(32)))
    inside(*HIDE, "--card", cwd=tmp_path, code=None)
    laid = contents(tmp_path / "published")
    for name in (README, CROISSANT):
        (tmp_path / "published" / name).unlink()
    inside("card", "published", cwd=tmp_path)
    assert contents(tmp_path / "published") == laid
    inside("cleaner", "masks.safetensors", "--level", "clean", cwd=tmp_path)
    found = json.loads(inside("seek", "published", "cleaner_clean.safetensors", "--json", cwd=tmp_path).stdout)
    assert found["exact"] and not set(CARD_FILES) & set(contents(tmp_path / "cleaned"))
    inside(*HIDE, "--overwrite", "--dry-run", cwd=tmp_path)
    (tmp_path / "published" / README).write_text("# Mine\n")
    assert f"did not write, {README}" in inside(*HIDE, "--overwrite", "--dry-run", cwd=tmp_path, code=2).stderr


def test_it_says_what_it_wrote_and_what_is_left_to_say(folder):
    done = inside("card", "published", "--json", cwd=folder.parent)
    assert json.loads(done.stdout) == {"published": "published", "files": [README, CROISSANT]}
    assert "the card states no --license and no --contact" in done.stderr
    done = inside("card", "published", "--overwrite", "--license", "mit", "--contact", "me", cwd=folder.parent)
    assert done.stdout == f"published: wrote {README}, {CROISSANT}\n" and done.stderr == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["published"], "README.md exists already; choose another place, or replace it with --overwrite"),
        (["published", "--overwrite"], "README.md was written or changed by somebody else; move it away"),
        (["published", "--title", "a\nb"], "--title 'a\\nb' cannot stand in a card"),
        (["published", "--license", "My own"], "--license 'My own' is no license"),
        (["published", "--private-key", "key"], "--certificate and --private-key together"),
        (["gone"], "gone/hideseek.json cannot be read"),
    ],
)
def test_what_cannot_be_done_is_said_in_options_and_nothing_is_touched(words, said, folder):
    inside("card", "published", cwd=folder.parent)
    if "--overwrite" in words:
        (folder / README).write_text("# Mine\n")
    before = contents(folder.parent)
    assert said in inside("card", *words, cwd=folder.parent, code=2).stderr
    assert contents(folder.parent) == before
