"""What of an image's EXIF may be published where its owner wants that: short texts and numbers about how it was taken.

A camera writes the image once more into its EXIF: as a thumbnail, a preview, or in notes that only its maker can read. Those
would show a masked image as it was, so nothing is kept that is not known to be harmless. What says how the pixels lie, such
as the orientation, holds no more once they have been read.

What is kept is written here and not by ``Image.Exif.tobytes``, which writes each tag as Pillow's table of tags has it: where a
camera wrote another type it raises or turns numbers into text, and its bytes change as that table grows.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from PIL import Image
from PIL.ExifTags import GPSTAGS, IFD, TAGS, Base
from PIL.TiffImagePlugin import IFDRational

ABOUT = frozenset({
    Base.ImageDescription, Base.Make, Base.Model, Base.XResolution, Base.YResolution, Base.ResolutionUnit, Base.Software,
    Base.DateTime, Base.Artist, Base.Copyright,
})  # fmt: skip
"""Tags of the first directory, which in a TIFF also says where the pixels are."""
SHOT = frozenset(TAGS) - {Base.ExifImageWidth, Base.ExifImageHeight, Base.ExifInteroperabilityOffset, *IFD}
PLACE = frozenset(GPSTAGS)
MOST, FEW = 512, 4
"""Letters or numbers of one tag, and bytes that may be anything."""
UPRIGHT = 1
"""The orientation of most images."""
HEAD = b"Exif\0\0MM\0*\0\0\0\x08"
Field = tuple[int, int, bytes]
"""Type and count by the standard, and content."""


def strip_exif(found: Image.Exif, orientation: int = UPRIGHT) -> bytes | None:
    """EXIF with nothing in it but what may be published, None where that is nothing; the same for what is harmless already.

    ``orientation``: of pixels that lie in the file as they did. Raises whatever Pillow raises for damaged EXIF.
    """
    first = _select_fields(found, ABOUT) | _orient(orientation)
    both = {int(one): _select_fields(found.get_ifd(one), tags) for one, tags in ((IFD.Exif, SHOT), (IFD.GPSInfo, PLACE))}
    inner = {one: fields for one, fields in both.items() if fields}
    first |= {one: (4, 1, bytes(4)) for one in inner}
    end, behind = 8 + len(_encode_directory(first, 8)), b""
    for one, fields in inner.items():
        first[one] = 4, 1, struct.pack(">I", end + len(behind))
        behind += _encode_directory(fields, end + len(behind))
    return HEAD + _encode_directory(first, 8) + behind if first else None


def tell_orientation(orientation: int) -> bytes | None:
    """EXIF that says nothing else, None where there is nothing to say."""
    first = _orient(orientation)
    return HEAD + _encode_directory(first, 8) if first else None


def _orient(orientation: int) -> dict[int, Field]:
    return {} if orientation == UPRIGHT else {Base.Orientation: (3, 1, struct.pack(">H", orientation))}


def _select_fields(values: Mapping[int, object], tags: frozenset[int]) -> dict[int, Field]:
    """What may be kept of a directory."""
    found = {tag: _encode_field(value) for tag, value in values.items() if tag in tags}
    return {tag: field for tag, field in found.items() if field is not None}


def _encode_field(value: object) -> Field | None:
    """A short text, some numbers, or very few bytes; None for anything else."""
    if isinstance(value, bytes):
        return (1, len(value), value) if 0 < len(value) <= FEW else None
    if isinstance(value, str):
        text = value.encode("ascii", "replace") + b"\0"
        return (2, len(text), text) if len(text) <= MOST else None
    several = value if isinstance(value, tuple) else (value,)
    if not 0 < len(several) <= MOST:
        return None
    ratios = [one for one in several if isinstance(one, IFDRational)]
    whole = [one for one in several if isinstance(one, int)]
    try:
        if len(ratios) == len(several):
            parts = [int(part) for one in ratios for part in (one.numerator, one.denominator)]
            kind, code = (10, "i") if min(parts) < 0 else (5, "I")
            return kind, len(several), struct.pack(f">{len(parts)}{code}", *parts)
        if len(whole) == len(several):
            kind, code = (9, "i") if min(whole) < 0 else (3, "H") if max(whole) < 2**16 else (4, "I")
            return kind, len(several), struct.pack(f">{len(whole)}{code}", *whole)
    except struct.error:
        pass
    return None


def _encode_directory(fields: dict[int, Field], at: int) -> bytes:
    """A directory that begins at that offset, with what does not fit into its rows behind them."""
    rows, behind = b"", b""
    end = at + 2 + 12 * len(fields) + 4
    for tag, (kind, count, content) in sorted(fields.items()):
        if len(content) <= FEW:
            place = content.ljust(FEW, b"\0")
        else:
            place, behind = struct.pack(">I", end + len(behind)), behind + content + bytes(len(content) % 2)
        rows += struct.pack(">HHI", tag, kind, count) + place
    return struct.pack(">H", len(fields)) + rows + bytes(4) + behind
