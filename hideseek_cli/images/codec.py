"""One image on the disk: read it as an array, bring it to a size, write it as PNG or lossless WebP.

An array has one channel where the image is grey and three where it is in colour; where some of it is transparent, a last
channel says how much.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.images.exif import strip_exif

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})
ENCODINGS: dict[str, dict[str, bool]] = {"png": {}, "webp": {"lossless": True, "exact": True}}
"""How images are written, by suffix, with Pillow's settings; exact: colours stay under what is wholly transparent."""
WEBP_SIDE = 16_383
MAX_PIXELS = 40_000_000
MIN_SIDE, MAX_SIDE = 8, 65_535
PROFILES = {b"RGB ": ("RGB", "RGBA", "P", "PA"), b"GRAY": ("L", "LA", "1")}
"""Colour spaces of ICC profiles, and the modes of images whose decoded values they hold for."""
DAMAGED = (
    OSError, SyntaxError, ArithmeticError, AttributeError, EOFError, LookupError, TypeError, ValueError,
    RuntimeError, struct.error, Image.DecompressionBombError,
)  # fmt: skip
"""What Pillow raises for files that are damaged on purpose or by chance."""
ORIENTATION = 0x0112
"""The EXIF tag."""

Pixels = UInt8[np.ndarray, "h w c"]
"""One image."""
Images = UInt8[np.ndarray, "n h w c"]
"""Several of one shape."""
MixedPixels = list[UInt8[np.ndarray, "_ _ _"]]
"""Images that are grey and in colour."""


@dataclass(frozen=True)
class Notes:
    """What an image's file says besides its pixels."""

    icc: bytes | None = None
    """The profile of its colours."""
    exif: bytes | None = None
    """What may be published of how it was taken."""


NO_NOTES = Notes()


@runtime_checkable
class Source(Protocol):
    """Where an image lies: a file (a ``Path`` is one) or a span of an archive. Printed, it names the place to a user."""

    @property
    def name(self) -> str:
        """The last part of its path, with suffix."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


@contextmanager
def _open(path: Source) -> Iterator[ImageFile.ImageFile]:
    """The image file, not decoded yet. Raises InputError, then and inside, where it is none or cannot be used."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of what Pillow warns of is refused
            with path.open("rb") as file, Image.open(file) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise InputError(f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller")
                if not MIN_SIDE <= min(image.size) <= max(image.size) <= MAX_SIDE:
                    raise InputError(
                        f"{path} is {image.width}x{image.height}; an image has at least {MIN_SIDE} pixels a side"
                        f" and at most {MAX_SIDE}"
                    )
                if getattr(image, "n_frames", 1) > 1:
                    raise InputError(f"{path} has several frames or pages; keep one of them")
                if _is_deep(image):
                    raise InputError(f"{path} is not 8 bits a channel; convert it to 8-bit grey or RGB first")
                yield image
    except UnidentifiedImageError as error:
        raise InputError(f"{path} cannot be read as an image (of no known format); repair or remove it") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DiskError(f"{path} cannot be read: {error.strerror}; check the disk and your rights") from error
        raise InputError(f"{path} cannot be read as an image ({error}); repair or remove it") from error


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits a channel, which Pillow would cut off without a word."""
    for tile in image.tile:
        settings = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if any(";16" in one if isinstance(one, str) else tile.codec_name.startswith("ppm") and one > 255 for one in settings):
            return True
    return False


def read_shape(path: Source) -> tuple[int, int]:
    """Height and width in pixels, EXIF orientation applied, from the file's header alone."""
    with _open(path) as image:
        turned = image.getexif().get(ORIENTATION, 1) in (5, 6, 7, 8)
        return (image.width, image.height) if turned else (image.height, image.width)


def read_image(path: Source, *, exif: bool = False) -> tuple[Pixels, Notes]:
    """The image in grey levels, EXIF orientation applied, and the ICC profile of its colours where one still holds; with
    ``exif`` also what is harmless of that.

    Refused, each with its reason: what is no image, is damaged, animated, deeper than 8 bits, or too large or too small.
    """
    with _open(path) as image:
        found = image.info.get("icc_profile")
        fits = isinstance(found, bytes) and image.mode in PROFILES.get(found[16:20], ())
        array = np.asarray(_to_plain_mode(path, ImageOps.exif_transpose(image)))
        notes = Notes(found if fits else None, strip_exif(image.getexif()) if exif else None)
    return (array[:, :, None] if array.ndim == 2 else array), notes


def decode(path: Source, size: int | None = None) -> Pixels:
    """The pixels of ``read_image``, with ``size`` brought to it."""
    array, _ = read_image(path)
    return array if size is None else fit(array, size)


def fit(pixels: UInt8[np.ndarray, "_ _ _"], size: int) -> Pixels:
    """The colours of the image's central square, brought to that side (Lanczos): what a network is trained on."""
    colours = drop_alpha(pixels)
    if colours.shape[:2] == (size, size):
        return colours
    image = Image.fromarray(colours[:, :, 0] if colours.shape[2] == 1 else colours)
    array = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS))
    return array[:, :, None] if array.ndim == 2 else array


