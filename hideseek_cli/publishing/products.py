"""Which levels give a buyer more than others have: no promise beyond what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil, sqrt

from hideseek_cli.training.accuracy_stats import Estimate

EVERYONE = "what everyone has"
NORMAL = 1.96
"""Standard errors on either side that hold 95 %."""


def find_overlaps(levels: Mapping[float, Estimate], published: Estimate) -> dict[float, str]:
    """Of each level whose 95 % interval overlaps that of the published folder, or of the last level below it that does not:
    that, in words.

    >>> def found(mean: float) -> Estimate:
    ...     return Estimate(mean=mean, between=0.0, freedom=0, sampling=2.0, runs=2)
    >>> find_overlaps({30.0: found(30.0), 50.0: found(50.0), 55.0: found(54.0)}, found(28.0))
    {30.0: 'level 30 (26 to 34) is no better than what everyone has (24 to 32)', \
55.0: 'level 55 (50 to 58) is no better than level 50 (46 to 54)'}
    """
    below, name, overlaps = published, EVERYONE, {}
    for level, found in sorted(levels.items()):
        if found.interval()[0] <= below.interval()[1]:
            overlaps[level] = f"level {level:g} ({_spell(found)}) is no better than {name} ({_spell(below)})"
        else:
            below, name = found, f"level {level:g}"
    return overlaps


def _spell(found: Estimate) -> str:
    low, high = found.interval()
    return f"{low:.0f} to {high:.0f}"


def images_to_tell(one: float, other: float) -> int:
    """On how many test images the 95 % intervals of two accuracies, in percent, part, however many runs are made.

    >>> images_to_tell(16.7, 40.0), images_to_tell(50.0, 70.0)
    (53, 89)
    """
    errors = sum(sqrt(each * (100 - each)) for each in (one, other))
    return ceil((NORMAL * errors / abs(other - one)) ** 2)


def find_untold(levels: Sequence[float], chance: float, tested: int) -> tuple[str, int] | None:
    """What so many test images cannot tell apart at all, in words, and how many would; None where they tell everything."""
    pairs = list(pairwise([chance, *sorted(levels)]))
    needed = [images_to_tell(*pair) for pair in pairs]
    most = max(needed, default=0)
    if most <= tested:
        return None
    low, high = pairs[needed.index(most)]
    return f"level {high:g} from {f'chance, {low:.1f} %' if low == chance else f'level {low:g}'}", most
