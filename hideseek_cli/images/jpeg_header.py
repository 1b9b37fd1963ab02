"""What the header of a JPEG file says, segment by segment, and why some files cannot be masked in their coefficients.

Sizes, tables and samplings are checked here, before a library in C sees the file: it may come from a stranger.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from hideseek_cli.images.codec import MAX_PIXELS

MARK, START, END, SCAN = 0xFF, b"\xff\xd8", 0xD9, 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2
STEPS, TABLES = 0xDB, frozenset({0xC4, 0xDD})
"""Tables of steps; Huffman codes and how often a decoder starts anew."""
NOTES = frozenset({*range(0xE0, 0xF0), 0xFE})
"""What is said besides the image: APP0 to APP15 and comments."""
ADOBE, RGB_IDS = 0xEE, (ord("R"), ord("G"), ord("B"))
FACTORS = (1, 2, 4)
MOST_SCANS = 500
"""Of an honest encoder at most about ten; each takes a decoder a walk through all blocks."""
AFTER_SCAN = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
"""The marker that ends a scan's data, in which there are stuffed bytes and restarts."""


class UnfitError(ValueError):
    """Why a file is not masked in its coefficients, as ``it is <why>``."""


@dataclass(frozen=True)
class Header:
    """What is said besides the data of scans."""

    height: int
    width: int
    sampling: tuple[tuple[int, int], ...]
    """Of each component: how many blocks it has, down and across, where another has one."""
    bare: bytes
    """The file without what is said besides the image, and without what comes after it: what is left is read by any decoder
    as it was here."""


def read_header(content: bytes) -> Header:
    """Raises UnfitError where the file is not grey or YCbCr of 8 bits, coded by Huffman, or is damaged."""
    frame: tuple[int, bytes] | None = None
    adobe: bytes | None = None
    kept, scans = [START], list[bytes]()
    for marker, body, whole in _walk(content):
        if marker in FRAMES:
            if frame is not None:
                raise UnfitError("of several frames")
            frame = marker, body
        elif marker == ADOBE and body[:5] == b"Adobe":
            adobe = body
        elif marker == SCAN:
            scans.append(body)
        elif marker == STEPS and scans:
            raise UnfitError("of several tables for one component")
        if marker not in NOTES:
            kept.append(whole)
    if frame is None:
        raise UnfitError("damaged: it has no frame")
    height, width, components = _read_frame(*frame)
    _check_colours(components, adobe)
    sampling = tuple((down, across) for _, down, across in components)
    if len(components) == 1:
        sampling = ((1, 1),)
    _check_sampling(sampling)
    _check_scans([name for name, *_ in components], scans)
    return Header(height, width, sampling, b"".join(kept))


def _walk(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """The segments: marker, content, and all bytes, those of a scan's data with it. Raises UnfitError."""
    if content[:2] != START:
        raise UnfitError("damaged: it does not start as JPEGs do")
    at = 2
    while at + 2 <= len(content):
        if content[at] != MARK:
            raise UnfitError(f"damaged: no marker at byte {at}")
        marker = content[at + 1]
        if marker == MARK:
            at += 1
            continue
        if marker == END:
            yield marker, b"", content[at : at + 2]
            return
        if marker not in FRAMES | TABLES | NOTES | {STEPS, SCAN}:
            raise UnfitError(f"damaged: a marker that nobody expects at byte {at}")
        if at + 4 > len(content):
            break
        end = at + 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
        if end < at + 4 or end > len(content):
            break
        body, first = content[at + 4 : end], at
        if marker == SCAN:
            found = AFTER_SCAN.search(content, end)
            if found is None:
                break
            end = found.start()
        yield marker, body, content[first:end]
        at = end
    raise UnfitError("cut off")


def _read_frame(marker: int, body: bytes) -> tuple[int, int, list[tuple[int, int, int]]]:
    """Height and width, and of each component its name and sampling."""
    if marker not in (*SEQUENTIAL, PROGRESSIVE):
        raise UnfitError("coded in another way than by Huffman (arithmetic, lossless or hierarchical)")
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        raise UnfitError("damaged: its frame is too short")
    precision, height, width, count = struct.unpack(">BHHB", body[:6])
    if precision != 8:
        raise UnfitError(f"of {precision} bits a channel")
    if not (height and width):
        raise UnfitError("damaged: it has no size")
    if height * width > MAX_PIXELS:
        raise UnfitError(f"of more than {MAX_PIXELS // 1_000_000} million pixels")
    rows = [body[6 + 3 * number : 9 + 3 * number] for number in range(count)]
    return height, width, [(row[0], row[1] & 15, row[1] >> 4) for row in rows]


def _check_colours(components: list[tuple[int, int, int]], adobe: bytes | None) -> None:
    if len(components) not in (1, 3):
        raise UnfitError(f"of {len(components)} components (CMYK has four)")
    transform = adobe[11] if adobe is not None and len(adobe) > 11 else None
    if len(components) == 3 and (transform == 0 or tuple(name for name, *_ in components) == RGB_IDS):
        raise UnfitError("of red, green and blue, not of brightness and colours")


def _check_sampling(sampling: tuple[tuple[int, int], ...]) -> None:
    most = tuple(map(max, zip(*sampling, strict=True)))
    known = all(down in FACTORS and across in FACTORS for down, across in sampling)
    if not known or sampling[0] != most or any(one != (1, 1) for one in sampling[1:]):
        raise UnfitError(f"sampled in an uncommon way ({sampling})")


def _check_scans(names: list[int], scans: list[bytes]) -> None:
    """Raises UnfitError where some of a component is not said, which decoders make up for by smoothing."""
    if len(scans) > MOST_SCANS:
        raise UnfitError(f"of more than {MOST_SCANS} scans")
    missing = {(name, wave) for name in names for wave in range(64)}
    if len(missing) < 64 * len(names):
        raise UnfitError("damaged: components have one name")
    for body in scans:
        if not body or len(body) != 4 + 2 * body[0]:
            raise UnfitError("damaged: a scan has no such length")
        first, last, bits = body[-3:]
        if not bits & 15:
            missing -= {(name, wave) for name in body[1:-3:2] for wave in range(first, min(last, 63) + 1)}
    if missing:
        raise UnfitError("damaged: scans are missing")
