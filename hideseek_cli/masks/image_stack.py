"""All images of a folder in memory as networks see them: of one size, masked together.

An image that is larger or smaller in its file has its mask at its own size (``masks.resample``); here it has what is left
of that mask once the image is brought to the size of all. Grey images keep one channel and get a grey mask: in an image
whose channels are equal, the difference of two channels would otherwise be the mask's own. An image that is wholly
transparent somewhere, and has no mask there, brings a last channel: from 0 to 255, how much of its mask is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int8, Int64, Integer, UInt8, UInt16

from hideseek_cli.errors import InputError, name_some, raise_for
from hideseek_cli.images.codec import MixedPixels, drop_alpha, take_alpha
from hideseek_cli.images.dataset import ImageDataset, load_pixels
from hideseek_cli.images.jpeg import Grid
from hideseek_cli.masks.arithmetic import apply, place, place_on, quantise
from hideseek_cli.masks.chunked import Patterns
from hideseek_cli.masks.jpeg_grid import choose_bound
from hideseek_cli.masks.jpeg_seen import see_change
from hideseek_cli.masks.resample import resample_back
from hideseek_cli.runtime.progress import Progress

SMALL, SIDE = 96, 64
"""Pixels a side of images that are trained on as they are where all have one size, and to which others are brought."""
NAMED = 10
"""Classes that a message names."""


@dataclass(frozen=True)
class ImageStack:
    """Images of one size, by their number of channels."""

    count: int
    groups: dict[int, tuple[Int64[np.ndarray, " _"], UInt8[np.ndarray, "_ h w _"]]]
    """Channels, the one of masks that are not seen everywhere included -> positions in the folder, and pixels."""
    sides: Int64[np.ndarray, " n"] | None = None
    """Of the central square of each image as it lies in its file; None where all are as they lie there."""
    grids: Mapping[int, Grid] = field(default_factory=dict)
    """Position of each image that is published as a JPEG -> its grid."""

    @classmethod
    def of(
        cls,
        folder: ImageDataset,
        images: MixedPixels,
        sides: Int64[np.ndarray, " n"] | None = None,
        kinds: Collection[int] = (),
        grids: Mapping[int, Grid] | None = None,
    ) -> ImageStack:
        """``kinds``: numbers of channels that masks are made for, though no image here may have them.

        Raises InputError where the sizes differ.
        """
        sizes = Counter(image.shape[:2] for image in images)
        if len(sizes) > 1:
            common = ", ".join(f"{count} of {w}x{h}" for (h, w), count in sizes.most_common(3))
            raise InputError(
                f"the images of {folder.root} have {len(sizes)} sizes ({common}); "
                "bring them to one with `size`, such as `size=64`"
            )
        channels = np.array([image.shape[2] for image in images])
        groups = {}
        for count in sorted({*channels.tolist(), *kinds}):
            where = np.flatnonzero(channels == count)
            pixels = np.empty((len(where), *images[0].shape[:2], count), np.uint8)
            for position, number in enumerate(where):
                pixels[position] = images[number]
            groups[count] = (where, pixels)
        return cls(len(images), groups, sides, grids or {})

    def __len__(self) -> int:
        return self.count

    @property
    def kinds(self) -> dict[int, Int64[np.ndarray, " _"]]:
        """Channels of colour, for which there are masks -> positions in the folder."""
        found: dict[int, list[Int64[np.ndarray, " _"]]] = {}
        for where, images in self.groups.values():
            found.setdefault(drop_alpha(images).shape[3], []).append(where)
        return {count: np.concatenate(parts) for count, parts in found.items()}

    @property
    def channels(self) -> int:
        """Channels of the images as a network sees them: 3 where any is in colour."""
        return max(self.kinds)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        height, width = next(iter(self.groups.values()))[1].shape[1:3]
        return height, width

    def clean(self) -> UInt8[np.ndarray, "n h w c"]:
        """All images in the folder's order, grey ones repeated over the channels where others are in colour."""
        return self._gather({count: drop_alpha(images) for count, (_, images) in self.groups.items()})

    def apply_masks(
        self, patterns: Patterns, which: Int64[np.ndarray, " n"], shifts: UInt16[np.ndarray, "n 2"] | None, epsilon: int
    ) -> UInt8[np.ndarray, "n h w c"]:
        """The same with masks applied, as the written files will show them; ``which``: each image's pattern. ``epsilon``:
        their bound, in grey levels."""
        masked = {}
        for count, (where, images) in self.groups.items():
            own, shift = drop_alpha(images), None if shifts is None else shifts[where]
            if self.sides is None:
                masked[count] = apply(own, place_on(images, patterns, which[where], shift))
            else:
                placed = place(patterns[own.shape[3]], which[where], shift)
                masked[count] = _add_resampled(images, placed, self.sides[where])
            for at in np.flatnonzero(np.isin(where, [*self.grids])).tolist():
                number, one = where[at], None if shift is None else shift[at : at + 1]
                (mask,) = place(patterns[own.shape[3]], which[number : number + 1], one)
                moved = see_change(mask, self.grids[int(number)], choose_bound(epsilon))
                masked[count][at] = np.clip(np.rint(own[at] + moved), 0, 255)
        return self._gather(masked)

    def quantise(
        self, pattern: Float[np.ndarray, "k h w c"], strength: float, thresholds: Float[np.ndarray, "k h w c"],
        epsilon: int,
    ) -> Patterns:  # fmt: skip
        """Integer masks of a strength for each kind of image; a grey mask is the mean over the channels."""
        kinds = {}
        for count in self.kinds:
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


