"""PNG files without the notes in them that Pillow refuses to open: texts that are long or damaged, damaged profiles.

What a file says besides its pixels is no fault of theirs, and other programs open such files.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"
PIXELS = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"acTL", b"fcTL", b"fdAT"})
"""Chunks that say what the pixels are, and whether there are several frames."""
MOST = 2**28
"""Bytes of a file that is read as a whole."""


def drop_notes(file: BinaryIO | io.BytesIO) -> io.BytesIO | None:
    """The same PNG with no chunk but PIXELS; None for what is none, has no others, or is not whole. Raises OSError."""
    file.seek(0)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return None
    rest = file.read(MOST + 1)
    if len(rest) > MOST:
        return None
    kept, at, dropped = [SIGNATURE], 0, 0
    while at + 8 <= len(rest):
        length, kind = struct.unpack_from(">I4s", rest, at)
        end = at + 12 + length
        if kind in PIXELS:
            kept.append(rest[at:end])
        else:
            dropped += 1
        at = end
    return io.BytesIO(b"".join(kept)) if dropped else None
