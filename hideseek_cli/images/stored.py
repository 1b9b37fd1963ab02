"""An image as its file holds it: pixels, or the coefficients of a JPEG that stays one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.util import find_spec

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.images.codec import InMemory, Pixels, Source, digest_pixels, drop_alpha, read_image, read_jpeg_notes
from hideseek_cli.images.encoding import encode, why_unfit
from hideseek_cli.images.jpeg import PREFIX, Coefficients, read_coefficients, require_jpeglib, write_coefficients
from hideseek_cli.images.jpeg_header import UnfitError
from hideseek_cli.images.notes import SIDEWAYS, Notes

JPEG = "jpg"
"""The suffix."""


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels, of an image that is written without loss."""

    pixels: Pixels
    notes: Notes
    unfit: str | None = None
    """Why it was not taken as the JPEG that it is, as ``it is <why>``."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Height, width and channels, that of alpha included."""
        return self.pixels.shape

    @property
    def channels(self) -> int:
        """Of colour."""
        return drop_alpha(self.pixels).shape[2]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over shape and pixels."""
        return digest_pixels(self.pixels)

    def encode(self, encoding: str) -> bytes:
        """The file. ``encoding``: a key of ``images.encoding.ENCODINGS``."""
        return encode(self.pixels, self.notes, encoding)

    def why_unfit(self, encoding: str) -> str | None:
        """Why it cannot be written so, as ``PATH <why>``; None if it can."""
        return why_unfit(self.pixels.shape, self.notes, encoding)


@dataclass(frozen=True, eq=False)
class Jpeg:
    """Coefficients, of an image that is written as a JPEG again."""

    coefficients: Coefficients
    notes: Notes
    source: InMemory | None = None
    """A file that has these coefficients, where there is one; it may say more than may be published."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of upright pixels."""
        grid = self.coefficients.grid
        sides = grid.height, grid.width
        height, width = reversed(sides) if grid.orientation in SIDEWAYS else sides
        return height, width, grid.channels

    @property
    def channels(self) -> int:
        return self.coefficients.grid.channels

    @cached_property
    def digest(self) -> str:
        """``jpeg:`` and SHA-256 over what is decoded."""
        return self.coefficients.digest()

    @cached_property
    def encoded(self) -> bytes:
        return write_coefficients(self.coefficients, self.notes.icc, self.notes.exif)

    @cached_property
    def pixels(self) -> Pixels:
        """As Pillow decodes them, upright."""
        return read_image(self.source or InMemory(self.encoded), "jpeg")[0]

    def encode(self, encoding: str) -> bytes:
        """The file, a JPEG however others are written."""
        return self.encoded

    def why_unfit(self, encoding: str) -> str | None:
        return None

    def replace(self, coefficients: Coefficients) -> Jpeg:
        """Another image of the same notes."""
        return replace(self, coefficients=coefficients, source=None)


Stored = Raster | Jpeg


def find_suffix(digest: str, encoding: str) -> str:
    """Of the file of an image of that digest, where others are written in that encoding."""
    return JPEG if digest.startswith(PREFIX) else encoding


def require_decoders(digests: Iterable[str]) -> None:
    """Raises InputError where an image of one of those digests is a JPEG, and what reads its coefficients is not installed."""
    if find_spec("jpeglib") is None and any(digest.startswith(PREFIX) for digest in digests):
        require_jpeglib()


def read_original(path: Source, *, exif: bool = False, keeps_jpeg: bool = False) -> Stored:
    """An owner's image. ``keeps_jpeg``: a JPEG that can be masked in its coefficients is taken as one.

    Raises InputError as ``read_image`` does.
    """
    source, unfit = path, None
    if keeps_jpeg and (told := read_jpeg_notes(path, exif=exif)) is not None:
        source = _load(path)
        try:
            coefficients = read_coefficients(source.content, told[1])
        except UnfitError as error:
            unfit = str(error)
        else:
            found = Jpeg(coefficients, told[0], source)
            found.pixels  # noqa: B018  # decoded while it is known of which file
            return found
    return Raster(*read_image(source, exif=exif), unfit)


def read_listed(path: Source, digest: str, encoding: str | None, *, exif: bool = False) -> Stored:
    """An image of which a manifest has the digest; whether it is that image is for the caller to see. Raises InputError."""
    if not digest.startswith(PREFIX):
        return Raster(*read_image(path, encoding, exif=exif))
    told = read_jpeg_notes(path, exif=exif)
    if told is None:
        raise InputError(f"{path} cannot be read as an image (which should be JPEG); repair or remove it")
    source = _load(path)
    try:
        return Jpeg(read_coefficients(source.content, told[1]), told[0], source)
    except UnfitError as error:
        raise InputError(f"{path} cannot be read as an image (it is {error}); repair or remove it") from error


def _load(path: Source) -> InMemory:
    try:
        with path.open("rb") as file:
            return InMemory(file.read(), str(path))
    except OSError as error:
        raise DiskError(f"{path} cannot be read: {error.strerror}; check the disk and your rights") from error
