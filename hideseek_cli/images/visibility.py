"""How much of a change people see, where SSIM sees little: slow waves of colour tint a photograph and hardly cost similarity.

FLIP (Andersson et al., "FLIP: A Difference Evaluator for Alternating Images", HPG 2020), by its authors' own evaluator: what is
noticed where one image takes the other's place, from 0 (nothing) to 1, on average over the pixels. It is slow, a tenth of a
second for 256x256 pixels, so few images of a folder are judged. It holds the interpreter lock and has threads of its own
(OpenMP), so a pool of threads judges one image after another; the figure is the same whatever their number.
"""

from __future__ import annotations

import io

import numpy as np
from jaxtyping import Float32, Int64
from PIL import Image

from hideseek_cli.images.codec import Pixels

PIXELS_A_DEGREE = 67
"""FLIP's own assumption: a screen of 3840 pixels, 0.7 m wide and 0.7 m away."""
SMALL, LARGE = 256, 512
"""Pixels of the shorter side below which an image is enlarged, and of a side of which no more is judged."""
QUALITY = 75
"""Pillow's default; an image compressed so is taken for as good as the original."""
GRID, APART = 16, 4
"""Pixels of JPEG's largest blocks, and how far those that an image is measured by lie beside those of its own file."""
JUDGED = 64
"""Images of a folder that are judged at most: their mean is within some 4 % of that of all, and of 384x512 pixels they take
half a minute on one core."""
DEFINITION = f"FLIP at {PIXELS_A_DEGREE} pixels a degree"


def choose_sample(count: int, most: int | None = None) -> Int64[np.ndarray, " k"]:
    """Numbers of images that stand for ``count``: all, or ``most`` (None: JUDGED) that are evenly spread, rising.

    >>> choose_sample(10, 4).tolist(), choose_sample(3, 4).tolist()
    ([0, 2, 5, 7], [0, 1, 2])
    """
    chosen = min(count, JUDGED if most is None else most)
    return np.arange(chosen) * count // max(1, chosen)


def measure_visibility(clean: Pixels, other: Pixels) -> float:
    """FLIP's mean, 0 to 1, of two images of one shape (h, w, 1 or 3); grey ones as colours.

    An image whose shorter side is below SMALL pixels is first enlarged by the smallest whole factor that brings it there,
    bicubically, as people look at small images. Of a side of more than LARGE pixels, as enlarged, the middle is judged: FLIP
    compares neighbourhoods of a few pixels. The part begins at a multiple of GRID pixels from the corner.
    """
    rows, columns, factor = _find_part(*clean.shape[:2])
    return _judge(clean[rows, columns], other[rows, columns], factor)


def measure_jpeg_visibility(clean: Pixels) -> float:
    """What ``measure_visibility`` has of an image (h, w, 1 or 3) and the same as a JPEG of quality 75, otherwise as Pillow
    makes it.

    The blocks of that JPEG lie APART pixels beside the image's corner. An image that is a JPEG would hardly change where its
    own blocks are rounded once more, and so be held to a stricter limit than one that is none.
    """
    rows, columns, factor = _find_part(*clean.shape[:2])
    part = clean[rows, columns]
    file = io.BytesIO()
    _to_image(np.pad(part, ((APART, 0), (APART, 0), (0, 0)), mode="edge")).save(file, "JPEG", quality=QUALITY)
    with Image.open(file, formats=("JPEG",)) as image:
        decoded = np.asarray(image).reshape(image.height, image.width, -1)
    return _judge(part, decoded[APART:, APART:], factor)


def choose_enlargement(side: int) -> int:
    """By how much an image with that shorter side is enlarged: the smallest whole factor that brings it to SMALL pixels.

    >>> [choose_enlargement(side) for side in (32, 160, 256, 4000)]
    [8, 2, 1, 1]
    """
    return max(1, -(-SMALL // side))


def _find_part(height: int, width: int) -> tuple[slice, slice, int]:
    """The rows and columns that are judged, and the factor by which they are enlarged."""
    factor = choose_enlargement(min(height, width))
    rows, columns = (_find_middle(side, LARGE // factor) for side in (height, width))
    return rows, columns, factor


def _find_middle(side: int, most: int) -> slice:
    first = max(0, side - most) // 2 // GRID * GRID
    return slice(first, first + most)


def _judge(clean: Pixels, other: Pixels, factor: int) -> float:
    """Of two images that are judged in whole."""
    if np.array_equal(clean, other):
        return 0.0
    import flip_evaluator

    reference, test = _show(clean, factor), _show(other, factor)
    found, _, _ = flip_evaluator.evaluate(
        reference, test, "LDR", applyMagma=False, computeMeanError=False, parameters={"ppd": PIXELS_A_DEGREE}
    )
    return float(found.mean(dtype=np.float64))


def _show(image: Pixels, factor: int) -> Float32[np.ndarray, "y x 3"]:
    """As on a screen, in colours from 0 to 1."""
    height, width, channels = image.shape
    if factor > 1:
        larger = _to_image(image).resize((width * factor, height * factor), Image.Resampling.BICUBIC)
        image = np.asarray(larger).reshape(height * factor, width * factor, channels)
    values: np.ndarray = np.repeat(image, 3 // channels, axis=2).astype(np.float32) / 255
    return values


def _to_image(pixels: Pixels) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
