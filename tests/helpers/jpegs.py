"""JPEGs as cameras, programs and accidents write them, each with what becomes of it where JPEGs are kept."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import jpeglib
import numpy as np
from PIL import Image

from tests.robustness.zoo import image, of

KEPT, FALLS_BACK, REFUSED = "kept as a JPEG", "published as PNG", "refused"
SECRET = b"a secret that is in no published file"
SOI, EOI, APP0, SOF, SOS, DQT, DHT = 0xD8, 0xD9, 0xE0, 0xC0, 0xDA, 0xDB, 0xC4
CUT, NO_IMAGE, BROKEN = "truncated", "no known format", "broken data stream"
"""What Pillow says."""


@dataclass(frozen=True)
class Odd:
    """A JPEG; ``why``: words of the reason why it is not kept."""

    name: str
    content: bytes
    outcome: str = KEPT
    why: str = ""


def make(mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    return of(image(mode, size), "JPEG", **options)


def list_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, beginning and end of each, the last of them with what follows the header."""
    at = 2
    while content[at + 1] != SOS:
        end = at + 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        yield content[at + 1], at, end
        at = end
    yield SOS, at, len(content)


def find(content: bytes, marker: int) -> tuple[int, int]:
    return next((start, end) for found, start, end in list_segments(content) if found == marker)


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def insert(content: bytes, *segments: bytes, before: int | None = None) -> bytes:
    """Behind APP0, or before the first segment of a kind."""
    at = find(content, APP0)[1] if before is None else find(content, before)[0]
    return content[:at] + b"".join(segments) + content[at:]


def put(content: bytes, marker: int, offset: int, new: bytes) -> bytes:
    """With other bytes so far behind the marker of a segment."""
    at = find(content, marker)[0] + offset
    return content[:at] + new + content[at + len(new) :]


def join(content: bytes, marker: int) -> bytes:
    """With all segments of a kind as one."""
    bodies = [content[start + 4 : end] for found, start, end in list_segments(content) if found == marker]
    rest = [content[start:end] for found, start, end in list_segments(content) if found != marker]
    return b"".join([content[:2], *rest[:-1], segment(marker, b"".join(bodies)), rest[-1]])


def sample(factors: list[list[int]]) -> bytes:
    """Of samplings that Pillow does not write."""
    whole = jpeglib.from_spatial(np.asarray(image(size=(67, 45))))
    whole.samp_factor = np.array(factors, np.int32)
    with TemporaryDirectory() as place:
        whole.write_spatial(f"{place}/image.jpg")
        return Path(place, "image.jpg").read_bytes()


def widen_steps(content: bytes) -> bytes:
    """With steps of 16 bits."""
    found = [content[:2]]
    for marker, start, end in list_segments(content):
        body = content[start + 4 : end]
        if marker == DQT:
            steps = np.frombuffer(body[1:], np.uint8).astype(">u2")
            found.append(segment(DQT, bytes([body[0] | 16]) + steps.tobytes()))
        else:
            found.append(content[start:end])
    return b"".join(found).replace(b"\xff\xc0", b"\xff\xc1", 1)


def describe(orientation: int | None = None, *, more: bool = False, thumbnail: bool = False) -> bytes:
    """EXIF; with ``more`` who made the camera and where it was, and notes that only its maker can read."""
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    if more:
        exif[0x010F] = "Camera & Sons"
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8769)[0x927C] = SECRET * 500
    content = exif.tobytes()
    if thumbnail:
        small = make(size=(16, 16), comment=SECRET)
        first = struct.pack(">HHHII", 1, 0x0112, 3, 1, (orientation or 1) << 16)
        at = 8 + len(first) + 4
        second = struct.pack(">HHHIIHHII", 2, 0x0201, 4, 1, at + 30, 0x0202, 4, 1, len(small)) + bytes(4)
        content = b"Exif\0\0MM\0*\0\0\0\x08" + first + struct.pack(">I", at) + second + small
    return content


def adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def profile(length: int) -> bytes:
    return bytes(16) + b"RGB " + bytes(np.random.default_rng(length).integers(0, 256, length - 20, np.uint8))


def add_second(content: bytes) -> bytes:
    """As cameras write two images (MPO)."""
    stream = io.BytesIO()
    with Image.open(io.BytesIO(content)) as first:
        first.save(stream, "MPO", save_all=True, append_images=[image(size=(20, 20))])
    return stream.getvalue()


def make_phone() -> bytes:
    exif = segment(0xE1, describe(6, more=True))
    return insert(add_second(make(size=(64, 48), quality=90)), exif, segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET))


PLAIN, PROGRESSIVE = make(), make(progressive=True)
SCANS = [at for at in range(len(PROGRESSIVE)) if PROGRESSIVE[at : at + 2] == b"\xff\xda"]
CUT_SCANS = PROGRESSIVE[: PROGRESSIVE.rindex(b"\xff\xc4", 0, SCANS[-4])] + b"\xff\xd9"
FRAME, SCAN = find(PLAIN, SOF), find(PLAIN, SOS)[0]
XMP, COMMENT = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + SECRET, segment(0xFE, SECRET)
STEPS = segment(DQT, b"\0" + bytes([9] * 64))

