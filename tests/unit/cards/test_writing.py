"""A card lies beside the images, bothers nobody there, gives nothing away, and takes nobody's file."""

from __future__ import annotations

import re
import shutil

import pytest

from hideseek_cli.cards.facts import Words
from hideseek_cli.cards.writing import lay_card, write_card
from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.evaluation.loading import load_evaluation
from hideseek_cli.formats import manifest
from hideseek_cli.formats.card_files import CROISSANT, README
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode, digest_pixels
from hideseek_cli.images.dataset import scan
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.commands import contents
from tests.helpers.progress import Listener
from tests.helpers.published import publish
from tests.helpers.releases import released
from tests.helpers.toys import CPU

KEYS = [("cat", "0"), ("cat", "1"), ("dog", "0")]


def test_the_same_release_gives_the_same_bytes_wherever_it_lies_and_nothing_else_changes(tmp_path):
    first = publish(tmp_path / "first", KEYS)
    before = contents(first)
    second = shutil.copytree(first, tmp_path / "elsewhere" / "second")
    written = [write_card(folder, Words(title="t")) for folder in (first, second)]
    assert contents(first) == contents(second) and written[0].files == (README, CROISSANT)
    assert {name: content for name, content in contents(first).items() if name in before} == before
    assert set(contents(first)) - set(before) == {README, CROISSANT}


def test_a_card_of_a_folder_that_is_being_filled_is_that_of_the_folder(tmp_path):
    folder = publish(tmp_path / "p", KEYS)
    with StagedFolder(tmp_path / "q") as stage:
        shutil.copytree(folder, stage.stage, dirs_exist_ok=True)
        lay_card(manifest.read(stage.stage), stage)
    write_card(folder, Words())
    assert contents(tmp_path / "q") == contents(folder)


@pytest.mark.slow
def test_nothing_secret_and_no_place_of_the_owner_is_in_a_card(make_folder, tmp_path, executor):
    place = released(make_folder, tmp_path, executor, pattern_sets=2, placement="keyed")
    write_card(place / "published", Words())
    text = "".join((place / "published" / name).read_text() for name in (README, CROISSANT))
    masks = MaskFile.load(place / "masks")
    secret = {tier.result for tier in masks.tiers} | {digest_pixels(decode(one.path)) for one in scan(place / "data").records}
    stated = {manifest.read(place / "published").release}
    assert len(secret) > 70 and not secret & {*re.findall(r"[0-9a-f]{64}", text)}
    assert len({*re.findall(r"[0-9a-f]{64}", text)} - stated) == 3  # two seals, and what the manifest's file hashes to
    for word in (str(tmp_path), tmp_path.name, "masks.safetensors", "strength", "seed", "keyed", "shift", "touched"):
        assert word not in text


@pytest.mark.slow
def test_seek_and_readers_take_no_notice_of_a_card(make_folder, tmp_path, executor):
    place = released(make_folder, tmp_path, executor, pattern_sets=1)
    write_card(place / "published", Words())
    found = seek(place / "published", Cleaner.load(place / "cleaner"), place / "again", executor, Silent())
    assert found.exact and contents(place / "again") == contents(place / "k50")
    hears = Listener()
    read = load_evaluation(place / "published", place / "test", executor, hears, CPU, None)
    assert len(read.dataset) == found.images and not [line for line in hears.told if "passed over" in line]


def test_what_was_written_is_replaced_with_leave_and_by_a_new_release(tmp_path):
    folder = publish(tmp_path / "p", KEYS)
    write_card(folder, Words())
    with pytest.raises(InputError, match="exists already"):
        write_card(folder, Words())
    write_card(folder, Words(title="other"), overwrite=True)
    assert "# other\n" in (folder / README).read_text()
    StagedFolder(folder, overwrite=True, ours=lambda: manifest.list_owned_files(folder)).check()


@pytest.mark.parametrize("name", [README, CROISSANT])
def test_what_somebody_changed_is_theirs(name, tmp_path):
    folder = publish(tmp_path / "p", KEYS)
    write_card(folder, Words())
    (folder / name).write_text((folder / name).read_text().replace("images", "pictures", 1))
    before = contents(folder)
    with pytest.raises(InputError, match=f"{name} was written or changed by somebody else"):
        write_card(folder, Words(title="other"), overwrite=True)
    with pytest.raises(InputError, match=f"did not write, {name}"):
        StagedFolder(folder, overwrite=True, ours=lambda: manifest.list_owned_files(folder)).check()
    assert contents(folder) == before


def test_a_class_of_that_name_is_no_place_for_a_card(tmp_path):
    folder = publish(tmp_path / "p", [*KEYS, (README, "0")])
    with pytest.raises(InputError, match=r"README.md is a folder"):
        write_card(folder, Words())


def test_what_is_no_published_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"hideseek.json cannot be read"):
        write_card(tmp_path, Words())


def test_where_nothing_can_be_written_it_is_said(tmp_path, monkeypatch):
    folder = publish(tmp_path / "p", KEYS)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hideseek_cli.runtime.atomic.os.fsync", full)
    with pytest.raises(DiskError, match="free space"):
        write_card(folder, Words())
    assert not (folder / README).exists()
