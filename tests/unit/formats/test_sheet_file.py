"""Contact sheets on the disk: secret, the same bytes for the same page, and known for what they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hideseek_cli.errors import DiskError
from hideseek_cli.formats import sheet_file

RELEASE = "ab" * 32
PAGE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8))


def test_a_sheet_is_secret_the_same_for_the_same_page_and_says_of_what_release_it_is(tmp_path):
    for name in ("a", "b"):
        sheet_file.save(tmp_path / name, PAGE, RELEASE)
    path = tmp_path / "a"
    assert path.read_bytes() == (tmp_path / "b").read_bytes() and path.stat().st_mode & 0o777 == 0o600
    assert sheet_file.peek(path) == {"format": 3, "kind": "sheet", "release": RELEASE}
    with Image.open(path) as image:
        assert image.format == "PNG" and np.array_equal(np.asarray(image), np.asarray(PAGE))


def test_where_it_cannot_be_written_nothing_is(tmp_path):
    (tmp_path / "folder/inside").mkdir(parents=True)
    with pytest.raises(DiskError, match="cannot be written"):
        sheet_file.save(tmp_path / "folder", PAGE, RELEASE)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


@pytest.mark.parametrize("told", [None, "{", "[]", "3", '{"kind": 1, "kind": 2}', "[" * 100_000])
def test_no_other_image_is_taken_for_one(tmp_path, told):
    label = PngInfo()
    if told is not None:
        label.add_text("hideseek", told)
    PAGE.save(tmp_path / "a.png", pnginfo=label)
    assert sheet_file.peek(tmp_path / "a.png") == {}
    PAGE.save(tmp_path / "a.webp")
    assert sheet_file.peek(tmp_path / "a.webp") == {} == sheet_file.peek(tmp_path / "absent")


@given(at=st.floats(0, 1), byte=st.integers(0, 255), end=st.floats(0, 1))
def test_a_damaged_one_is_looked_at_without_an_error(tmp_path_factory, at, byte, end):
    path = tmp_path_factory.mktemp("sheet") / "a.png"
    sheet_file.save(path, PAGE, RELEASE)
    content = bytearray(path.read_bytes())
    content[int(at * (len(content) - 1))] = byte
    path.write_bytes(content[: int(end * len(content))])
    assert isinstance(sheet_file.peek(path), dict)
