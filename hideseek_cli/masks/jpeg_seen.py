"""What networks see of a mask that lies in the coefficients of a JPEG: what is left of it once the image is decoded and its
central square brought to their size.

Linear where decoders are nearly so: nothing is rounded but the coefficients, and colours are not smoothed between blocks.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int8
from PIL import Image

from hideseek_cli.images.jpeg import Grid
from hideseek_cli.masks.jpeg_grid import BACK, UNTURNED, WAVE, compute_change, compute_cosines

RETURNED = UNTURNED | {6: UNTURNED[8], 8: UNTURNED[6]}
"""EXIF's orientations: what lies in the file, upright."""


def see_change(mask: Int8[np.ndarray, "s t c"], grid: Grid, bound: int) -> Float32[np.ndarray, "s t c"]:
    """Grey levels by which the image moves at the size of the mask. ``bound``: as of ``jpeg_grid.compute_change``."""
    size = UNTURNED[grid.orientation](mask).shape[:2]
    planes = []
    for number, blocks in enumerate(compute_change(mask, grid, bound)):
        rows, columns, *_ = blocks.shape
        plane = (blocks * grid.steps(number).astype(np.float32)).swapaxes(1, 2).reshape(rows * 8, columns * 8)
        left, right = weigh_decoding(grid, number, size)
        planes.append(left @ plane @ right.T)
    if grid.channels == 3:
        bright, blue, red = planes
        planes = [bright + np.float32(b) * blue + np.float32(r) * red for b, r in BACK]
    return np.ascontiguousarray(RETURNED[grid.orientation](np.stack(planes, -1)), np.float32)


def weigh_decoding(
    grid: Grid, component: int, size: tuple[int, int]
) -> tuple[Float32[np.ndarray, "s b"], Float32[np.ndarray, "t d"]]:
    """Both directions of coefficients -> of pixels that networks see, as they lie in the file, in an image of that size."""
    sides = grid.height, grid.width
    square = max(sides) if size == sides else min(sides)
    left, right = (
        _decode_weights(length, square, side, blocks, factor)
        for length, side, blocks, factor in zip(sides, size, grid.blocks(component), grid.factors(component), strict=True)
    )
    return left, right


@lru_cache(maxsize=64)
def _decode_weights(length: int, square: int, size: int, blocks: int, factor: int) -> Float32[np.ndarray, "s b"]:
    """One direction of the coefficients of so many blocks -> that of ``size`` pixels that networks see (Lanczos).

    ``length``: of the image, of whose middle ``square`` pixels are seen; ``factor``: pixels that one value is for.
    """
    waves = compute_cosines(WAVE) / WAVE
    pixels = np.kron(np.eye(blocks), waves.T).repeat(factor, 0)[:length].astype(np.float32)
    side = min(length, square)
    first = (length - side) / 2
    whole = Image.fromarray(pixels)
    return np.asarray(
        whole.resize((pixels.shape[1], size), Image.Resampling.LANCZOS, (0, first, pixels.shape[1], first + side))
    )
