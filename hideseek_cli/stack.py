"""All pictures of a folder in memory, of one size, masked together.

Grey pictures keep one channel and get a grey mask: in a picture whose channels are equal, the difference of two
channels would otherwise be the mask's own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64, UInt8, UInt16

from hideseek_cli.bundle import Patterns
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder
from hideseek_cli.mask import apply, place, quantise
from hideseek_cli.picture import Mixed


@dataclass(frozen=True)
class Stack:
    """Pictures of one size, by their number of channels."""

    count: int
    groups: dict[int, tuple[Int64[np.ndarray, " _"], UInt8[np.ndarray, "_ h w _"]]]
    """Channels -> positions in the folder, and pixels."""

    @classmethod
    def of(cls, folder: Folder, pictures: Mixed) -> Stack:
        """Raises InputError where the sizes differ."""
        sizes = Counter(picture.shape[:2] for picture in pictures)
        if len(sizes) > 1:
            common = ", ".join(f"{count} of {w}x{h}" for (h, w), count in sizes.most_common(3))
            raise InputError(
                f"the pictures of {folder.root} have {len(sizes)} sizes ({common}); "
                "bring them to one with --size, such as --size 64"
            )
        channels = np.array([picture.shape[2] for picture in pictures])
        groups = {}
        for count in sorted(set(channels.tolist())):
            where = np.flatnonzero(channels == count)
            groups[count] = (where, np.stack([pictures[number] for number in where]))
        return cls(len(pictures), groups)

    @property
    def channels(self) -> int:
        """Channels of the pictures as a network sees them: 3 where any is in colour."""
        return max(self.groups)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = next(iter(self.groups.values()))[1].shape[1:3]
        return height, width

    def thinned(self, every: int) -> Stack:
        """Every so many-th picture."""
        chosen = {count: (where % every == 0, where, images) for count, (where, images) in self.groups.items()}
        groups = {count: (where[kept] // every, images[kept]) for count, (kept, where, images) in chosen.items() if kept.any()}
        return Stack(-(-self.count // every), groups)

    def clean(self) -> UInt8[np.ndarray, "n h w c"]:
        """All pictures in the folder's order, grey ones repeated over the channels where others are in colour."""
        return self._gather({count: images for count, (_, images) in self.groups.items()})

    def masked(
        self, patterns: Patterns, which: Int64[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None
    ) -> UInt8[np.ndarray, "n h w c"]:
        """The same with masks applied, exactly as the written files will hold them; ``which``: each picture's pattern."""
        masked = {}
        for count, (where, images) in self.groups.items():
            placed = place(patterns[count], which[where], None if shifts is None else shifts[where])
            masked[count] = apply(images, placed)
        return self._gather(masked)

    def quantised(
        self, pattern: Float[np.ndarray, "k h w c"], strength: float, thresholds: Float[np.ndarray, "k h w c"],
        epsilon: int,
    ) -> Patterns:  # fmt: skip
        """Integer masks of a strength for each kind of picture; a grey mask is the mean over the channels."""
        kinds = {}
        for count in self.groups:
            thin = count < pattern.shape[3]
            own = pattern.mean(3, keepdims=True) if thin else pattern
            kinds[count] = quantise(own, strength, thresholds[..., :count], epsilon)
        return kinds

    def _gather(self, parts: dict[int, UInt8[np.ndarray, "_ h w _"]]) -> UInt8[np.ndarray, "n h w c"]:
        if len(parts) == 1:
            return next(iter(parts.values()))
        whole = np.empty((self.count, *self.shape, self.channels), np.uint8)
        for count, images in parts.items():
            whole[self.groups[count][0]] = images
        return whole
