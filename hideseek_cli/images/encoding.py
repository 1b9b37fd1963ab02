"""Images written as PNG or lossless WebP: the same bytes for the same pixels, and nothing that cannot be read again."""

from __future__ import annotations

import io
import zlib
from functools import lru_cache

import numpy as np
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.images.codec import MIN_SIDE, InMemory, Pixels, decode, read_image
from hideseek_cli.images.notes import DAMAGED, NO_NOTES, Notes

ENCODINGS: dict[str, dict[str, bool | int]] = {
    "png": {"compress_type": zlib.Z_RLE},
    "webp": {"lossless": True, "exact": True, "method": 1, "quality": 20},
}
"""How images are written, by suffix, with Pillow's settings: nothing is searched for long, because a mask is noise, in which
nothing repeats itself but runs of black and white; exact: colours stay under what is wholly transparent."""
WEBP_SIDE = 16_383


def why_unfit(shape: tuple[int, ...], notes: Notes, encoding: str) -> str | None:
    """Why an image of that height, width and number of channels, with those notes, cannot be written so, as ``PATH <why>``;
    None if it can."""
    height, width, channels = shape
    if encoding == "webp" and channels < 3:
        return "is grey, and WebP knows colour alone; publish it as PNG"
    if encoding == "webp" and max(height, width) > WEBP_SIDE:
        return f"is {width}x{height}, and WebP has at most {WEBP_SIDE} pixels a side; publish it as PNG"
    if notes != NO_NOTES and not _survives(notes, channels, encoding):
        size = len(notes.icc or b"") + len(notes.exif or b"")
        return (
            f"has a colour profile or EXIF ({size} bytes) that readers of {encoding.upper()} refuse; convert it to sRGB "
            "without them"
        )
    return None


@lru_cache(maxsize=16)
def _survives(notes: Notes, channels: int, encoding: str) -> bool:
    """Whether what is written with those notes can be read again, and says the same."""
    blank = np.zeros((MIN_SIDE, MIN_SIDE, channels), np.uint8)
    try:
        return read_image(InMemory(_encode(blank, notes, encoding)), encoding, exif=True)[1] == notes
    except (InputError, *DAMAGED):
        return False


def encode(pixels: Pixels, notes: Notes = NO_NOTES, encoding: str = "png") -> bytes:
    """The image as PNG or lossless WebP, with those notes and no others: the same bytes for the same pixels.

    Where it has notes it is read again before it is returned. Raises ValueError where that gives another image.
    """
    found = _encode(pixels, notes, encoding)
    if notes != NO_NOTES and not np.array_equal(decode(InMemory(found), encoding=encoding), pixels):
        raise ValueError("an image that was written is not what is read")
    return found


def _encode(pixels: Pixels, notes: Notes, encoding: str) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(stream, encoding.upper(), icc_profile=notes.icc, exif=notes.exif or b"", **ENCODINGS[encoding])
    return stream.getvalue()
