"""All pictures of a folder in memory as networks see them: of one size, masked together.

A picture that is larger or smaller in its file carries its mask at its own size (``carry``); here it has what is left of
that mask once the picture is brought to the size of all. Grey
pictures keep one channel and get a grey mask: in a picture whose channels are equal, the difference of two channels would
otherwise be the mask's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int8, Int64, UInt8, UInt16

from hideseek_cli.bundle import Patterns
from hideseek_cli.carry import returned
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, pixels
from hideseek_cli.mask import apply, place, quantise
from hideseek_cli.picture import Mixed
from hideseek_cli.progress import Progress


@dataclass(frozen=True)
class Stack:
    """Pictures of one size, by their number of channels."""

    count: int
    groups: dict[int, tuple[Int64[np.ndarray, " _"], UInt8[np.ndarray, "_ h w _"]]]
    """Channels -> positions in the folder, and pixels."""
    sides: Int64[np.ndarray, " n"] | None = None
    """Of the central square of each picture as it lies in its file; None where all are as they lie there."""

    @classmethod
    def of(
        cls, folder: Folder, pictures: Mixed, sides: Int64[np.ndarray, " n"] | None = None, kinds: Collection[int] = ()
    ) -> Stack:
        """``kinds``: numbers of channels that masks are made for, though no picture here may have them.

        Raises InputError where the sizes differ.
        """
        sizes = Counter(picture.shape[:2] for picture in pictures)
        if len(sizes) > 1:
            common = ", ".join(f"{count} of {w}x{h}" for (h, w), count in sizes.most_common(3))
            raise InputError(
                f"the pictures of {folder.root} have {len(sizes)} sizes ({common}); "
                "bring them to one with --size, such as --size 64"
            )
        channels = np.array([picture.shape[2] for picture in pictures])
        groups = {}
        for count in sorted({*channels.tolist(), *kinds}):
            where = np.flatnonzero(channels == count)
            images = np.empty((len(where), *pictures[0].shape[:2], count), np.uint8)
            for position, number in enumerate(where):
                images[position] = pictures[number]
            groups[count] = (where, images)
        return cls(len(pictures), groups, sides)

    def __len__(self) -> int:
        return self.count

    @property
    def channels(self) -> int:
        """Channels of the pictures as a network sees them: 3 where any is in colour."""
        return max(self.groups)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = next(iter(self.groups.values()))[1].shape[1:3]
        return height, width

    def clean(self) -> UInt8[np.ndarray, "n h w c"]:
        """All pictures in the folder's order, grey ones repeated over the channels where others are in colour."""
        return self._gather({count: images for count, (_, images) in self.groups.items()})

    def masked(
        self, patterns: Patterns, which: Int64[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None
    ) -> UInt8[np.ndarray, "n h w c"]:
        """The same with masks applied, as the written files will show them; ``which``: each picture's pattern."""
        masked = {}
        for count, (where, images) in self.groups.items():
            placed = place(patterns[count], which[where], None if shifts is None else shifts[where])
            masked[count] = apply(images, placed) if self.sides is None else _resized(images, placed, self.sides[where])
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


def labelled(
    folder: Folder, classes: tuple[str, ...], like: Stack, executor: Executor, progress: Progress, size: int | None
) -> tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]]:
    """Pixels and labels of a validation or test part, as a network trained on ``like`` expects them.

    Raises InputError where its classes, sizes or channels are not those of the training part.
    """
    if folder.classes != classes:
        odd = sorted(set(folder.classes) ^ set(classes))
        raise InputError(f"{folder.root} and the training part have not the same classes; they differ in: {', '.join(odd)}")
    stack = Stack.of(folder, pixels(folder, executor, progress, size))
    if stack.shape != like.shape:
        (h, w), (height, width) = stack.shape, like.shape
        raise InputError(f"pictures of {folder.root} are {w}x{h}, those trained on {width}x{height}; give --size to both")
    if stack.channels > like.channels:
        raise InputError(f"{folder.root} has pictures in colour, and those trained on are grey; convert one of them")
    images = stack.clean()
    if stack.channels < like.channels:
        images = np.repeat(images, like.channels, axis=3)
    return images, folder.labels


def _resized(
    images: UInt8[np.ndarray, "n s s c"], masks: Int8[np.ndarray, "n s s c"], sides: Int64[np.ndarray, " n"]
) -> UInt8[np.ndarray, "n s s c"]:
    """Pictures with what is left of masks that were carried to other sizes: to a grey level what their files show."""
    found = np.empty_like(images)
    for side in np.unique(sides):
        for part in np.array_split(np.flatnonzero(sides == side), 1 + (sides == side).sum() // 1000):
            found[part] = np.clip(np.rint(images[part] + returned(masks[part], int(side))), 0, 255).astype(np.uint8)
    return found
