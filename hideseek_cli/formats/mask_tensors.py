"""The tensors that mask files and cleaners share: masks by channels, and what is said of every image."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int8, Int32, UInt16, UInt32

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container
from hideseek_cli.formats.checks import MAX_SIDE
from hideseek_cli.formats.container import Tensors, take_tensor
from hideseek_cli.masks.chunked import ChunkedMasks, Patterns
from hideseek_cli.masks.residuals import Residuals


def make_image_tensors(
    which: Int32[np.ndarray, " n"], counts: UInt32[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None
) -> dict[str, np.ndarray]:
    """What a mask file and a cleaner say of every image."""
    return {"which": which, "saturated": counts, **({} if shifts is None else {"shifts": shifts})}


def choose_format(single: bool, sparing: bool) -> dict[str, int]:
    return {"format": container.FORMATS[single + 2 * sparing]}


def make_mask_tensors(patterns: Patterns, prefix: str, single: bool) -> dict[str, np.ndarray]:
    tensors: dict[str, np.ndarray] = {}
    for channels, masks in patterns.items():
        dense = masks.unpack() if isinstance(masks, ChunkedMasks) else masks
        name = f"{prefix}.c{channels}"
        tensors |= ChunkedMasks.pack(dense).tensors(name) if single and len(dense) else {name: dense}
    return tensors


def read_patterns(tensors: Tensors, prefix: str, like: Patterns | None = None) -> Patterns:
    """Masks by channels; with ``like``, as many of the same shapes, or none at all."""
    shapes = {c: masks.shape for c, masks in like.items()} if like else {c: (-1, -1, -1, c) for c in (1, 3)}
    taken = {channels: read_masks(tensors, f"{prefix}.c{channels}", shape) for channels, shape in shapes.items()}
    found = {channels: masks for channels, masks in taken.items() if masks is not None}
    odd = 0 < len(found) < len(like) if like else len({len(masks) for masks in found.values()}) != 1
    if odd:
        raise InputError(f"{prefix} is missing or incomplete")
    return found


def read_which(tensors: Tensors, patterns: Patterns, least: int) -> Int32[np.ndarray, " n"]:
    """The number of each image's mask, from ``least``; a number beyond the masks is refused."""
    count = len(take_tensor(tensors, "saturated", np.uint32, (-1,)))
    which = take_tensor(tensors, "which", np.int32, (count,))
    if which.min(initial=0) < least or which.max(initial=0) >= len(next(iter(patterns.values()))):
        raise InputError("it names masks that it does not hold")
    return which


def read_residuals(tensors: Tensors, name: str) -> Residuals:
    counts = take_tensor(tensors, "saturated", np.uint32, (-1,))
    return Residuals(counts=counts, packed=take_tensor(tensors, name, np.uint8, (-1,)).tobytes())


def read_touched(tensors: Tensors, name: str) -> Bool[np.ndarray, " n"]:
    count = len(take_tensor(tensors, "saturated", np.uint32, (-1,)))
    return np.unpackbits(take_tensor(tensors, name, np.uint8, (-(-count // 8),)), count=count).astype(bool)


def read_shifts(tensors: Tensors) -> UInt16[np.ndarray, "n 2"] | None:
    if "shifts" not in tensors:
        return None
    counts = take_tensor(tensors, "saturated", np.uint32, (-1,))
    return take_tensor(tensors, "shifts", np.uint16, (len(counts), 2))


def read_masks(tensors: Tensors, name: str, shape: tuple[int, ...]) -> Int8[np.ndarray, "p h w c"] | ChunkedMasks | None:
    """Masks of that name and shape, of which -1 may be anything, packed or not; None where there are none.

    Raises InputError where they are others, or of sides that no mask has.
    """
    found = _read_masks(tensors, name, shape)
    if found is not None and not 1 <= min(found.shape[1:3]) <= max(found.shape[1:3]) <= MAX_SIDE:
        raise InputError(f"{name} are masks of {list(found.shape)}, and a mask has 1 to {MAX_SIDE} pixels a side")
    return found


def _read_masks(tensors: Tensors, name: str, shape: tuple[int, ...]) -> Int8[np.ndarray, "p h w c"] | ChunkedMasks | None:
    if f"{name}.packed" not in tensors:
        return take_tensor(tensors, name, np.int8, shape) if name in tensors else None
    content = take_tensor(tensors, f"{name}.packed", np.uint8, (-1,)).tobytes()
    ends = take_tensor(tensors, f"{name}.ends", np.int64, (-1,))
    count, height, width, channels = take_tensor(tensors, f"{name}.shape", np.int64, (4,)).tolist()
    found = count, height, width, channels
    if any(want not in (-1, have) for want, have in zip(shape, found, strict=True)):
        raise InputError(f"{name} should be {list(shape)} and is {list(found)}")
    return ChunkedMasks.read(found, ends, content)
