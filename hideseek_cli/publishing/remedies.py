"""The sixth stage of ``hide``, where the published folder still teaches: which single value would hide it, each one tried."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from hideseek_cli.masks.arithmetic import MAX_EPSILON
from hideseek_cli.publishing.baseline import Baseline
from hideseek_cli.publishing.budget import PUBLISHED_RUNS, REMEDIES
from hideseek_cli.publishing.mask_layout import lay_out_masks, make_task
from hideseek_cli.publishing.mask_selection import Selection, evaluate
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.visibility_limit import VisibilityLimit

FACTORS = (2, 4)
"""How many times a limit is loosened, in turn."""


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """A value of one argument in place of that which was asked for, and what the published folder would train to."""

    option: str
    """The argument of the Python API."""
    value: float | int | tuple[str, ...]
    accuracy: float
    """In percent."""
    hides: bool

    def to_json(self) -> dict[str, Any]:
        value = list(self.value) if isinstance(self.value, tuple) else self.value
        return {**asdict(self), "value": value}

    @property
    def described(self) -> str:
        """In words."""
        value = self.value if not isinstance(self.value, tuple) else ",".join(self.value) or "none"
        return f"`{self.option}={value!r}` would leave {self.accuracy:.1f} %"


def describe_remedies(remedies: Sequence[Remedy]) -> str:
    """What was tried, the one that hides last.

    >>> twice = Remedy(option="max_visibility", value=0.09, accuracy=33.0, hides=False)
    >>> describe_remedies([twice, Remedy(option="max_visibility", value=0.18, accuracy=12.0, hides=True)])
    '`max_visibility=0.09` would leave 33.0 %; `max_visibility=0.18` would leave 12.0 %, which counts as hidden'
    """
    found = "; ".join(one.described for one in remedies)
    return f"{found}, which counts as hidden" if remedies[-1].hides else f"{found}; none of these would hide it"


def try_remedies(run: HideRun, baseline: Baseline, selected: Selection) -> tuple[Remedy, ...]:
    """Values in turn, until one hides, REMEDIES of them are tried, or no runs are left; none where networks learn so little
    that nothing can be told."""
    found: list[Remedy] = []
    for option, value in dict.fromkeys(_list_values(run, selected)) if baseline.learns else ():
        if len(found) == REMEDIES or not run.session.affords(PUBLISHED_RUNS):
            break
        changed = _change(run, option, value)
        layout = lay_out_masks(changed, baseline, shared=selected.shared)
        attempts = changed.config.method.candidates(make_task(changed, layout))
        alike = changed.config.survived == run.config.survived
        attempt = attempts[selected.rule if alike else 0]
        accuracy = evaluate(changed, baseline, layout, f"remedy {option} {value}", attempt).accuracy
        found.append(Remedy(option=option, value=value, accuracy=accuracy, hides=baseline.hides(accuracy)))
        run.progress.say(found[-1].described)
        if found[-1].hides:
            break
    return tuple(found)


def _list_values(run: HideRun, selected: Selection) -> Iterator[tuple[str, Any]]:
    """What may help: what was insisted on, then the limit that keeps masks from being stronger."""
    config = run.config
    if config.robust:
        yield "robust", ()
    if config.patterns > 1:
        yield "patterns", 1
    for factor in FACTORS:
        match selected.masks.strength.bound:
            case "visibility":
                yield "max_visibility", float(f"{min(1, factor * run.limit.mean):.2g}")
            case "ssim":
                yield "min_ssim", round(max(0.0, 1 - factor * (1 - config.min_ssim)), 4)
            case _ if config.epsilon * factor <= MAX_EPSILON:
                yield "epsilon", config.epsilon * factor


def _change(run: HideRun, option: str, value: Any) -> HideRun:
    """The same run with another value."""
    config = replace(run.config, **{option: value})
    if option != "max_visibility":
        return replace(run, config=config)
    return replace(run, config=config, limit=VisibilityLimit.of(config, run.source, run.executor, run.progress))
