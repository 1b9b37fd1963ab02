"""A card is hideseek's as long as nobody changed it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.formats.card_files import CARD_FILES, README, SEAL, is_ours, is_sealed, list_ours, seal


@given(st.text(), st.text())
def test_what_is_sealed_is_ours_and_nothing_that_is_changed(before, after):
    sealed = seal(f"{before}{SEAL}{after}")
    assert is_sealed(sealed.encode("utf-8"))
    assert not is_sealed((sealed + " ").encode()) and not is_sealed((" " + sealed).encode())


@pytest.mark.parametrize("content", [b"", b"# My own page", b"\xff\xfe", SEAL.encode(), b"\xff" + seal(SEAL).encode()])
def test_what_others_wrote_is_not_ours(content):
    assert not is_sealed(content)


def test_a_second_seal_makes_it_somebody_elses():
    assert not is_sealed(seal(f"{SEAL} {SEAL}").encode())


def test_ours_are_listed_by_name_and_seal(tmp_path):
    for name in CARD_FILES:
        (tmp_path / name).write_text(seal(SEAL))
    (tmp_path / "other.md").write_text(seal(SEAL))
    assert tuple(list_ours(tmp_path)) == CARD_FILES
    (tmp_path / README).write_text("mine")
    assert tuple(list_ours(tmp_path)) == CARD_FILES[1:]


def test_a_folder_of_that_name_and_a_huge_file_are_not_ours(tmp_path, monkeypatch):
    (tmp_path / README).mkdir()
    assert not is_ours(tmp_path / README)
    path = tmp_path / "croissant.json"
    path.write_text(seal(SEAL))
    monkeypatch.setattr("hideseek_cli.formats.card_files.MAX_CARD", 10)
    assert not is_ours(path)
