"""What lossless formats take of the same images, under a mask and clean: bytes, and processor time to write and to read.

    python -m bench.performance.formats FOLDER [--every 10] [--sizes own 32x32 224x224 363x360 2000x3000] [--repeats 3]

Images are brought to each size, height by width (Lanczos, their central part; `own`: as they lie there). The mask is of
random values (standard deviation 3, ε 8, one seed), of 64x64 at most, carried to each image as masks are. Settings take
turns image by image; ratios are to Pillow's own PNG in the same repeat, with the least and the greatest of one.
"""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from hideseek_cli.images.codec import Pixels, decode, drop_alpha
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import ENCODINGS
from hideseek_cli.images.layout import find_layout
from hideseek_cli.masks.arithmetic import apply, place
from hideseek_cli.masks.image_stack import SIDE

LOSSLESS: dict[str, Any] = {"lossless": True, "exact": True}
SETTINGS: dict[str, tuple[str, dict[str, Any]]] = {
    "PNG, Pillow's own (level 6)": ("PNG", {}),
    "**PNG, as written**": ("PNG", ENCODINGS["png"]),
    "PNG, Huffman codes alone": ("PNG", {"compress_type": 2}),
    "PNG, level 1": ("PNG", {"compress_level": 1}),
    "WebP, Pillow's own (method 4)": ("WEBP", LOSSLESS),
    "**WebP, as written**": ("WEBP", ENCODINGS["webp"]),
    "WebP, method 0": ("WEBP", {**LOSSLESS, "method": 0, "quality": 20}),
    "WebP, method 2": ("WEBP", {**LOSSLESS, "method": 2, "quality": 20}),
}
"""The first is what the others are compared with. WebP knows no grey, and is left out there."""


def bring(pixels: Pixels, size: str) -> Pixels:
    if size == "own":
        return pixels
    height, width = map(int, size.split("x"))
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS)).reshape(height, width, -1)


def cover(pixels: Pixels) -> Pixels:
    side = min(SIDE, *pixels.shape[:2])
    pattern = np.random.default_rng(0).normal(0, 3, (1, side, side, pixels.shape[2])).clip(-8, 8).round().astype(np.int8)
    return apply(pixels[None], place(pattern, np.zeros(1, np.int64), None, pixels.shape[:2]))[0]


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    before = time.process_time()
    found = work()
    return time.process_time() - before, found


def encode(pixels: Pixels, kind: str, settings: dict[str, Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(stream, kind, **settings)
    return stream.getvalue()


def read(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def measure(images: Sequence[Pixels], names: Sequence[str]) -> np.ndarray:
    """Setting -> bytes, seconds to write and to read, of all images together."""
    found = np.zeros((len(names), 3))
    for number, pixels in enumerate(images):
        for at in np.roll(range(len(names)), number):  # none is always the first to see an image
            written, content = timed(partial(encode, pixels, *SETTINGS[names[at]]))
            back, same = timed(partial(read, content))
            assert np.array_equal(same.reshape(pixels.shape), pixels), names[at]
            found[at] += len(content), written, back
    return found


def print_rows(title: str, images: Sequence[Pixels], repeats: int) -> None:
    names = [name for name, (kind, _) in SETTINGS.items() if kind != "WEBP" or min(one.shape[2] for one in images) > 1]
    runs = np.stack([measure(images, names) for _ in range(repeats)])
    for number, name in enumerate(names):
        size, writing, reading = runs[:, number].mean(0) / len(images)
        written, back = (runs[:, 0, 1:] / runs[:, number, 1:]).T
        print(
            f"| {title} | {name} | {size:,.0f} | {runs[0, number, 0] / runs[0, 0, 0]:.3f} | {1000 * writing:.2f} | "
            f"{np.median(written):.2f} ({written.min():.2f} to {written.max():.2f}) | {1000 * reading:.2f} | "
            f"{np.median(back):.2f} |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every so many-th image")
    parser.add_argument("--sizes", nargs="+", default=["own", "32x32", "224x224", "363x360", "2000x3000"])
    parser.add_argument("--most", type=int, default=12_000_000, help="pixels of a size at most, one image at least")
    parser.add_argument("--repeats", type=int, default=3)
    asked = parser.parse_args()
    own = [drop_alpha(decode(record.path)) for record in scan(find_layout(asked.folder).train).records[:: asked.every]]
    print("| images | setting | bytes | to PNG | ms to write | times as fast | ms to read | times as fast |")
    print("|---|---|---|---|---|---|---|---|")
    for size in asked.sizes:
        area = bring(own[0], size)[:, :, 0].size
        few = [bring(one, size) for one in own[:: -(-len(own) // max(1, asked.most // area))]]
        shown = "x".join(map(str, few[0].shape[:2])) if size == "own" else size
        print_rows(f"{len(few)} of {shown}, masked", [cover(one) for one in few], asked.repeats)
        print_rows("the same, clean", few, asked.repeats)


if __name__ == "__main__":
    main()
