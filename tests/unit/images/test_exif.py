"""EXIF: how an image lies is applied and forgotten, the rest is published where its owner asks for it, previews never."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.ExifTags import IFD, Base
from PIL.TiffImagePlugin import IFDRational

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode, read_image
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.exif import ABOUT, strip_exif
from hideseek_cli.images.notes import Notes
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import draw

SEEN = b"the image as it was"
PLACE = {1: "N", 5: b"\1", 2: (IFDRational(52), IFDRational(30), IFDRational(1234, 100)), 27: SEEN}
VALUES = st.one_of(
    st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=600), st.binary(max_size=40),
    st.integers(0, 2**32 - 1), st.builds(IFDRational, st.integers(0, 999), st.integers(1, 999)),
    st.tuples(st.integers(0, 65_535), st.integers(0, 65_535)),
)  # fmt: skip


def photographed() -> Image.Exif:
    """What a camera writes, and hides the image in."""
    exif = Image.Exif()
    exif.update(
        {Base.Make: "Lens & Söhne", Base.Orientation: 6, Base.PrintImageMatching: SEEN, 0x8649: SEEN, Base.XMLPacket: SEEN}
    )
    exif[Base.ImageDescription] = "as it was " * 99
    exif.get_ifd(IFD.Exif).update({
        Base.DateTimeOriginal: "2020:02:02 10:00:00", Base.ExposureTime: IFDRational(1, 125), Base.MakerNote: SEEN,
        Base.UserComment: SEEN, Base.ExifImageWidth: 40, 0xEA1C: SEEN, 0xEA1D: tuple(SEEN) * 100,
    })  # fmt: skip
    exif.get_ifd(IFD.GPSInfo).update(PLACE)
    return exif


def thumbnail() -> bytes:
    """EXIF with a thumbnail in its second directory, which Pillow cannot write."""
    first = struct.pack("<HHHI4sI", 1, Base.Make, 2, 4, b"Cam\0", 26)
    second = struct.pack("<HHHIIHHIII", 2, 0x201, 4, 1, 56, 0x202, 4, 1, len(SEEN), 0)
    return b"Exif\0\0II*\0\x08\0\0\0" + first + second + SEEN


@pytest.mark.filterwarnings("ignore:Metadata Warning")
@given(
    st.dictionaries(st.sampled_from([*ABOUT, Base.Orientation, Base.ImageWidth, Base.StripOffsets, 0x8649, 0xC4A5]), VALUES),
    st.dictionaries(st.sampled_from([0x829A, 0x8827, 0x9003, 0x927C, 0x9286, 0xA002, 0xA005, 0xEA1C]), VALUES),
    st.dictionaries(st.integers(0, 31), VALUES),
)
def test_what_is_kept_is_short_texts_and_numbers_and_stays_the_same(first, shot, place):
    exif = Image.Exif()
    exif.update(first)
    exif.get_ifd(IFD.Exif).update(shot)
    exif.get_ifd(IFD.GPSInfo).update(place)
    made = strip_exif(exif)
    if made is None:
        return
    found, again = Image.Exif(), Image.Exif()
    found.load(made)
    assert set(found) <= ABOUT | {IFD.Exif, IFD.GPSInfo}
    assert not {0x927C, 0xA002, 0xA005} & set(found.get_ifd(IFD.Exif))
    for directory in (found, found.get_ifd(IFD.Exif), found.get_ifd(IFD.GPSInfo)):
        for value in directory.values():
            assert len(value) <= (4 if isinstance(value, bytes) else 512) if isinstance(value, bytes | str | tuple) else True
    readable = {tag: value for tag, value in first.items() if tag in ABOUT and isinstance(value, int | IFDRational)}
    assert {tag: found[tag] for tag in readable} == readable, "numbers are what they were"
    kept = strip_exif(found)
    again.load(kept)
    assert strip_exif(again) == kept


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """Ten of them, each in JPEG, TIFF, PNG and WebP, some with a thumbnail."""
    for label in range(2):
        place = tmp_path / f"data/class{label}"
        place.mkdir(parents=True)
        for number in range(5):
            image = Image.fromarray(draw(label, number, 24, 3)).resize((24, 40))
            for suffix in ("jpg", "tiff", "png", "webp"):
                exif = thumbnail() if number == 0 and suffix != "tiff" else photographed()
                image.save(place / f"{number}-{suffix}.{suffix}", exif=exif)
    return tmp_path / "data"


@pytest.mark.slow
@pytest.mark.parametrize(
    "output_format", [
        OutputFormat(exif=True), OutputFormat(exif=True, encoding="webp"), OutputFormat(exif=True, shard=7), OutputFormat()],
    ids=["png", "webp", "shards", "stripped"],
)  # fmt: skip
def test_a_release_says_how_its_images_were_taken_only_where_that_is_asked(photographs, tmp_path, executor, output_format):
    source = load_source(photographs, None, None, executor, Silent(), output_format)
    renderer = MaskRenderer(source, 8, source.thresholds(bytes(32)), None)
    levels = ReleaseMasks(epsilon=8, published=renderer.masks(np.full(renderer.thresholds.shape, 5.0), 1.0),
                          which=source.folder.labels, strength=1.0, tiers={}, own={}, shifts=None)  # fmt: skip
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=tmp_path / "masks", origin={}
        )
    cleaner = MaskFile.load(tmp_path / "masks").make_cleaner("clean")
    assert seek(tmp_path / "published", cleaner, tmp_path / "clean", executor, Silent()).exact
    for folder in ("published", "clean"):
        for one, other in zip(scan(photographs).records, scan(tmp_path / folder).records, strict=True):
            assert one.key == other.key
            pixels, notes = read_image(other.path, exif=True)
            assert np.array_equal(pixels, decode(one.path)) == (folder == "clean")
            assert notes == read_image(one.path, exif=output_format.exif)[1]
            with other.path.open("rb") as file, Image.open(file) as image:
                exif = image.getexif()
                assert bool(exif) == output_format.exif and Base.Orientation not in exif and not exif.get_ifd(IFD.IFD1)
                assert Base.ImageDescription not in exif, "too long"
                if output_format.exif and not one.name.startswith("0-"):
                    assert exif[Base.Make] == "Lens & S?hne"
                if (
                    output_format.exif and one.name[0] != "0" and "tiff" not in one.name
                ):  # Pillow writes none of these in a TIFF
                    assert exif.get_ifd(IFD.Exif)[Base.ExposureTime] == 1 / 125
                    assert exif.get_ifd(IFD.GPSInfo) == {1: "N", 2: (52, 30, 12.34), 5: b"\1"}
        assert not any(SEEN in path.read_bytes() for path in (tmp_path / folder).rglob("*") if path.is_file())


def test_damaged_exif_is_passed_over_without_a_word(tmp_path, recwarn):
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, Base.Make, 2, 999, 40, 0)
    Image.fromarray(draw(0, 0, 24, 3)).save(tmp_path / "a.jpg", exif=exif)
    assert read_image(tmp_path / "a.jpg", exif=True)[1] == Notes() and not recwarn
