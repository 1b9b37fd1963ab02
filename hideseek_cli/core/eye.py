"""What the eye sees of a mask: of each spatial frequency in brightness, red against green and blue against yellow.

A mask is small, so what it does to a colour is taken to be linear: ``respond`` says by how much brightness and the two
opponent colours of CIELAB change for a grey level of each channel, at the mean colour of the images. Each of the three is
seen up to a frequency of its own (``see_waves``): fine waves least, and fine waves of colour least of all.

Source: Andersson et al., FLIP: A Difference Evaluator for Alternating Images (2020), whose spatial filters, colour space
(CIELAB, chroma weighted by lightness after Hunt) and scale these are; a difference of 1 is one of lightness.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int
from torch import Tensor

from hideseek_cli.core.coefficients import Coefficients
from hideseek_cli.images.visibility import PIXELS_A_DEGREE

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""Of linear sRGB, at D65."""
DECAY = (((1.0, 0.0047),), ((1.0, 0.0053),), ((34.1, 0.04), (13.5, 0.025)))
"""Of each of the three: what is seen of f cycles a degree is the weighted mean of exp(-b f²)."""
FAINTEST = 0.02
"""What is taken to be seen of the finest waves."""
SLOW = 2.0
"""Cycles a degree below which waves count for more than FLIP has it, in proportion to their length: over flat areas people see
them as tints, however faint (docs/results/2026-11-visibility.md)."""
EXPONENT, STEEP, KNEE = 0.7, 0.95, 0.4
"""FLIP's scale: the difference to that power, of which KNEE times the greatest is brought to STEEP."""
GREATEST = 41.3
"""The difference of pure green and pure blue, to the power of EXPONENT."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """How masks come from where they are trained to the eye, and back to networks."""

    pixels: float = 1.0
    """Across, that the eye is shown of one pixel of a mask: more than one where files are larger than what networks see."""
    limit: float = inf
    """Most root mean square of what is seen of a pattern, as a difference in lightness."""
    transfer: Float32[Tensor, "s s"] | None = None
    """What becomes of one direction of a pattern that is brought to the size of files, and with them back to that of
    training (``masks.resample``), on the device of the patterns; None where files are trained on as they are."""
    coefficients: Coefficients | None = None
    """The same of a pattern that lies in the coefficients of most files."""

    def show(self, patterns: Float[Tensor, "p c s t"], which: Int[Tensor, " n"]) -> Float[Tensor, "n c s t"]:
        """What networks see of the patterns of those numbers."""
        if self.transfer is None and self.coefficients is None:
            return patterns.index_select(0, which)
        used, which = torch.unique(which, return_inverse=True)
        return self.carry(patterns.index_select(0, used)).index_select(0, which)

    def carry(self, noise: Float[Tensor, "p c s t"]) -> Float[Tensor, "p c s t"]:
        """What networks see of patterns."""
        if self.coefficients is not None:
            return self.coefficients(noise)
        if self.transfer is None:
            return noise
        return torch.einsum("ai,pcij,bj->pcab", self.transfer, noise, self.transfer)


OWN_SIZE = Sight()
"""Of masks that are trained at the size that they have in files, whatever the eye sees of them."""


def to_difference(visibility: float) -> float:
    """The difference in lightness that, all over an image, has that visibility, FLIP's 0 to 1."""
    return float((visibility / STEEP * KNEE * GREATEST) ** (1 / EXPONENT))


def respond(colour: Float64[np.ndarray, " c"]) -> Float64[np.ndarray, "o c"]:
    """By how much lightness, and two opponent colours where there are three channels, change for a grey level of each channel,
    at a colour in grey levels."""
    steps = np.eye(len(colour))
    return (_to_opponent(colour + steps) - _to_opponent(colour - steps)).T / 2


def _to_opponent(colours: Float64[np.ndarray, "n c"]) -> Float64[np.ndarray, "n o"]:
    """CIELAB with chroma times lightness; of grey levels the lightness alone."""
    coded = np.clip(np.broadcast_to(colours, (len(colours), 3)) / 255, 0, 1)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    bend = 6 / 29
    share = linear @ TO_XYZ.T / TO_XYZ.sum(1)
    x, y, z = np.where(share > bend**3, np.cbrt(share), share / (3 * bend**2) + 4 / 29).T
    light = 116 * y - 16
    found = np.stack([light, 5 * light * (x - y), 2 * light * (y - z)], axis=1)
    return found[:, : colours.shape[1]]


def see_waves(height: int, width: int, pixels: float, channels: int) -> Float64[np.ndarray, "c h f"]:
    """How much of a wave of each frequency (``np.fft.rfft2``) the eye sees, FAINTEST or more, of a pattern of that size that it
    is shown so many times as large: about 1 of waves of SLOW, more of slower ones. A constant counts as half the slowest."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)) * PIXELS_A_DEGREE / pixels
    seen = [sum(part * np.exp(-rate * frequency**2) for part, rate in one) / sum(part for part, _ in one) for one in DECAY]
    slow = np.hypot(1, SLOW / np.maximum(frequency, frequency[frequency > 0].min() / 2))
    return np.stack(seen[:channels]).clip(FAINTEST, 1) * slow
