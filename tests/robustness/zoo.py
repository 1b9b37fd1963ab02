"""Odd files as people's folders hold them, each with what becomes of it."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

TAKEN, PASSED_OVER = "taken", "passed over"


@dataclass(frozen=True)
class Odd:
    """A file of the zoo; ``outcome`` is TAKEN, PASSED_OVER, or words of the refusal."""

    name: str
    make: Callable[[Path], object]
    outcome: str = TAKEN


def image(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    """An image with slopes, noise, and areas that clip."""
    random = np.random.default_rng([size[0], size[1]])
    rows, columns = np.mgrid[0 : size[1], 0 : size[0]]
    levels = 128 + 90 * np.sin(rows[..., None] / 9 + columns[..., None] / (5, 7, 11)) + random.normal(0, 20, (*size[::-1], 3))
    levels[:3, :3], levels[-3:, -3:] = 0, 255
    image = Image.fromarray(levels.clip(0, 255).astype(np.uint8))
    if mode in ("RGBA", "LA"):
        image = image.convert(mode)
        image.putalpha(Image.fromarray((columns * 255 // size[0]).astype(np.uint8)))
        return image
    return image.convert(mode)


def saved(image: Image.Image, **options: object) -> Callable[[Path], object]:
    return lambda path: image.save(path, **options)


def written(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def of(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def turned(orientation: int) -> Callable[[Path], object]:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif.get_ifd(0x8825)[1] = "N"
    return saved(image(size=(50, 22)), exif=exif)


def linked(to: str, folder: bool = False) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(to, target_is_directory=folder)


def deep_png(colour: int, channels: int) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write in colour."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + bytes(2 * channels * 12) for _ in range(12))
    header = struct.pack(">IIBBBBB", 12, 12, 16, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


FRAMES = {"save_all": True, "append_images": [image().rotate(90), image().rotate(180)]}
CUT, MANY = "cannot be read as an image", "more than 40 million pixels"
NO_IMAGE, BAD_NAME, SAME_NAME = "are no images", "have names with", "the same name once"
NOT_READ, LINK, BROKEN = "formats that are not supported", "folders are links", "links lead nowhere"
DEEP, SEVERAL = "not 8 bits a channel", "several frames"

ZOO = (
    *(Odd(f"mode-{mode}.png", saved(image(mode))) for mode in ("RGB", "L", "P", "1", "RGBA", "LA")),
    Odd("opaque.png", saved(image().convert("RGBA"))),
    Odd("one-colour-transparent.png", saved(image(), transparency=(0, 0, 0))),
    Odd("one-grey-transparent.png", saved(image("L"), transparency=0)),
    Odd("palette-transparent.png", saved(image("P"), transparency=0)),
    Odd("profile.png", saved(image(), icc_profile=bytes(16) + b"RGB " + bytes(108))),
    Odd("plain.jpg", saved(image())), Odd("grey.jpg", saved(image("L"))), Odd("cmyk.jpg", saved(image("CMYK"))),
    Odd("progressive.jpeg", saved(image(), progressive=True)), Odd("poor.jpe", saved(image(), quality=3)),
    Odd("camera.JPG", saved(image())), Odd("scanner.jfif", saved(image())),
    *(Odd(f"turned-{number}.jpg", turned(number)) for number in (2, 3, 6, 8)),
    Odd("lossy.webp", saved(image())), Odd("lossless.webp", saved(image(), lossless=True)),
    Odd("veiled.webp", saved(image("RGBA"))),
    Odd("lzw.tiff", saved(image(), compression="tiff_lzw")), Odd("thin-grey.tif", saved(image("L"))),
    Odd("print.tif", saved(image("CMYK"))), Odd("glass.tif", saved(image("RGBA"))),
    Odd("colour.bmp", saved(image())), Odd("flat-grey.bmp", saved(image("L"))), Odd("palette.bmp", saved(image("P"))),
    Odd("still.gif", saved(image("P"))), Odd("map.ppm", saved(image())), Odd("chart.pgm", saved(image("L"))),
    Odd("smallest.png", saved(image(size=(8, 8)))), Odd("strip.png", saved(image(size=(300, 9)))),
    Odd("tower.png", saved(image(size=(11, 250)))), Odd("photograph.jpg", saved(image(size=(700, 500)))),
    Odd("jpeg inside.png", written(of(image(), "JPEG"))), Odd("png inside.jpg", written(of(image(), "PNG"))),
    Odd("ünïcödé 图片 🖼.png", saved(image())), Odd("-rf.png", saved(image())), Odd("a.b.c.png", saved(image())),
    Odd("100% [sure]; $HOME & 'more'.png", saved(image())), Odd("x" * 240 + ".png", saved(image())),
    Odd("deep/deeper/nested.png", saved(image())), Odd("link.png", linked("plain.jpg")),
    Odd(".hidden.png", saved(image()), PASSED_OVER), Odd("._double.jpg", written(b"\0\5\x16\7"), PASSED_OVER),
    Odd(".thumbnails/small.png", saved(image()), PASSED_OVER),
    Odd("deep-grey.png", saved(Image.new("I;16", (12, 12))), DEEP), Odd("deep-colour.png", written(deep_png(2, 3)), DEEP),
    Odd("deep-veiled.png", written(deep_png(6, 4)), DEEP), Odd("deep-scan.tif", saved(Image.new("I;16", (12, 12))), DEEP),
    Odd("float.tif", saved(Image.new("F", (12, 12))), DEEP), Odd("lab.tif", saved(Image.new("LAB", (12, 12))), DEEP),
    Odd("deep-map.ppm", written(b"P6 12 12 65535\n" + bytes(2 * 3 * 144)), DEEP),
    Odd("deep-chart.pgm", written(b"P5 12 12 65535\n" + bytes(2 * 144)), DEEP),
    Odd("moving.gif", saved(image(), **FRAMES), SEVERAL), Odd("moving-too.webp", saved(image(), **FRAMES), SEVERAL),
    Odd("moving-slow.png", saved(image(), **FRAMES), SEVERAL), Odd("pages.tif", saved(image(), **FRAMES), SEVERAL),
    Odd("half.png", written(of(image(), "PNG")[:900]), CUT), Odd("cut.jpg", written(of(image(), "JPEG")[:700]), CUT),
    Odd("part.webp", written(of(image(), "WEBP")[:200]), CUT), Odd("header.png", written(of(image(), "PNG")[:33]), CUT),
    Odd("flipped.png", written(of(image(), "PNG")[:500] + b"?" + of(image(), "PNG")[501:]), CUT),
    Odd("empty.png", written(b""), CUT), Odd("words.png", written(b"not an image at all"), CUT),
    Odd("page.jpg", written(b"<!doctype html><title>404</title>"), CUT), Odd("noise.webp", written(bytes(range(256)) * 9), CUT),
    Odd("tiny.png", saved(image(size=(7, 30))), "at least 8 pixels"),
    Odd("thread.png", saved(Image.new("1", (66_000, 8))), "at most 65535"),
    Odd("huge.png", saved(Image.new("1", (8_000, 5_100))), MANY), Odd("bomb.png", saved(Image.new("1", (20_000, 20_000))), CUT),
    Odd("Thumbs.db", written(b"db"), PASSED_OVER), Odd("desktop.ini", written(b"[x]"), PASSED_OVER),
    Odd("@eaDir/plain.jpg/THUMB.jpg", saved(image()), PASSED_OVER), Odd("@eaDir/a.jpg", saved(image()), PASSED_OVER),
    Odd("Icon\r", written(b""), PASSED_OVER), Odd("__MACOSX/a.png", saved(image()), PASSED_OVER),
    *(Odd(f"new.{suffix}", written(b"new"), NOT_READ) for suffix in ("avif", "HEIC", "jp2", "jxl", "dng", "svg", "psd")),
    Odd("notes.txt", written(b"to do"), NO_IMAGE),
    Odd("clip.mp4", written(b"mp4"), NO_IMAGE), Odd("nameless", saved(image(), format="PNG"), NO_IMAGE),
    Odd("pipe.png", os.mkfifo, NO_IMAGE),
    Odd("broken link.png", linked("nowhere.png"), BROKEN), Odd("lost link", linked("nowhere", folder=True), BROKEN),
    Odd("folder link", linked("deep", folder=True), LINK),
    Odd("bell\x07.png", saved(image()), BAD_NAME), Odd("back\\slash.png", saved(image()), BAD_NAME),
    Odd("two\nlines.png", saved(image()), BAD_NAME), Odd("y" * 241 + ".png", saved(image()), BAD_NAME),
    Odd(os.fsdecode(b"latin-\xe9.png"), saved(image()), BAD_NAME), Odd(" .png", saved(image()), BAD_NAME),
    Odd("deep/deeper/nested.webp", saved(image()), SAME_NAME), Odd("plain.png", saved(image()), SAME_NAME),
)  # fmt: skip


def fill(folder: Path, outcomes: Callable[[str], bool] = lambda outcome: True) -> None:
    """Make the files whose outcome is asked for."""
    for odd in ZOO:
        if outcomes(odd.outcome):
            path = folder / odd.name
            path.parent.mkdir(parents=True, exist_ok=True)
            odd.make(path)
