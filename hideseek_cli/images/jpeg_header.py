"""What the header of a JPEG file says, segment by segment, and why some files cannot be masked in their coefficients.

Sizes, tables and samplings are checked here, before a library in C sees the file: it may come from a stranger.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

MARK, START, END, SCAN = 0xFF, b"\xff\xd8", b"\xff\xd9", 0xDA
ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without content."""
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
SEQUENTIAL, PROGRESSIVE = (0xC0, 0xC1), 0xC2
NOTES = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""What is said besides the image: all of APP1 to APP15, but for Adobe's, which tells colours, and comments."""
ADOBE, RGB_IDS = 0xEE, (ord("R"), ord("G"), ord("B"))
FACTORS = (1, 2, 4)


class UnfitError(ValueError):
    """Why a file is not masked in its coefficients, as ``it is <why>``."""


@dataclass(frozen=True)
class Header:
    """What is said before the first scan."""

    height: int
    width: int
    sampling: tuple[tuple[int, int], ...]
    """Of each component: how many blocks it has, down and across, where another has one."""
    bare: bytes
    """The file without what is said besides the image."""


def read_header(content: bytes) -> Header:
    """Raises UnfitError where the file is not grey or YCbCr of 8 bits, coded by Huffman, or is damaged."""
    frame: tuple[int, bytes] | None = None
    adobe: bytes | None = None
    kept = [START]
    at = 2
    for marker, start, end in _walk(content):
        if marker in FRAMES:
            if frame is not None:
                raise UnfitError("of several frames")
            frame = marker, content[start + 4 : end]
        elif marker == ADOBE and content[start + 4 : start + 9] == b"Adobe":
            adobe = content[start + 4 : end]
        if marker not in NOTES:
            kept.append(content[start:end])
        at = end
    if frame is None:
        raise UnfitError("damaged: a scan comes before its frame")
    if content.find(END, at) < 0:
        raise UnfitError("cut off")
    kept.append(content[at:])
    height, width, components = _read_frame(*frame)
    _check_colours(components, adobe)
    sampling = tuple((down, across) for _, down, across in components)
    if len(components) == 1:
        sampling = ((1, 1),)
    _check_sampling(sampling)
    return Header(height, width, sampling, b"".join(kept))


def _walk(content: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments up to the first scan: marker, where it starts, where it ends. Raises UnfitError."""
    if content[:2] != START:
        raise UnfitError("damaged: it does not start as JPEGs do")
    at = 2
    while at + 4 <= len(content):
        if content[at] != MARK:
            raise UnfitError(f"damaged: no marker at byte {at}")
        marker = content[at + 1]
        if marker == MARK:
            at += 1
        elif marker in ALONE:
            at += 2
        elif marker == SCAN:
            return
        else:
            end = at + 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
            if end < at + 4 or end > len(content):
                break
            yield marker, at, end
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
