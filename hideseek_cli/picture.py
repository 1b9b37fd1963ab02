"""One picture on the disk: read it as an array, write it as PNG."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageOps, UnidentifiedImageError

from hideseek_cli.errors import InputError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".ppm", ".pgm"})
MAX_PIXELS = 40_000_000
MIN_SIDE = 8

Picture = UInt8[np.ndarray, "h w c"]
Mixed = list[UInt8[np.ndarray, "_ _ _"]]
"""Pictures of any sizes, grey and coloured."""


def decode(path: Path, size: int | None = None) -> Picture:
    """The picture in grey levels, one channel where it is grey and three otherwise, EXIF orientation applied.

    With ``size`` it is cut to its central square and brought to that side (Lanczos). Refused, each with its reason:
    what is no picture, is damaged, animated, deeper than 8 bits, partly transparent, or too large or too small.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise InputError(f"{path} has more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller")
                if getattr(image, "n_frames", 1) > 1:
                    raise InputError(f"{path} is animated; keep one frame of it")
                plain = _plain(path, ImageOps.exif_transpose(image))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError,
            Image.DecompressionBombWarning) as error:  # fmt: skip
        raise InputError(f"{path} cannot be read as a picture ({error}); repair or remove it") from error
    if size is not None:
        plain = ImageOps.fit(plain, (size, size), Image.Resampling.LANCZOS)
    if min(plain.size) < MIN_SIDE:
        raise InputError(f"{path} is {plain.width}x{plain.height}; a picture has at least {MIN_SIDE} pixels a side")
    array = np.asarray(plain)
    return array[:, :, None] if array.ndim == 2 else array


def _plain(path: Path, image: Image.Image) -> Image.Image:
    """The picture in mode L or RGB."""
    if image.mode in ("L", "RGB"):
        return image.copy()
    if image.mode == "1":
        return image.convert("L")
    if image.mode == "CMYK" or (image.mode == "P" and "transparency" not in image.info):
        return image.convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "P"):
        full = image.convert("RGBA")
        if full.getchannel("A").getextrema()[0] != 255:
            raise InputError(f"{path} is partly transparent; flatten it onto a background first")
        return full.convert("L" if image.mode == "LA" else "RGB")
    raise InputError(f"{path} is of mode {image.mode}, not 8 bits a channel; convert it to 8-bit grey or RGB first")


def encode(picture: Picture) -> bytes:
    """The picture as PNG, without metadata: the same bytes for the same pixels."""
    stream = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(stream, "PNG")
    return stream.getvalue()
