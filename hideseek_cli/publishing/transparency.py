"""Whether alpha channels, which are published as they are, tell the classes: measured without a network, while images are read.

Of each image that has an alpha channel a sketch of SIDE×SIDE pixels is kept. A linear classifier (ridge regression on the
classes) learns from half of the images of each class and names the classes of the others; an image without alpha is opaque.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float64, Int64
from PIL import Image
from scipy.stats import binomtest

from hideseek_cli.images.codec import Pixels, take_alpha

SIDE = 8
PENALTY = 1.0
"""On the squares of weights, beside squares of errors of values from 0 to 1."""
CHANCES = 0.001
"""How likely channels that tell nothing may look as if they did."""
PORTION = 2**22
"""Values that are worked on at once."""


def sketch(image: Pixels) -> bytes | None:
    """Its alpha channel, small; None where it has none."""
    alpha = take_alpha(image)
    return Image.fromarray(alpha[:, :, 0]).resize((SIDE, SIDE), Image.Resampling.BOX).tobytes() if alpha.size else None


class Transparency:
    """The sketches of a folder's images; an opaque one takes no memory."""

    def __init__(self) -> None:
        self.numbers, self.sketches = array("q"), bytearray()

    def add(self, number: int, found: bytes | None) -> None:
        """Note the sketch of an image, in the order of their numbers."""
        if found is not None:
            self.numbers.append(number)
            self.sketches += found

    def warn(self, labels: Int64[np.ndarray, " n"]) -> str | None:
        """What is to be said of a folder with images of these classes; None where alpha channels do not tell them."""
        if not self.numbers:
            return None
        drawn, taught = np.random.default_rng(0).permutation(len(labels)), np.zeros(len(labels), bool)
        taught[drawn[np.argsort(labels[drawn], kind="stable")][::2]] = True
        tested = labels[~taught]
        right = int((self._classify(labels, taught) == tested).sum())
        chance = np.bincount(tested).max() / len(tested)
        if binomtest(right, len(tested), chance, alternative="greater").pvalue >= CHANCES:
            return None
        return (
            f"the alpha channel alone tells the class of {100 * right / len(tested):.0f} % of the images (chance "
            f"{100 * chance:.0f} %), and masks leave it as it is: lay the images on a background, or publish them opaque"
        )

    def _classify(self, labels: Int64[np.ndarray, " n"], taught: Bool[np.ndarray, " n"]) -> Int64[np.ndarray, " t"]:
        """The class of each image that is not ``taught``, as those that are tell."""
        classes, features = int(labels.max()) + 1, SIDE**2 + 2
        squares, products = PENALTY * np.eye(features), np.zeros((classes, features))
        for numbers, values in self._portions(taught, classes):
            squares += values.T @ values
            np.add.at(products, labels[numbers], values)
        weights = np.linalg.solve(squares, products.T)
        return np.concatenate([(values @ weights).argmax(1) for _, values in self._portions(~taught, classes)])

    def _portions(
        self, which: Bool[np.ndarray, " n"], classes: int
    ) -> Iterator[tuple[Int64[np.ndarray, " k"], Float64[np.ndarray, "k f"]]]:
        """Those images, some at a time, by number and values: how transparent each part is, whether any is, and a constant."""
        known = np.frombuffer(self.numbers, np.int64)
        sketches = np.frombuffer(self.sketches, np.uint8).reshape(-1, SIDE**2)
        chosen = np.flatnonzero(which)
        for numbers in np.array_split(chosen, 1 + len(chosen) * max(classes, SIDE**2) // PORTION):
            values = np.zeros((len(numbers), SIDE**2 + 2))
            at = np.searchsorted(known, numbers).clip(max=len(known) - 1)
            found = known[at] == numbers
            values[found, : SIDE**2] = 1 - sketches[at[found]] / 255
            values[found, SIDE**2] = 1
            values[:, -1] = 1
            yield numbers, values
