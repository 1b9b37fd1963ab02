"""A JPEG as its file holds it: quantised DCT coefficients, which are integers. Nothing is lost where they are read and written.

``jpeglib`` (an envelope of libjpeg-turbo) decodes and encodes entropy alone. The same coefficients give the same bytes, and
the same pixels as before in every decoder.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_int, c_short, c_ubyte
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from jaxtyping import Int16, UInt16

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.images.jpeg_header import NOTES, START, UnfitError, read_header

VERSION = "turbo210"
"""Of libjpeg, one of those in jpeglib: libjpeg-turbo 2.1."""
PREFIX = "jpeg:"
"""Of digests that are over coefficients."""
REACH, FIRST_REACH = 1023, 2047
"""What Huffman codes of 8 bits a channel take of a coefficient, and of the difference of the first ones of two blocks."""
SPACES = {1: 1, 3: 3}
"""By channels libjpeg's number of grey and of YCbCr."""
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
        """Whether Huffman codes of 8 bits a channel take them: each but the first of a block, and how far that is from the one
        before."""
        for blocks, (down, across) in zip(self.blocks, self.grid.sampling, strict=True):
            rest = blocks.reshape(-1, 64)[:, 1:]
            rows, columns = blocks.shape[:2]
            firsts = np.pad(blocks[:, :, 0, 0].astype(np.int64), ((0, -rows % down), (0, -columns % across)), "edge")
            order = firsts.reshape(-1, down, firsts.shape[1] // across, across).swapaxes(1, 2).ravel()
            if np.abs(rest.astype(np.int64)).max(initial=0) > REACH or np.abs(np.diff(order, prepend=0)).max() > FIRST_REACH:
                return False
        return True


@cache
def require_jpeglib() -> Any:
    """The library's envelope of C. Raises InputError where it is not installed."""
    try:
        import jpeglib
        from jpeglib import _bind
    except ImportError as error:
        raise InputError(
            "images are JPEGs that are masked in their coefficients, which needs jpeglib: pip install 'hideseek-seek[jpeg]'"
        ) from error
    vars(_bind)["print"] = lambda *said: None  # it prints where a file is damaged, besides that it raises
    jpeglib.version.set(VERSION)
    return _bind.CJpegLib


def read_coefficients(content: bytes, orientation: int = 1) -> Coefficients:
    """Raises UnfitError where the file is not one that can be masked so, and InputError where jpeglib is not installed."""
    header = read_header(content)
    unsaid = Grid(header.height, header.width, header.sampling, (), orientation)
    blocks = tuple(np.zeros((*unsaid.blocks(number), 8, 8), np.int16) for number in range(unsaid.channels))
    try:
        tables = _read_into(header.bare, blocks)
    except (OSError, IndexError) as error:
        raise UnfitError("damaged") from error
    if not tables.all():
        raise UnfitError("damaged: coefficients have steps of 0")
    return Coefficients(replace(unsaid, tables=tuple(table.astype("<u2").tobytes() for table in tables)), blocks)


def _read_into(bare: bytes, blocks: tuple[Blocks, ...]) -> UInt16[np.ndarray, "c 64"]:
    """Fills in the coefficients of a file, which must have so many blocks, and returns the table of each component.

    Not by ``jpeglib.read_dct``: that decodes pixels twice besides, leaves files behind where one is damaged, and keeps notes of
    a file in variables that threads share. Raises OSError for damaged files.
    """
    library = require_jpeglib()
    tables, numbers = np.zeros((4, 64), np.uint16), np.zeros(4, np.int16)
    buffers = [one.ctypes for one in blocks] + [None] * (4 - len(blocks))
    with _lend_place() as path:
        try:
            path.write_bytes(bare)
        except OSError as error:
            raise DiskError(f"{path} cannot be written: {error.strerror}; make room there, or set TMPDIR") from error
        library.read_jpeg_markers(str(path), (c_ubyte * 1)())  # raises where the next call must not see the header
        library.read_jpeg_dct(str(path), *buffers, tables.ctypes, numbers.ctypes, path="")
    return tables[numbers[: len(blocks)]]


def write_coefficients(image: Coefficients, icc: bytes | None = None, exif: bytes | None = None) -> bytes:
    """The file, in one scan and with tables of its own, with those notes and no others: the same bytes for the same
    coefficients, which must be codable. Raises DiskError where temporary files cannot be written."""
    library, grid = require_jpeglib(), image.grid
    distinct = list(dict.fromkeys(grid.tables))
    blocks = [np.ascontiguousarray(one, np.int16) for one in image.blocks]
    none, lacking = [None], 4 - grid.channels
    with _lend_place() as path:
        try:
            library.write_jpeg_dct(
                None, str(path), *(one.ctypes for one in blocks), *none * lacking, (c_int * 2)(grid.height, grid.width),
                (c_int * 8)(*(side for one in blocks for side in one.shape[:2])), SPACES[grid.channels], grid.channels,
                (c_int * 8)(*(factor for one in grid.sampling for factor in one)),
                np.frombuffer(b"".join(distinct), "<u2").astype(np.uint16).ctypes, -1,
                (c_short * 4)(*(distinct.index(one) for one in grid.tables), *[-1] * lacking),
                0, *none * 3, ["OPTIMIZE_CODING"],
            )  # fmt: skip
        except OSError as error:
            raise DiskError(f"an image cannot be written in {path.parent.parent}: make room there, or set TMPDIR") from error
        content = path.read_bytes()
    return b"".join([START, JFIF, *_encode_notes(icc, exif), _drop_head(content)])


@contextmanager
def _lend_place() -> Iterator[Path]:
    """Of a file for the library. Raises DiskError where there is none."""
    try:
        place = TemporaryDirectory(prefix="hideseek-")
    except OSError as error:
        raise DiskError(f"temporary files cannot be written: {error.strerror}; make room, or set TMPDIR") from error
    with place as folder:
        yield Path(folder) / "image.jpg"


def _encode_notes(icc: bytes | None, exif: bytes | None) -> list[bytes]:
    """APP1 and APP2."""
    found = [] if exif is None else [(0xE1, exif)]
    pieces = [] if icc is None else [icc[at : at + ICC_PIECE] for at in range(0, len(icc), ICC_PIECE)]
    found += [(0xE2, ICC + bytes([number, len(pieces)]) + piece) for number, piece in enumerate(pieces, 1)]
    return [struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content for marker, content in found]


def _drop_head(content: bytes) -> bytes:
    """A file that was just written, without its beginning and what is no part of the image."""
    at = 2
    while content[at + 1] in NOTES:
        at += 2 + int(struct.unpack(">H", content[at + 2 : at + 4])[0])
    return content[at:]
