"""Masks that belong to one image each: as many as there are images, compressed in chunks, unpacked where they are read.

>>> masks = np.arange(60, dtype=np.int8).reshape(5, 2, 2, 3)
>>> packed = ChunkedMasks.pack(masks, chunk=24)
>>> len(packed), packed.shape, len(packed.ends)
(5, (5, 2, 2, 3), 3)
>>> np.array_equal(packed[np.array([4, 0, 3])], masks[[4, 0, 3]])
True
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Int, Int8, Int64

from hideseek_cli.errors import InputError

CHUNK = 2**18
"""Values of a chunk, or of one mask where that has more."""
MOST = 3 * 1024**2
"""Values of a mask: the largest size at which networks see images."""
DAMAGED = "the masks are damaged ({}); get the file again"


@dataclass(frozen=True, eq=False)
class ChunkedMasks:
    """Masks read by their numbers, like an array; only the chunk that holds them is in memory."""

    shape: tuple[int, int, int, int]
    """Masks, height, width, channels."""
    ends: Int64[np.ndarray, " b"]
    """Where the zlib stream of each chunk ends."""
    content: bytes
    each: int
    """Masks of a chunk."""

    @classmethod
    def pack(cls, masks: Int8[np.ndarray, "p h w c"], chunk: int = CHUNK) -> ChunkedMasks:
        each = _count_per_chunk(masks.shape, chunk)
        chunks = [zlib.compress(masks[first : first + each].tobytes(), 9) for first in range(0, len(masks), each)]
        count, height, width, channels = masks.shape
        ends = np.cumsum([len(one) for one in chunks], dtype=np.int64)
        return cls((count, height, width, channels), ends, b"".join(chunks), each)

    @classmethod
    def read(cls, shape: tuple[int, int, int, int], ends: Int64[np.ndarray, " b"], content: bytes) -> ChunkedMasks:
        """What a stranger's file says. Raises InputError, and takes no memory, where it cannot be."""
        if min(shape) < 1 or shape[1] * shape[2] * shape[3] > MOST:
            raise InputError(f"there are no masks of shape {list(shape)}")
        each = _count_per_chunk(shape, CHUNK)
        edges = np.concatenate([[0], ends])
        if len(ends) != -(-shape[0] // each) or (np.diff(edges) <= 0).any() or ends[-1] != len(content):
            raise InputError("chunks of masks are not where they should be")
        return cls(shape, ends, content, each)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, numbers: Int[np.ndarray, " k"]) -> Int8[np.ndarray, "k h w c"]:
        """Raises InputError where a chunk does not hold what it should."""
        found = np.empty((len(numbers), *self.shape[1:]), np.int8)
        chunks = np.asarray(numbers) // self.each
        for chunk in np.unique(chunks):
            mine = chunks == chunk
            found[mine] = _unpack(self, int(chunk))[numbers[mine] - chunk * self.each]
        return found

    def unpack(self) -> Int8[np.ndarray, "p h w c"]:
        return self[np.arange(len(self))]

    def tensors(self, name: str) -> dict[str, np.ndarray]:
        """As a file holds them; ``read_masks`` reads them."""
        packed = np.frombuffer(self.content, np.uint8)
        return {f"{name}.shape": np.array(self.shape, np.int64), f"{name}.ends": self.ends, f"{name}.packed": packed}


def _count_per_chunk(shape: tuple[int, ...], chunk: int) -> int:
    return max(1, chunk // max(1, int(np.prod(shape[1:]))))


@lru_cache(maxsize=8)
def _unpack(packed: ChunkedMasks, chunk: int) -> Int8[np.ndarray, "k h w c"]:
    """Images that follow each other have their masks in one chunk."""
    first = int(packed.ends[chunk - 1]) if chunk else 0
    shape = (min(packed.each, len(packed) - chunk * packed.each), *packed.shape[1:])
    size = int(np.prod(shape))
    stream = zlib.decompressobj()
    try:
        values = stream.decompress(packed.content[first : int(packed.ends[chunk])], size + 1)
    except zlib.error as error:
        raise InputError(DAMAGED.format(error)) from error
    if len(values) != size:
        raise InputError(DAMAGED.format(f"a chunk is {'longer' if len(values) > size else 'shorter'} than it says"))
    return np.frombuffer(values, np.int8).reshape(shape)


Patterns = Mapping[int, Int8[np.ndarray, "p h w _"] | ChunkedMasks]
"""Masks by the number of channels of the images that they belong to: 3, and 1 for grey images. Those of images that
share none are packed when they are read from a file."""
