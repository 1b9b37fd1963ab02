"""Image files from strangers and from cameras: which formats are opened, and what is wrong with notes and not with pixels."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, ImageFile, TiffImagePlugin

from hideseek_cli.errors import InputError
from hideseek_cli.images.codec import FORMATS, read_image, read_shape
from hideseek_cli.images.encoding import encode, why_unfit
from hideseek_cli.images.notes import NO_NOTES, Notes
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import write_images
from tests.robustness.zoo import image, of

PROFILE = bytes(16) + b"RGB " + bytes(108)


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) if crc is None else crc)


def with_chunks(*chunks: bytes) -> bytes:
    """A PNG with those behind its header."""
    plain = of(image(), "PNG")
    return plain[:33] + b"".join(chunks) + plain[33:]


def write(folder: Path, content: bytes, name: str = "i.png") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("name", ["003.png", "003.jpg", "003.tif"])
def test_no_other_program_is_started_for_a_file_that_pretends(tmp_path, monkeypatch, name):
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *asked, **more: pytest.fail("Ghostscript was started"))
    path = write(tmp_path, of(Image.new("RGB", (20, 20)), "EPS"), name)
    for read in (read_image, read_shape):
        with pytest.raises(InputError, match="cannot be read as an image"):
            read(path)


@pytest.mark.parametrize("kind", ["JPEG2000", "ICO", "TGA", "PCX", "SGI", "DDS", "PDF"])
def test_formats_that_are_not_ours_are_not_opened(tmp_path, kind):
    assert kind not in FORMATS
    with pytest.raises(InputError, match="of no known format|cannot be read"):
        read_image(write(tmp_path, of(Image.new("RGB", (20, 20)), kind)))


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "TIFF", "WEBP", "BMP"])
def test_a_buyer_opens_what_the_manifest_promises_and_nothing_else(tmp_path, kind):
    path = write(tmp_path, of(image(), kind))
    read_image(path)
    with pytest.raises(InputError, match="should be PNG"):
        read_image(path, "png")


def test_of_a_tiff_of_many_pages_two_are_looked_at(tmp_path, monkeypatch):
    page = struct.pack("<H", 9) + b"".join(
        struct.pack("<HHII", tag, kind, 1, value)
        for tag, kind, value in (
            (256, 3, 16), (257, 3, 16), (258, 3, 8), (259, 3, 1), (262, 3, 1), (273, 4, 8), (277, 3, 1), (278, 3, 16),
            (279, 4, 256),
        )
    )  # fmt: skip
    first = 8 + 256
    pages = [page + struct.pack("<I", first + (number + 1) * (len(page) + 4)) for number in range(5000)]
    pages[-1] = page + bytes(4)
    path = write(tmp_path, b"II*\0" + struct.pack("<I", first) + bytes(range(256)) + b"".join(pages), "pages.tif")
    looked = []
    load = TiffImagePlugin.ImageFileDirectory_v2.load
    monkeypatch.setattr(TiffImagePlugin.ImageFileDirectory_v2, "load", lambda one, file: (looked.append(1), load(one, file))[1])
    with pytest.raises(InputError, match="several frames or pages"):
        read_image(path)
    assert len(looked) <= 5


def test_of_a_camera_s_photograph_with_a_second_frame_the_first_is_taken(tmp_path):
    Image.init()
    path = tmp_path / "phone.jpg"
    image().save(path, "MPO", save_all=True, append_images=[image().rotate(90)])
    with Image.open(path) as found:
        assert found.format == "MPO" and found.n_frames == 2
    assert np.array_equal(read_image(path)[0], np.asarray(Image.open(io.BytesIO(of(image(), "JPEG")))))


LONG = zlib.compress(bytes(2**21))
NOTES = {
    "a long text": chunk(b"tEXt", b"Comment\0" + b"x" * 2**21),
    "many texts": b"".join(chunk(b"tEXt", b"Comment\0" + b"x" * 2**20) for _ in range(65)),
    "a long packed text": chunk(b"zTXt", b"Comment\0\0" + LONG),
    "a long text in Unicode": chunk(b"iTXt", b"Comment\0\1\0\0\0" + LONG),
    "a packed text of no known kind": chunk(b"zTXt", b"Comment\0\7" + LONG),
    "a text with a wrong checksum": chunk(b"tEXt", b"Comment\0hello", crc=1),
    "a long profile": chunk(b"iCCP", b"icc\0\0" + LONG),
    "a profile of no known kind": chunk(b"iCCP", b"icc\0\7" + LONG),
    "a resolution that is none": chunk(b"pHYs", b"\0"),
    "a gamma that is none": chunk(b"gAMA", b"\0"),
    "EXIF that is none": chunk(b"eXIf", b"MM\0*" + b"\xff" * 40),
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES.keys())
def test_what_is_wrong_with_a_file_s_notes_is_no_fault_of_its_pixels(tmp_path, note):
    path = write(tmp_path, with_chunks(note))
    assert np.array_equal(read_image(path, exif=True)[0], np.asarray(image()))
    assert read_shape(path) == (30, 40)


def test_of_notes_that_can_be_read_none_is_lost(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = write(tmp_path, of(image(), "PNG", exif=exif, icc_profile=PROFILE))
    assert read_image(turned)[0].shape == (40, 30, 3) and read_image(turned)[1].icc == PROFILE


@pytest.mark.parametrize("cut", [20, 40, 60])
def test_a_damaged_exif_of_a_jpeg_is_no_fault_of_its_pixels(tmp_path, cut):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 1, "x" * 50
    whole = exif.tobytes()
    damaged = whole[:cut] + b"\xff" * (len(whole) - cut)
    path = write(tmp_path, of(image(), "JPEG", exif=damaged), "i.jpg")
    assert read_image(path, exif=True)[0].shape == (30, 40, 3)


def test_pixels_that_are_damaged_are_refused_whatever_the_notes(tmp_path):
    """Pillow decodes a PNG on the way to its EXIF: what goes wrong there must not pass for EXIF that is damaged."""
    whole = with_chunks(NOTES["a long text"])
    at = whole.index(b"IDAT") + 400
    with pytest.raises(InputError, match="cannot be read as an image"):
        read_image(write(tmp_path, whole[:at] + bytes([whole[at] ^ 255]) + whole[at + 1 :]), exif=True)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize(("encoding", "size", "fits"), [("png", 2**20, True), ("png", 2**20 + 1, False), ("webp", 2**21, True)])
def test_a_profile_that_readers_refuse_is_refused(encoding, size, fits):
    notes = Notes(icc=PROFILE + np.random.default_rng(0).bytes(size - len(PROFILE)))
    why = why_unfit((30, 40, 3), notes, encoding)
    assert why is None if fits else why is not None and f"({size} bytes) that readers of PNG refuse" in why
    assert why_unfit((30, 40, 3), NO_NOTES, encoding) is None


def test_a_folder_with_such_a_profile_is_refused_before_anything_is_trained(tmp_path, executor):
    write_images(tmp_path / "data", 2, 5)
    profile = PROFILE + np.random.default_rng(0).bytes(2**20)
    image().save(tmp_path / "data/class0/broad.jpg", icc_profile=profile)
    with pytest.raises(InputError, match=r"broad\.jpg has a colour profile or EXIF .* refuse"):
        load_source(tmp_path / "data", None, None, executor, Silent())


def test_what_is_encoded_with_notes_is_read_again(monkeypatch):
    pixels = np.asarray(image())
    assert encode(pixels, Notes(icc=PROFILE))
    monkeypatch.setattr("hideseek_cli.images.encoding.decode", lambda *asked, **more: pixels[::-1])
    with pytest.raises(ValueError, match="is not what is read"):
        encode(pixels, Notes(icc=PROFILE))
