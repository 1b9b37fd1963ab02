"""How visible masks may be: as an owner says, or no more than JPEG of quality 75 is, which people take for the original."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from math import floor, log

import numpy as np
from jaxtyping import Float, Float64, Int64

from hideseek_cli.images.visibility import choose_sample, measure_jpeg_visibility
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

LOOKS = 5
"""Strengths that are tried at most, once one is found that is not too great."""
POWER, POWERS = 0.7, (0.3, 1.0)
"""Visibility grows about with that power of the strength, and with no other than those between."""
NEAR = 0.97
"""A strength is found where visibility is that share of what is allowed: in between lie few hundredths."""
SPARED = 0.98
"""Share of what is allowed that masks use where an image may get several patterns."""


@dataclass(frozen=True)
class VisibilityLimit:
    """The visibility (FLIP's mean, 0 to 1) that masked images may have on average."""

    numbers: Int64[np.ndarray, " k"]
    """Those of the images that are judged, evenly spread over the folder."""
    allowed: Float64[np.ndarray, " k"]
    """What each of them may have; their mean counts."""

    @classmethod
    def of(cls, config: HideConfig, source: SourceDataset, executor: Executor, progress: Progress) -> VisibilityLimit:
        """``max_visibility``, or without it what each image has as a JPEG, as it lies in its file."""
        numbers = choose_sample(len(source))
        if config.max_visibility is not None:
            return cls(numbers, np.full(len(numbers), float(config.max_visibility)))
        found = []
        for one in ordered_map(executor, partial(_measure_jpeg, source), numbers.tolist()):
            found.append(one)
            progress.step("measuring what JPEG shows", len(found), len(numbers))
        return cls(numbers, np.array(found))

    @property
    def mean(self) -> float:
        return float(self.allowed.mean())

    def lower(
        self, renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], choices: Int64[np.ndarray, "b n"], most: int,
        executor: Executor, progress: Progress,
    ) -> int:  # fmt: skip
        """The greatest strength, in hundredths and at most ``most``, that stays within the limit; 0 where there is none.

        Visibility grows with the strength by a power that two looks tell, so a few looks find where it is NEAR the limit.
        """
        if self.mean in (0, 1):
            return most if self.mean else 0  # no change is more visible than 1, and no mask less than 0
        low, high, at, power, looks = 0, most + 1, most, POWER, 0
        tried: tuple[int, float] | None = None
        while high - low > 1 and (not low or looks < LOOKS):
            progress.step("measuring visibility", min(looks, LOOKS), LOOKS + 1)
            excess, looks = self._measure_excess(renderer, pattern, at / 100, choices, executor), looks + 1
            low, high = (at, high) if excess <= 1 else (low, at)
            if not excess or NEAR <= excess <= 1:
                break
            if tried is not None and tried[1] != excess:
                power = float(np.clip(log(tried[1] / excess) / log(tried[0] / at), *POWERS))
            tried = at, excess
            at = min(max(floor(at * excess ** (-1 / power)), low + 1), high - 1)
        progress.step("measuring visibility", LOOKS + 1, LOOKS + 1)
        return low

    def _measure_excess(
        self, renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], strength: float, choices: Int64[np.ndarray, "b n"],
        executor: Executor,
    ) -> float:  # fmt: skip
        """How many times as visible images are as they may be.

        The pattern sets that they may get lie on them in turn: to judge each image under all would take as many times as
        long, and sets that are equalised differ by 2 % of a class's visibility and less on the mean of all, for which SPARED
        makes up.
        """
        rows = np.arange(len(self.numbers)) % len(choices)
        which = np.zeros(choices.shape[1], np.int64)
        used, which[self.numbers] = np.unique(choices[rows, self.numbers], return_inverse=True)
        look = partial(renderer.visibility, renderer.masks(pattern, strength, used), which)
        found = list(ordered_map(executor, look, self.numbers.tolist()))
        return float(np.mean(found)) / (self.mean * (SPARED if len(choices) > 1 else 1))


def _measure_jpeg(source: SourceDataset, number: int) -> float:
    return measure_jpeg_visibility(source.read_originals([number]).colours[0])