def drop_alpha(pixels: UInt8[np.ndarray, "... _"]) -> UInt8[np.ndarray, "... _"]:
    """The image, or images, without the channel that says how transparent they are."""
    channels = pixels.shape[-1]
    return pixels[..., : channels - (channels % 2 == 0)]


def attach_alpha(colours: UInt8[np.ndarray, "... _"], pixels: UInt8[np.ndarray, "... _"]) -> UInt8[np.ndarray, "... _"]:
    """Those colours, as transparent as the image, or images, that they were made from."""
    alpha = pixels[..., colours.shape[-1] :]
    return np.concatenate([colours, alpha], -1) if alpha.shape[-1] else colours


def _to_plain_mode(path: Source, image: Image.Image) -> Image.Image:
    """The image in mode L or RGB, or with A where some of it is transparent."""
    if image.mode in ("L", "RGB", "P") and "transparency" not in image.info:
        return image.convert("RGB") if image.mode == "P" else image.copy()
    if image.mode in ("1", "CMYK"):
        return image.convert("L" if image.mode == "1" else "RGB")
    if image.mode in ("L", "LA", "RGB", "RGBA", "P", "PA"):
        full = image.convert("LA" if image.mode in ("L", "LA") else "RGBA")
        opaque = full.getchannel("A").getextrema()[0] == 255
        return full.convert(full.mode[:-1]) if opaque else full
    raise InputError(f"{path} is of mode {image.mode}, not 8 bits a channel of grey or RGB; convert it first")


def why_unfit(shape: tuple[int, ...], encoding: str) -> str | None:
    """Why an image of that height, width and number of channels cannot be written so, as ``PATH <why>``; None if it can."""
    height, width, channels = shape
    if encoding == "webp" and channels < 3:
        return "is grey, and WebP knows colour alone; publish it as PNG"
    if encoding == "webp" and max(height, width) > WEBP_SIDE:
        return f"is {width}x{height}, and WebP has at most {WEBP_SIDE} pixels a side; publish it as PNG"
    return None


def encode(pixels: Pixels, notes: Notes = NO_NOTES, encoding: str = "png") -> bytes:
    """The image as PNG or lossless WebP, with those notes and no others: the same bytes for the same pixels."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(stream, encoding.upper(), icc_profile=notes.icc, exif=notes.exif or b"", **ENCODINGS[encoding])
    return stream.getvalue()


def digest_pixels(image: Pixels) -> str:
    """SHA-256 over an image's shape and pixels."""
    shape = "x".join(str(side) for side in image.shape)
    whole = hashlib.sha256(shape.encode() + b"\0")
    whole.update(np.ascontiguousarray(image).data)
    return whole.hexdigest()
