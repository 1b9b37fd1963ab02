"""Laws of images as they are stored: a JPEG stays one where that was asked and can be, and no file passes for another."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.images.codec import InMemory, decode, digest_pixels
from hideseek_cli.images.stored import Jpeg, Raster, find_suffix, read_listed, read_original
from tests.helpers.jpegs import CUT_SCANS, PLAIN, SECRET, describe, make, put
from tests.robustness.zoo import image, of

TURNED = make(size=(50, 22), exif=describe(6, more=True), comment=SECRET)


@pytest.mark.parametrize(
    ("content", "keeps", "kind"),
    [(PLAIN, True, Jpeg), (PLAIN, False, Raster), (of(image(), "PNG"), True, Raster), (CUT_SCANS, True, Raster)],
    ids=["asked", "not asked", "no JPEG", "scans are missing"],
)
def test_a_jpeg_stays_one_where_that_was_asked_and_can_be(content: bytes, keeps: bool, kind: type) -> None:
    found = read_original(InMemory(content), keeps_jpeg=keeps)
    assert isinstance(found, kind)
    assert np.array_equal(found.pixels, decode(InMemory(content))) and found.shape == found.pixels.shape
    assert found.channels == 3 and find_suffix(found.digest, "webp") == ("jpg" if kind is Jpeg else "webp")
    assert find_suffix(digest_pixels(found.pixels), "png") == "png"


def test_a_jpeg_that_lies_on_its_side_has_the_shape_that_people_see() -> None:
    found = read_original(InMemory(TURNED), keeps_jpeg=True)
    assert found.shape == (50, 22, 3) == found.pixels.shape and isinstance(found, Jpeg)
    written = found.encode("png")
    assert written.startswith(b"\xff\xd8") and SECRET not in written
    assert np.array_equal(decode(InMemory(written)), found.pixels)
    assert read_listed(InMemory(written), found.digest, "png").digest == found.digest


def test_other_coefficients_are_not_shown_as_the_file_they_came_from() -> None:
    found = read_original(InMemory(PLAIN), keeps_jpeg=True)
    other = read_original(InMemory(make(quality=30)), keeps_jpeg=True)
    assert isinstance(found, Jpeg) and isinstance(other, Jpeg)
    replaced = found.replace(other.coefficients)
    assert np.array_equal(replaced.pixels, other.pixels) and replaced.digest == other.digest


@pytest.mark.parametrize(
    "content", [PLAIN[:200], PLAIN[: len(PLAIN) // 2], b"", b"\xff\xd8\xff\xd9", of(image(), "PNG"), CUT_SCANS, make("CMYK"),
                put(PLAIN, 0xC0, 5, b"\xff\xff\xff\xff")],
    ids=["cut in its header", "cut in its scan", "empty", "nothing in it", "a PNG", "scans are missing", "CMYK", "too large"],
)  # fmt: skip
def test_a_published_jpeg_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=str(path)):
        read_listed(path, "jpeg:" + "0" * 64, "png")
    path.unlink()
    with pytest.raises(DiskError, match=str(path)):
        read_listed(path, "jpeg:" + "0" * 64, "png")


def test_a_jpeg_does_not_pass_for_the_png_that_was_listed() -> None:
    with pytest.raises(InputError, match="PNG"):
        read_listed(InMemory(PLAIN), digest_pixels(decode(InMemory(PLAIN))), "png")
