"""The tensors that mask files and cleaners share: masks by channels, and what is said of every image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Bool, Int8, Int32, UInt16, UInt32

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container
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


def read_patterns(path: Path, tensors: dict[str, np.ndarray], prefix: str, like: Patterns | None = None) -> Patterns:
    """Masks by channels; with ``like``, as many of the same shapes, or none at all."""
    shapes = {c: masks.shape for c, masks in like.items()} if like else {c: (-1, -1, -1, c) for c in (1, 3)}
    taken = {channels: read_masks(path, tensors, f"{prefix}.c{channels}", shape) for channels, shape in shapes.items()}
    found = {channels: masks for channels, masks in taken.items() if masks is not None}
    odd = 0 < len(found) < len(like) if like else len({len(masks) for masks in found.values()}) != 1
    if odd:
        raise InputError(f"{path} is damaged: {prefix} is missing or incomplete; get it again")
    return found


def read_which(path: Path, tensors: dict[str, np.ndarray], patterns: Patterns, least: int) -> Int32[np.ndarray, " n"]:
    """The number of each image's mask, from ``least``; a number beyond the masks is refused."""
    count = len(container.take_tensor(path, tensors, "saturated", np.uint32, (-1,)))
    which = container.take_tensor(path, tensors, "which", np.int32, (count,))
    if which.min(initial=0) < least or which.max(initial=0) >= len(next(iter(patterns.values()))):
        raise InputError(f"{path} is damaged: it names masks that it does not hold; get it again")
    return which


def read_residuals(path: Path, tensors: dict[str, np.ndarray], name: str) -> Residuals:
    counts = container.take_tensor(path, tensors, "saturated", np.uint32, (-1,))
    return Residuals(counts=counts, packed=container.take_tensor(path, tensors, name, np.uint8, (-1,)).tobytes())


def read_touched(path: Path, tensors: dict[str, np.ndarray], name: str) -> Bool[np.ndarray, " n"]:
    count = len(container.take_tensor(path, tensors, "saturated", np.uint32, (-1,)))
    return np.unpackbits(container.take_tensor(path, tensors, name, np.uint8, (-(-count // 8),)), count=count).astype(bool)


def read_shifts(path: Path, tensors: dict[str, np.ndarray]) -> UInt16[np.ndarray, "n 2"] | None:
    if "shifts" not in tensors:
        return None
    counts = container.take_tensor(path, tensors, "saturated", np.uint32, (-1,))
    return container.take_tensor(path, tensors, "shifts", np.uint16, (len(counts), 2))


def read_masks(
    path: Path, tensors: dict[str, np.ndarray], name: str, shape: tuple[int, ...]
) -> Int8[np.ndarray, "p h w c"] | ChunkedMasks | None:
    """Masks of that name and shape, of which -1 may be anything, packed or not; None where there are none.

    Raises InputError where they are others.
    """
    if f"{name}.packed" not in tensors:
        return container.take_tensor(path, tensors, name, np.int8, shape) if name in tensors else None
    content = container.take_tensor(path, tensors, f"{name}.packed", np.uint8, (-1,)).tobytes()
    ends = container.take_tensor(path, tensors, f"{name}.ends", np.int64, (-1,))
    count, height, width, channels = container.take_tensor(path, tensors, f"{name}.shape", np.int64, (4,)).tolist()
    found = count, height, width, channels
    if any(want not in (-1, have) for want, have in zip(shape, found, strict=True)):
        raise InputError(f"{path} is damaged: {name} should be {list(shape)} and is {list(found)}; get it again")
    return ChunkedMasks.read(found, ends, content)
