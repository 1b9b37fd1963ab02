"""What clipping lost of each image, as one compressed stream: packed and unpacked image by image.

>>> packer = Packer()
>>> for part in ([1, -2], [], [3]):
...     packer.add(np.array(part, np.int8))
>>> residuals = packer.done()
>>> [part.tolist() for part in residuals.parts()]
[[1, -2], [], [3]]
>>> [part.tolist() for part in residuals.parts([None, 0, 1])]
[[], [], [3]]
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int8, UInt32

from hideseek_cli.errors import InputError

FEED = 2**16
"""Compressed bytes that are handed on at once, and decompressed ones that are thrown away at once."""


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """For all images of a release in order of class and name."""

    counts: UInt32[np.ndarray, " n"]
    """Saturated values of each published image."""
    packed: bytes
    """zlib stream of their int8 corrections, image after image, in scan order."""

    @classmethod
    def pack(cls, parts: Iterable[Int8[np.ndarray, " _"]]) -> Residuals:
        packer = Packer()
        for part in parts:
            packer.add(part)
        return packer.done()

    def parts(self, most: Iterable[int | None] | None = None) -> Iterator[Int8[np.ndarray, " _"]]:
        """The corrections of each image in turn, in memory one at a time.

        ``most``: how many each image can have; None for one that is not asked for, and gives none. It is asked before each
        image. A count beyond that, and a stream that is longer or shorter than announced, is refused with InputError.
        """
        stream = _Stream(self.packed)
        counts = map(int, self.counts)
        for count, limit in ((count, count) for count in counts) if most is None else zip(counts, most, strict=False):
            if limit is None:
                stream.skip(count)
                yield np.empty(0, np.int8)
                continue
            if count > limit:
                raise InputError(f"the residual has {count} corrections for an image with {limit} values; get the file again")
            yield np.frombuffer(stream.take(count), np.int8)
        stream.end()


class Packer:
    """Builds residuals as images come."""

    def __init__(self) -> None:
        self.counts = array("I")
        self.stream, self.packed = zlib.compressobj(9), bytearray()

    def add(self, part: Int8[np.ndarray, " _"]) -> None:
        self.counts.append(len(part))
        self.packed += self.stream.compress(part.tobytes())

    def done(self) -> Residuals:
        self.packed += self.stream.flush()
        return Residuals(counts=np.array(self.counts, np.uint32), packed=bytes(self.packed))


class _Stream:
    """A zlib stream that gives so many bytes at a time, and holds no more."""

    def __init__(self, packed: bytes) -> None:
        self.source = (packed[first : first + FEED] for first in range(0, len(packed), FEED))
        self.stream, self.waiting = zlib.decompressobj(), b""

    def _some(self, most: int) -> bytes:
        """At most so many bytes, at least one; none where the stream has ended."""
        while not self.stream.eof:
            self.waiting = self.waiting or next(self.source, b"")
            if not self.waiting:
                break
            try:
                found = self.stream.decompress(self.waiting, most)
            except zlib.error as error:
                raise InputError(f"the residual is damaged ({error}); get the file again") from error
            self.waiting = self.stream.unconsumed_tail
            if found:
                return found
        return b""

    def take(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            some = self._some(count - len(found))
            if not some:
                raise InputError("the residual is shorter than it says; get the file again")
            found += some
        return bytes(found)

    def skip(self, count: int) -> None:
        while count:
            count -= len(self.take(min(count, FEED)))

    def end(self) -> None:
        if self._some(1) or not self.stream.eof:
            raise InputError("the residual is longer than it says; get the file again")
