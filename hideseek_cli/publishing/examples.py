"""Which images of a folder are looked at: those that hide a mask worst and best, and some that are as most.

They are measured as networks see them, in memory: at that size a mask is made, so its neighbours there decide what it is
lost in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt8

from hideseek_cli.images.codec import drop_alpha, take_alpha
from hideseek_cli.publishing.source import SourceDataset

SAMPLE = 200
"""Images, evenly spread, among which examples are chosen."""
ORDINARY = 2
"""Examples that are chosen for nothing but their place in the folder."""
BLOCK = 4
"""Pixels a side of the blocks in which grey levels are compared."""


@dataclass(frozen=True)
class Example:
    """An image that is looked at."""

    number: int
    why: str
    """What it is of all, in a word or two."""


def choose_examples(source: SourceDataset) -> list[Example]:
    """Images of a folder, no two of them siblings; the same for the same folder."""
    taught = np.flatnonzero(source.taught)
    _, first = np.unique(source.siblings[taught], return_index=True)
    sample = np.sort(first)[np.linspace(0, len(first) - 1, min(SAMPLE, len(first))).astype(np.int64)]
    grey, texture = np.empty(len(sample)), np.empty(len(sample))
    for where, images in source.stack.groups.values():
        mine = np.isin(sample, where)
        grey[mine], texture[mine] = measure(images[np.searchsorted(where, sample[mine])])
    return [Example(int(taught[sample[at]]), why) for at, why in choose(grey, texture).items()]


def choose(grey: Float64[np.ndarray, " n"], texture: Float64[np.ndarray, " n"]) -> dict[int, str]:
    """Of images of that mean and that texture, in grey levels, the positions of the extremes, and of ORDINARY others evenly
    spread; fewer where there are not so many."""
    left, found = np.arange(len(grey)), dict[int, str]()
    for why, order in (("flattest", texture), ("most textured", -texture), ("darkest", grey), ("brightest", -grey)):
        if len(left):
            found[int(left[order[left].argmin()])] = why
            left = np.setdiff1d(left, [*found])
    middles = (np.arange(ORDINARY) + 0.5) / ORDINARY * len(left)
    return found | dict.fromkeys(map(int, left[np.unique(middles.astype(np.int64))] if len(left) else ()), "one of many")


def measure(images: UInt8[np.ndarray, "n h w _"]) -> tuple[Float64[np.ndarray, " n"], Float64[np.ndarray, " n"]]:
    """Mean of each image, and mean over its blocks of the standard deviation in them, in grey levels (means over channels)."""
    seen = lay_on_white(images).mean(3)
    count, height, width = seen.shape
    whole = seen[:, : height - height % BLOCK, : width - width % BLOCK]
    blocks = whole.reshape(count, height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    return seen.mean((1, 2)), blocks.std((2, 4)).mean((1, 2))


def lay_on_white(pixels: UInt8[np.ndarray, "*n _"]) -> UInt8[np.ndarray, "*n _"]:
    """Images as one sees them on a white ground."""
    colours, alpha = drop_alpha(pixels), take_alpha(pixels).astype(np.uint16)
    if not alpha.shape[-1]:
        return colours
    return ((colours * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