JPEGS = (
    *(Odd(name, make(subsampling=name, size=(67, 45))) for name in ("4:4:4", "4:2:2", "4:2:0")),
    Odd("4:4:0", sample([[2, 1], [1, 1], [1, 1]])), Odd("4:1:1", sample([[1, 4], [1, 1], [1, 1]])),
    Odd("4:1:0", sample([[2, 4], [1, 1], [1, 1]])), Odd("grey", make("L")),
    Odd("grey, called 2x2", put(make("L"), SOF, 11, b"\x22")),
    Odd("progressive", PROGRESSIVE), Odd("progressive, grey", make("L", progressive=True)),
    Odd("optimised", make(optimize=True)), Odd("restarts", make(restart_marker_blocks=2, size=(90, 70))),
    *(Odd(f"quality {quality}", make(quality=quality)) for quality in (30, 50, 75, 90, 95, 98, 100)),
    *(Odd(f"{size[0]}x{size[1]}", make(size=size)) for size in ((8, 8), (9, 17), (203, 131), (8, 130), (130, 8), (16, 16))),
    Odd("9x17, 4:4:4", make(size=(9, 17), subsampling=0)), Odd("9x17, grey", make("L", (9, 17))),
    *(Odd(f"turned {one}", make(size=(50, 22), exif=describe(one))) for one in range(1, 9)),
    *(Odd(f"turned {one}, told more", make(size=(50, 22), exif=describe(one, more=True))) for one in range(1, 9)),
    Odd("profile", make(icc_profile=profile(3000))), Odd("profile of three pieces", make(icc_profile=profile(150_000))),
    Odd("profile, turned", make(icc_profile=profile(500), exif=describe(8))),
    Odd("thumbnail", make(exif=describe(thumbnail=True))), Odd("thumbnail, turned", make(exif=describe(3, thumbnail=True))),
    Odd("damaged EXIF", make(exif=b"Exif\0\0MM\0*\0\0\xff\xff" + SECRET)),
    Odd("EXIF of nothing", make(exif=b"Exif\0\0")), Odd("XMP", insert(PLAIN, segment(0xE1, XMP))),
    Odd("comment", make(comment=SECRET)), Odd("comment before a scan", insert(PLAIN, COMMENT, before=SOS)),
    Odd("comment between scans", PROGRESSIVE[: SCANS[2]] + COMMENT + PROGRESSIVE[SCANS[2] :]),
    Odd("JFIF thumbnail", insert(PLAIN, segment(APP0, b"JFXX\0\x10" + SECRET))),
    Odd("notes of all kinds", insert(PLAIN, *(segment(0xE0 + number, SECRET) for number in range(1, 16) if number != 14))),
    Odd("Adobe, YCbCr", insert(PLAIN, adobe(1))),
    Odd("Adobe, RGB", insert(PLAIN, adobe(0)), FALLS_BACK, "red, green and blue"),
    Odd("RGB", make(keep_rgb=True), FALLS_BACK, "red, green and blue"),
    Odd("CMYK", make("CMYK"), FALLS_BACK, "4 components"),
    Odd("YCCK", put(make("CMYK"), 0xEE, 15, b"\2"), FALLS_BACK, "4 components"),
    Odd("two images", add_second(PLAIN)), Odd("phone", make_phone()),
    Odd("12 bits", put(PLAIN, SOF, 4, b"\x0c"), REFUSED, NO_IMAGE),
    Odd("arithmetic coding", PLAIN.replace(b"\xff\xc0", b"\xff\xc9", 1), FALLS_BACK, "another way"),
    Odd("lossless", PLAIN.replace(b"\xff\xc0", b"\xff\xc3", 1), REFUSED, "image"),
    Odd("steps of 16 bits", widen_steps(PLAIN)), Odd("steps of 1", make(qtables=[[1] * 64] * 2)),
    Odd("steps of 255", make(qtables=[[255] * 64] * 2)), Odd("three tables", make(qtables=[[n] * 64 for n in (3, 5, 9)])),
    Odd("one table", make(qtables=[list(range(1, 65))])),
    Odd("step of 0", put(PLAIN, DQT, 9, b"\0"), FALLS_BACK, "steps of 0"),
    Odd("one segment of all steps", join(PLAIN, DQT)), Odd("one segment of all codes", join(PLAIN, DHT)),
    Odd("fill bytes", insert(PLAIN, b"\xff\xff\xff", before=SOF)), Odd("bytes behind", PLAIN + SECRET * 9),
    Odd("JPEG behind", PLAIN + make(size=(20, 20))),
    Odd("cut in its header", PLAIN[:100], REFUSED, "image"), Odd("cut before its scan", PLAIN[:SCAN], REFUSED, "image"),
    Odd("cut in its scan", PLAIN[: (SCAN + len(PLAIN)) // 2], REFUSED, CUT), Odd("no end", PLAIN[:-2], REFUSED, CUT),
    Odd("scans are missing", CUT_SCANS, FALLS_BACK, "scans are missing"),
    Odd("steps change", PROGRESSIVE[: SCANS[2]] + STEPS + PROGRESSIVE[SCANS[2] :], FALLS_BACK, "several tables"),
    Odd("too high a frame", put(PLAIN, SOF, 5, b"\x03\xe8")),
    Odd("no size", put(PLAIN, SOF, 5, bytes(4)), REFUSED, "image"),
    Odd("too large", put(PLAIN, SOF, 5, b"\xff\x00\xff\x00"), REFUSED, "image"),
    Odd("no frame", PLAIN[: FRAME[0]] + PLAIN[FRAME[1] :], REFUSED, "image"),
    Odd("two frames", insert(PLAIN, PLAIN[slice(*FRAME)], before=SOS), REFUSED, BROKEN),
    Odd("no components", put(PLAIN, SOF, 9, b"\0"), REFUSED, "image"),
    Odd("components of one name", put(PLAIN, SOF, 13, b"\1"), REFUSED, BROKEN),
    Odd("uncommon sampling", sample([[1, 3], [1, 1], [1, 1]]), FALLS_BACK, "uncommon"),
    Odd("fine colours", sample([[2, 2], [2, 1], [1, 2]]), FALLS_BACK, "uncommon"),
    Odd("unknown marker", insert(PLAIN, segment(0xF3, SECRET)), REFUSED, BROKEN),
)  # fmt: skip
