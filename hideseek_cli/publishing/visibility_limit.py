"""How visible masks may be: as an owner says, or no more than JPEG of quality 75 is, which people take for the original."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, partial
from math import floor, log

import numpy as np
from jaxtyping import Float, Float64, Int64

from hideseek_cli.images.codec import drop_alpha
from hideseek_cli.images.visibility import choose_sample, measure_jpeg_visibility
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.progress import Progress

LOOKED, LOOKS = 48, 5
"""Images that are looked at until a strength is found, and strengths that are tried on them."""
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

        Searched on LOOKED of the images, then made sure of on all. Visibility grows with the strength by a power that two
        looks tell.
        """
        if self.mean in (0, 1):
            return most if self.mean else 0  # no change is more visible than 1, and no mask less than 0

        @cache
        def measure_excess(strength: int, count: int) -> float:
            """How many times as visible as is allowed."""
            return self._measure_excess(renderer, pattern, strength, choices, choose_sample(len(self.numbers), count), executor)

        def predict(strength: int, excess: float, power: float = POWER) -> int:
            return floor(strength * excess ** (-1 / power)) if excess else most

        low, high, at, power, tried = 0, most + 1, most, POWER, (0, 0.0)
        for look in range(LOOKS):
            progress.step("measuring visibility", look, LOOKS + 1)
            excess = measure_excess(at, min(LOOKED, len(self.numbers)))
            low, high = (at, high) if excess <= 1 else (low, at)
            if high - low == 1 or NEAR <= excess <= 1:
                break
            if all(tried) and excess:
                power = float(np.clip(log(tried[1] / excess) / log(tried[0] / at), *POWERS))
            tried = at, excess
            at = min(max(predict(at, excess, power), low + 1), high - 1)
        found = low or min(at, high - 1)
        progress.step("measuring visibility", LOOKS, LOOKS + 1)
        while found and (excess := measure_excess(found, len(self.numbers))) > 1:
            found = min(found - 1, predict(found, excess))
        progress.step("measuring visibility", LOOKS + 1, LOOKS + 1)
        return found

    def _measure_excess(
        self, renderer: MaskRenderer, pattern: Float[np.ndarray, "p h w c"], strength: int, choices: Int64[np.ndarray, "b n"],
        some: Int64[np.ndarray, " s"], executor: Executor,
    ) -> float:  # fmt: skip
        """Of ``some`` of the images. Those pattern sets that they may get lie on them in turn: to judge each image under all
        would take as many times as long, and sets that are equalised differ by 2 % of a class's visibility and less on the
        mean of all, which SPARED makes up for."""
        rows, numbers = some % len(choices), self.numbers[some]
        which = np.zeros(choices.shape[1], np.int64)
        used, which[numbers] = np.unique(choices[rows, numbers], return_inverse=True)
        look = partial(renderer.visibility, renderer.masks(pattern, strength / 100, used), which)
        found = list(ordered_map(executor, look, numbers.tolist()))
        share = SPARED if len(choices) > 1 else 1
        return float(np.mean(found)) / (share * float(self.allowed[some].mean()))


def _measure_jpeg(source: SourceDataset, number: int) -> float:
    return measure_jpeg_visibility(drop_alpha(source.read_originals([number])[0])[0])
