"""What attempts at masks that hide left to learn, in figures and in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hideseek_cli.methods import name_masks


@dataclass(frozen=True, kw_only=True)
class AttemptOutcome:
    """What one attempt left."""

    name: str
    """What it was, in words."""
    robust: tuple[str, ...]
    """The changes that its masks were trained through."""
    shared: bool
    """Whether all levels have one pattern of a class in common, where they would have had their own."""
    accuracy: float
    """Of networks trained on images that carry its masks, in percent."""
    hides: bool
    """Whether that counts as hidden."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "robust": list(self.robust)}


def find_best(outcomes: Sequence[AttemptOutcome]) -> int:
    """The number of the attempt that left least; of several, the first. Shared patterns give more away to buyers, so they are
    worth it only where they hide."""

    def rank(number: int) -> tuple[bool, float]:
        one = outcomes[number]
        return one.shared and not one.hides, one.accuracy

    return min(range(len(outcomes)), key=rank)


def describe_last(outcomes: Sequence[AttemptOutcome], total: int) -> str:
    """The last of them beside what was best before.

    >>> first = AttemptOutcome(name="masks that outlive blur", robust=("blur",), shared=False, accuracy=34.0, hides=False)
    >>> describe_last([first], 2)
    'masks, attempt 1 of 2: masks that outlive blur leave 34.0 %'
    >>> describe_last([first, AttemptOutcome(name="plain masks", robust=(), shared=False, accuracy=12.1, hides=True)], 2)
    'masks, attempt 2 of 2: plain masks leave 12.1 %, the best before left 34.0 %'
    """
    *before, last = outcomes
    said = f"masks, attempt {len(outcomes)} of {total}: {last.name} leave {last.accuracy:.1f} %"
    return f"{said}, the best before left {before[find_best(before)].accuracy:.1f} %" if before else said


def describe_choice(outcomes: Sequence[AttemptOutcome]) -> list[str]:
    """What was given up for masks that hide, where the published ones are not of the kind that was tried first.

    >>> first = AttemptOutcome(name="masks that outlive blur", robust=("blur",), shared=False, accuracy=34.0, hides=False)
    >>> plain = AttemptOutcome(name="plain masks", robust=(), shared=False, accuracy=12.1, hides=True)
    >>> describe_choice([plain]), describe_choice([first, plain])
    ([], ['masks that outlive blur left 34.0 %; plain ones are published, which left 12.1 % and are not made to outlive it'])
    """
    chosen, lines = outcomes[find_best(outcomes)], []
    if wished := [one for one in outcomes if one.robust and not chosen.robust]:
        least = wished[find_best(wished)]
        lines.append(
            f"{name_masks(least.robust)} left {least.accuracy:.1f} %; plain ones are published, which left "
            f"{chosen.accuracy:.1f} % and are not made to outlive {'them' if len(least.robust) > 1 else 'it'}"
        )
    if chosen.shared:
        own = [one for one in outcomes if not one.shared]
        lines.append(
            f"all levels share one pattern of a class: with patterns of each level's own {own[find_best(own)].accuracy:.1f} % "
            f"is left, with shared ones {chosen.accuracy:.1f} %; a cleaner holds the patterns of images that it does not clean"
        )
    return lines


def describe_tries(outcomes: Sequence[AttemptOutcome]) -> str:
    """What every attempt left."""
    return "; ".join(f"{one.name} left {one.accuracy:.1f} %" for one in outcomes)
