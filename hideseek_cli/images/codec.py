"""One image on the disk: read it as an array, bring it to a size. It is written by ``images.encoding``.

An array has one channel where the image is grey and three where it is in colour; where some of it is transparent, a last
channel says how much.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.images.exif import tell_orientation
from hideseek_cli.images.notes import DAMAGED, SIDEWAYS, Notes, find_orientation, find_profile, find_turn, read_exif, strip
from hideseek_cli.images.png_notes import drop_notes

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
"""What Pillow calls the formats of those files. It knows others, and starts a program for one of them."""
MAX_PIXELS = 40_000_000
MIN_SIDE, MAX_SIDE = 8, 65_535
Result = TypeVar("Result")

Pixels = UInt8[np.ndarray, "h w c"]
"""One image."""
Images = UInt8[np.ndarray, "n h w c"]
"""Several of one shape."""
MixedPixels = list[UInt8[np.ndarray, "_ _ _"]]
"""Images that are grey and in colour."""


@runtime_checkable
class Source(Protocol):
    """Where an image lies: a file (a ``Path`` is one) or a span of an archive. Printed, it names the place to a user."""

    @property
    def name(self) -> str:
        """The last part of its path, with suffix."""

    def open(self, mode: Literal["rb"], /) -> BinaryIO: ...


def _read(path: Source, encoding: str | None, use: Callable[[ImageFile.ImageFile], Result]) -> Result:
    """What is made of an image file, which is not decoded yet. Raises InputError where it is none or cannot be used."""
    formats = FORMATS if encoding is None else (encoding.upper(),)
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")  # what matters of what Pillow warns of is refused
            try:
                return _use(path, file, formats, use)
            except DAMAGED:
                plain = drop_notes(file)
                if plain is None:
                    raise
                return _use(path, plain, formats, use)
    except UnidentifiedImageError as error:
        kind = "of no known format" if encoding is None else f"which should be {encoding.upper()}"
        raise InputError(f"{path} cannot be read as an image ({kind}); repair or remove it") from error
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DiskError(f"{path} cannot be read: {error.strerror}; check the disk and your rights") from error
        raise InputError(f"{path} cannot be read as an image ({error}); repair or remove it") from error


def _use(
    path: Source, file: BinaryIO | io.BytesIO, formats: tuple[str, ...], use: Callable[[ImageFile.ImageFile], Result]
) -> Result:
    with Image.open(file, formats=formats) as image:
        if image.width * image.height > MAX_PIXELS:
            raise InputError(f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller")
        if not MIN_SIDE <= min(image.size) <= max(image.size) <= MAX_SIDE:
            raise InputError(
                f"{path} is {image.width}x{image.height}; an image has at least {MIN_SIDE} pixels a side and at most {MAX_SIDE}"
            )
        if _has_frames(image):
            raise InputError(f"{path} has several frames or pages; keep one of them")
        if _is_deep(image):
            raise InputError(f"{path} is not 8 bits a channel; convert it to 8-bit grey or RGB first")
        return use(image)


def _has_frames(image: ImageFile.ImageFile) -> bool:
    """Whether there is a second frame or page; what a camera puts behind its photograph (MPO) is none.

    The second alone is looked for: to count those of a TIFF takes time by the square of their number.
    """
    if image.format == "MPO":
        return False
    try:
        image.seek(1)
    except EOFError:
        return False
    return True


def _is_deep(image: ImageFile.ImageFile) -> bool:
    """Whether the file has more than 8 bits a channel, which Pillow would cut off without a word."""
    for tile in image.tile:
        settings = tile.args if isinstance(tile.args, tuple) else (tile.args,)
        if any(";16" in one if isinstance(one, str) else tile.codec_name.startswith("ppm") and one > 255 for one in settings):
            return True
    return False


def read_shape(path: Source, encoding: str | None = None) -> tuple[int, int]:
    """Height and width in pixels, EXIF orientation applied, from the file's header alone; else as ``read_image``."""

    def measure(image: ImageFile.ImageFile) -> tuple[int, int]:
        turned = find_orientation(read_exif(image)) in SIDEWAYS
        return (image.width, image.height) if turned else (image.height, image.width)

    return _read(path, encoding, measure)


def read_image(path: Source, encoding: str | None = None, *, exif: bool = False) -> tuple[Pixels, Notes]:
    """The image in grey levels, EXIF orientation applied, and the ICC profile of its colours where one still holds; with
    ``exif`` also what is harmless of that.

    ``encoding``: the only one that the file may have, such as ``png``; None: any of FORMATS. Refused, each with its reason:
    what is no image, is damaged, animated, deeper than 8 bits, or too large or too small.
    """

    def take(image: ImageFile.ImageFile) -> tuple[Pixels, Notes]:
        image.load()
        told, profile = read_exif(image), find_profile(image)
        turn = find_turn(told)
        array = np.asarray(_to_plain_mode(path, image if turn is None else image.transpose(turn)))
        notes = Notes(profile, strip(told) if exif and told is not None else None)
        return (array[:, :, None] if array.ndim == 2 else array), notes

    return _read(path, encoding, take)


def read_jpeg_notes(path: Source, *, exif: bool = False) -> tuple[Notes, int] | None:
    """What a JPEG says besides its pixels, which are not decoded, and its orientation, which is among that; None where the file
    is another image. Raises InputError as ``read_image`` does."""

    def tell(image: ImageFile.ImageFile) -> tuple[Notes, int] | None:
        if image.format not in ("JPEG", "MPO"):
            return None
        told = read_exif(image)
        orientation = find_orientation(told)
        kept = strip(told, orientation) if exif and told is not None else tell_orientation(orientation)
        return Notes(find_profile(image), kept), orientation

    return _read(path, None, tell)


def decode(path: Source, size: int | None = None, encoding: str | None = None) -> Pixels:
    """The pixels of ``read_image``, with ``size`` brought to it: from all of them, because a JPEG that is decoded at a smaller
    scale is another image to networks."""
    array, _ = read_image(path, encoding)
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


def take_alpha(pixels: UInt8[np.ndarray, "... _"]) -> UInt8[np.ndarray, "... _"]:
    """The channel, or none, that says how transparent the image is, or the images are."""
    return pixels[..., drop_alpha(pixels).shape[-1] :]


def attach_alpha(colours: UInt8[np.ndarray, "... _"], pixels: UInt8[np.ndarray, "... _"]) -> UInt8[np.ndarray, "... _"]:
    """Those colours, as transparent as the image, or images, that they were made from."""
    alpha = take_alpha(pixels)
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


@dataclass(frozen=True)
class InMemory:
    """A file that is in memory."""

    content: bytes
    place: str = "what was written"

    @property
    def name(self) -> str:
        return self.place

    def __str__(self) -> str:
        return self.place

    def open(self, mode: Literal["rb"] = "rb", /) -> io.BytesIO:
        return io.BytesIO(self.content)


def digest_pixels(image: Pixels) -> str:
    """SHA-256 over an image's shape and pixels."""
    shape = "x".join(str(side) for side in image.shape)
    whole = hashlib.sha256(shape.encode() + b"\0")
    whole.update(np.ascontiguousarray(image).data)
    return whole.hexdigest()