def load_labelled(
    folder: ImageDataset, classes: tuple[str, ...], like: ImageStack, executor: Executor, progress: Progress, size: int | None
) -> tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]]:
    """Pixels and labels of a validation or test part, as a network trained on ``like`` expects them: numbers of ``classes``,
    the training part's, of which it may lack some.

    Raises InputError where it has other classes than those, or its sizes or channels are not those of the training part.
    """
    numbers = _number_classes(folder, classes, progress)
    stack = ImageStack.of(folder, load_pixels(folder, executor, progress, size))
    if stack.shape != like.shape:
        (h, w), (height, width) = stack.shape, like.shape
        raise InputError(f"images of {folder.root} are {w}x{h}, those trained on {width}x{height}; give `size` to both")
    if stack.channels > like.channels:
        raise InputError(f"{folder.root} has images in colour, and those trained on are grey; convert one of them")
    images = stack.clean()
    if stack.channels < like.channels:
        images = np.repeat(images, like.channels, axis=3)
    return images, numbers[folder.labels]


def _number_classes(folder: ImageDataset, classes: tuple[str, ...], progress: Progress) -> Int64[np.ndarray, " k"]:
    """The number in ``classes`` of each class of a part; says which it lacks. Raises InputError for others."""
    known = {name: number for number, name in enumerate(classes)}
    odd = [name for name in folder.classes if name not in known]
    raise_for(odd, f"classes of {folder.root} are not in the training part; name them as there, or move them away")
    lacking = [name for name in classes if name not in folder.classes]
    if lacking:
        progress.say(
            f"{folder.root} has no images of {name_some(lacking, NAMED)}: accuracies are of the other classes, "
            "while levels and chance are of all"
        )
    return np.array([known[name] for name in folder.classes], np.int64)


def _add_resampled(
    images: UInt8[np.ndarray, "n s s _"], masks: Int8[np.ndarray, "n s s c"], sides: Int64[np.ndarray, " n"]
) -> UInt8[np.ndarray, "n s s c"]:
    """Images with what is left and seen of masks that were resampled to other sizes: to a grey level what their files show."""
    colours, seen, found = drop_alpha(images), take_alpha(images), np.empty(masks.shape, np.uint8)
    for side in np.unique(sides):
        for part in np.array_split(np.flatnonzero(sides == side), 1 + (sides == side).sum() // 1000):
            left = resample_back(masks[part], int(side))
            left = left * (seen[part] / np.float32(255)) if seen.shape[3] else left
            found[part] = np.clip(np.rint(colours[part] + left), 0, 255).astype(np.uint8)
    return found


def choose_training_size(found: Integer[np.ndarray, "n 2"]) -> int | None:
    """The side at which images of these heights and widths are trained on; None: as they are, being small and alike."""
    if (found == found[0]).all() and int(found[0, 0]) * int(found[0, 1]) <= SMALL**2:
        return None
    return min(SIDE, int(np.median(found.min(1))))
