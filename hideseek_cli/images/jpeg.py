"""A JPEG as its file holds it: quantised DCT coefficients, which are integers. Nothing is lost where they are read and written.

``jpeglib`` (an envelope of libjpeg-turbo) decodes and encodes entropy alone. The same coefficients give the same bytes, and
the same pixels as before in every decoder.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import Int16, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.images.jpeg_header import ADOBE, NOTES, START, UnfitError, read_header

VERSION = "turbo210"
"""Of libjpeg, one of those in jpeglib: libjpeg-turbo 2.1."""
PREFIX = "jpeg:"
"""Of digests that are over coefficients."""
REACH = 1023
"""Greatest coefficient of 8 bits a channel that Huffman coding of any kind takes."""
ICC, ICC_PIECE = b"ICC_PROFILE\0", 65_519
JFIF = b"\xff\xe0\x00\x10JFIF\0\x01\x01\x00\x00\x01\x00\x01\x00\x00"

Blocks = Int16[np.ndarray, "_ _ 8 8"]
"""Coefficients of one component, block by block."""


@dataclass(frozen=True)
class Grid:
    """The grid of a JPEG, and how coarse its coefficients are."""

    height: int
    width: int
    """Of the pixels as they lie in the file."""
    sampling: tuple[tuple[int, int], ...]
    """Of each component, down and across; of colours always 1, 1."""
    tables: tuple[bytes, ...]
    """Of each component, 64 steps of two bytes, lowest frequency first in rows."""
    orientation: int = 1
    """EXIF's: how the pixels are turned to stand upright."""

    @property
    def channels(self) -> int:
        return len(self.sampling)

    def steps(self, component: int) -> UInt16[np.ndarray, "8 8"]:
        """What a coefficient is multiplied with."""
        return np.frombuffer(self.tables[component], "<u2").reshape(8, 8)

    def blocks(self, component: int) -> tuple[int, int]:
        """How many a component has, down and across."""
        down, across = self.factors(component)
        return -(-self.height // (8 * down)), -(-self.width // (8 * across))

    def factors(self, component: int) -> tuple[int, int]:
        """How many pixels, down and across, one value of a component is for."""
        (most_down, most_across), (down, across) = self.sampling[0], self.sampling[component]
        return most_down // down, most_across // across


@dataclass(frozen=True, eq=False)
class Coefficients:
    """What a JPEG file holds of an image."""

    grid: Grid
    blocks: tuple[Blocks, ...]

    def digest(self) -> str:
        """``jpeg:`` and SHA-256 over grid and coefficients."""
        one = self.grid
        whole = hashlib.sha256(repr((one.height, one.width, one.sampling, one.orientation)).encode())
        for table in one.tables:
            whole.update(table)
        for blocks in self.blocks:
            whole.update(np.ascontiguousarray(blocks, "<i2").data)
        return PREFIX + whole.hexdigest()

    @property
    def codable(self) -> bool:
        """Whether every encoder takes them."""
        return all(np.abs(blocks).max(initial=0) <= REACH for blocks in self.blocks)


@cache
def require_jpeglib() -> Any:
    """The library. Raises InputError where it is not installed."""
    try:
        import jpeglib
        from jpeglib import _bind
    except ImportError as error:
        raise InputError(
            "images are JPEGs that are masked in their coefficients, which needs jpeglib: pip install 'hideseek-seek[jpeg]'"
        ) from error
    vars(_bind)["print"] = lambda *said: None  # it prints where a file is damaged, besides that it raises
    jpeglib.version.set(VERSION)
    return jpeglib


def read_coefficients(content: bytes, orientation: int = 1) -> Coefficients:
    """Raises UnfitError where the file is not one that can be masked so, and InputError where jpeglib is not installed."""
    header = read_header(content)
    library = require_jpeglib()
    with TemporaryDirectory(prefix="hideseek-") as place:
        path = Path(place) / "image.jpg"
        path.write_bytes(header.bare)
        try:
            found = library.read_dct(str(path))
            found.load()
            steps = [np.asarray(found.get_component_qt(number)) for number in range(len(header.sampling))]
        except (OSError, ValueError, IndexError, TypeError) as error:
            raise UnfitError(f"damaged ({error})") from error
    if (found.height, found.width, found.num_components) != (header.height, header.width, len(header.sampling)):
        raise UnfitError("damaged: its size is not that of its frame")
    tables = tuple(np.ascontiguousarray(one, "<u2").tobytes() for one in steps)
    grid = Grid(header.height, header.width, header.sampling, tables, orientation)
    blocks = tuple(
        np.array(one[: grid.blocks(number)[0], : grid.blocks(number)[1]], np.int16)
        for number, one in enumerate((found.Y, found.Cb, found.Cr)[: grid.channels])
    )
    return Coefficients(grid, blocks)


def write_coefficients(image: Coefficients, icc: bytes | None = None, exif: bytes | None = None) -> bytes:
    """The file, in one scan and with tables of its own, with those notes and no others: the same bytes for the same
    coefficients."""
    library, grid = require_jpeglib(), image.grid
    distinct = list(dict.fromkeys(grid.tables))
    with TemporaryDirectory(prefix="hideseek-") as place:
        path = Path(place) / "image.jpg"
        file = library.from_dct(
            *image.blocks,
            qt=np.stack([np.frombuffer(one, "<u2").reshape(8, 8) for one in distinct]).astype(np.uint16),
            quant_tbl_no=[distinct.index(one) for one in grid.tables],
        )
        file.height, file.width = grid.height, grid.width
        file.samp_factor = np.array(grid.sampling, np.int32)
        file.write_dct(str(path), flags=["+OPTIMIZE_CODING"])
        content = path.read_bytes()
    return b"".join([START, JFIF, *_encode_notes(icc, exif), _drop_head(content)])


def _encode_notes(icc: bytes | None, exif: bytes | None) -> list[bytes]:
    """APP1 and APP2."""
    found = [] if exif is None else [(0xE1, exif)]
    pieces = [] if icc is None else [icc[at : at + ICC_PIECE] for at in range(0, len(icc), ICC_PIECE)]
    found += [(0xE2, ICC + bytes([number, len(pieces)]) + piece) for number, piece in enumerate(pieces, 1)]
    return [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in found]


def _drop_head(content: bytes) -> bytes:
    """A file that was just written, without its beginning and what is no part of the image."""
    at = 2
    while content[at + 1] in (0xE0, ADOBE, *NOTES):
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
    return content[at:]
