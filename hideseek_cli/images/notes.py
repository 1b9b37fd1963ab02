"""What an image's file says besides its pixels: colour profile, orientation, and what may be published of its EXIF."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image, ImageFile

from hideseek_cli.images.exif import UPRIGHT, strip_exif, tell_orientation

PROFILES = {b"RGB ": ("RGB", "RGBA", "P", "PA"), b"GRAY": ("L", "LA", "1")}
"""Colour spaces of ICC profiles, and the modes of images whose decoded values they hold for."""
DAMAGED = (
    OSError, SyntaxError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError,
    RuntimeError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises for files that are damaged on purpose or by chance."""
ORIENTATION = 0x0112
"""The EXIF tag."""
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE, 8: Image.Transpose.ROTATE_90,
}  # fmt: skip
"""What each of its values but the first asks for."""
SIDEWAYS = (5, 6, 7, 8)
"""Those of which height and width are interchanged."""


@dataclass(frozen=True)
class Notes:
    """What an image's file says besides its pixels."""

    icc: bytes | None = None
    """The profile of its colours."""
    exif: bytes | None = None
    """What may be published of how it was taken."""


NO_NOTES = Notes()


def read_exif(image: ImageFile.ImageFile) -> Image.Exif | None:
    """What the file says of how it was taken; None where that is damaged, which is no fault of its pixels. Those of a PNG are
    decoded on the way, and must be by then where it matters whether they can be."""
    try:
        exif = image.getexif()
        exif.get(ORIENTATION)
    except DAMAGED:
        return None
    return exif


def find_orientation(exif: Image.Exif | None) -> int:
    """EXIF's number of how the pixels are to be turned to stand upright."""
    orientation = None if exif is None else exif.get(ORIENTATION)
    return orientation if isinstance(orientation, int) and orientation in TURNS else UPRIGHT


def find_turn(exif: Image.Exif | None) -> Image.Transpose | None:
    """The turn itself."""
    return TURNS.get(find_orientation(exif))


def find_profile(image: ImageFile.ImageFile) -> bytes | None:
    """The ICC profile of its colours, where it still holds once they are decoded."""
    found = image.info.get("icc_profile")
    return found if isinstance(found, bytes) and image.mode in PROFILES.get(found[16:20], ()) else None


def strip(told: Image.Exif, orientation: int = UPRIGHT) -> bytes | None:
    """What may be published of it; nothing but the orientation where it is damaged."""
    try:
        return strip_exif(told, orientation)
    except DAMAGED:
        return tell_orientation(orientation)
