"""What a file or folder is, by its name: an image, an image of a format that is not supported, or nobody's data.

>>> is_image("cat.JPG"), is_image("cat.heic"), is_supported("cat.heic"), is_image("notes.txt")
(True, True, False, False)
>>> why_ignored("Thumbs.db"), why_ignored(".git"), why_ignored("cat.png")
('left by a system', 'hidden', None)
"""

from __future__ import annotations

from hideseek_cli.images.codec import SUFFIXES
from hideseek_cli.runtime.clutter import is_clutter

OTHER_FORMATS = frozenset({
    ".avif", ".heic", ".heif", ".jxl", ".jp2", ".j2k", ".jpx", ".jpf", ".jxr",  # of cameras, telephones and archives
    ".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw",  # raw
    ".svg", ".psd", ".xcf", ".ai", ".eps",  # of drawing programs
    ".exr", ".hdr", ".dds", ".tga", ".pcx", ".ico", ".pbm", ".pnm", ".pam", ".dcm",
})  # fmt: skip
"""Suffixes of images that are not read, in small letters."""
HIDDEN, CLUTTER = "hidden", "left by a system"


def is_supported(name: str) -> bool:
    """Whether that is an image of a format that is read."""
    return _suffix(name) in SUFFIXES


def is_image(name: str) -> bool:
    """Whether that is an image of any format."""
    return is_supported(name) or _suffix(name) in OTHER_FORMATS


def why_ignored(name: str) -> str | None:
    """Why a file or folder of that name is passed over wherever images are read; None where it is not."""
    if is_clutter(name):
        return CLUTTER
    return HIDDEN if name.startswith(".") else None


def _suffix(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem else ""
