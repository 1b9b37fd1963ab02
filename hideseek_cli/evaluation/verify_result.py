"""What ``verify`` found: for each network, and for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hideseek_cli.errors import count
from hideseek_cli.evaluation.models import model_label
from hideseek_cli.evaluation.recall import Recall
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.fields import Number
from hideseek_cli.runtime.junit import Case, Outcome
from hideseek_cli.runtime.tables import format_table
from hideseek_cli.training.accuracy_stats import Estimate, Verdict

WORSE: tuple[Verdict | None, ...] = (None, "pass", "inconclusive", "fail")
"""Verdicts, each worse than those before it; None where nothing was promised."""
OUTCOMES: dict[Verdict | None, Outcome] = {"fail": "failure", "inconclusive": "skipped"}
"""What a build server calls a verdict that is no pass."""


def find_worst(verdicts: Sequence[Verdict | None]) -> Verdict | None:
    """Of several networks the worst verdict counts.

    >>> find_worst(["pass", "fail", None])
    'fail'
    """
    return max(verdicts, key=WORSE.index)


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What a folder trains one network to, and whether that is what it promises."""

    found: Estimate
    accuracies: tuple[float, ...]
    """Of each run, in percent."""
    level: Number | None
    """The promise, in percent: a level, or chance for a published folder; None where there is nothing to compare."""
    tolerance: Number
    one_sided: bool
    """A published folder promises at most chance; every other level promises neither more nor less."""
    verdict: Verdict | None
    more: int | None
    """Runs that would settle an inconclusive verdict if mean and spread stay; None where none would, or it is settled."""
    needed: int | None
    """Test images that would settle it where no number of runs does, if the mean stays; None where none would either."""
    recipe: Recipe
    seed: int
    """Of the first run."""
    images: int
    tested: int
    """Test images."""
    kind: str
    """How the network learns, where not as anybody: ``authorized`` or ``distilled``."""
    recall: Recall
    seconds: float = field(default=0.0, compare=False)
    """That its runs took; those that were resumed took none."""

    @property
    def label(self) -> str:
        """Which network, and how it learns."""
        return model_label(self.recipe, self.kind)

    @property
    def promise(self) -> str:
        """In percent, in words."""
        if self.level is None:
            return "none"
        if self.one_sided:
            return f"at most chance, {self.level:.1f} + {self.tolerance:g}"
        return f"{self.level:g} ± {self.tolerance:g}"

    def describe_settling(self) -> str:
        """What would settle an inconclusive verdict, in words."""
        if self.more:
            return f"about {count(self.more, 'more run')} would settle it"
        never = (
            f"no number of runs on {'this' if self.tested == 1 else 'these'} {count(self.tested, 'test image')} would settle it"
        )
        return (
            f"{never}; {self.needed} test images would" if self.needed else f"{never}: the mean lies where the tolerance ends"
        )

    def to_json(self) -> dict[str, Any]:
        """Accuracies in percent; ``low`` and ``high``: the 95 % interval of their mean; ``recall``: of each class."""
        low, high = self.found.interval()
        return {
            "accuracy": self.found.mean, "low": low, "high": high, "runs": self.found.runs,
            "accuracies": list(self.accuracies), "level": self.level, "tolerance": self.tolerance,
            "one_sided": self.one_sided, "verdict": self.verdict, "more_runs": self.more,
            "test_images_needed": self.needed, "recipe": self.recipe.to_json(),
            "kind": self.kind or None, "seed": self.seed, "images": self.images, "tested": self.tested,
            "recall": self.recall.percent,
        }  # fmt: skip

    def to_case(self, folder: Path) -> Case:
        """As a test case of a build server."""
        low, high = self.found.interval()
        measured = f"accuracy {self.found.mean:.2f} %, 95 % interval {low:.2f} to {high:.2f}, promised {self.promise}"
        return Case(
            group=str(folder), name=self.label, seconds=self.seconds, outcome=OUTCOMES.get(self.verdict),
            message=f"{self.verdict}: {measured}, {count(self.found.runs, 'run')}",
            properties={
                "accuracy": f"{self.found.mean:.4f}", "low": f"{low:.4f}", "high": f"{high:.4f}",
                "runs": str(self.found.runs), "level": "" if self.level is None else f"{self.level:g}",
                "tolerance": f"{self.tolerance:g}", "verdict": self.verdict or "nothing promised",
            },
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class VerifyResult:
    """What ``verify`` found. Printed, it is a table of networks and what else to know."""

    folder: Path
    networks: tuple[Verification, ...]

    @property
    def verdict(self) -> Verdict | None:
        """The worst of all networks; None where nothing was promised."""
        return find_worst([one.verdict for one in self.networks])

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """That of the network, or of each of several."""
        found = [one.to_json() for one in self.networks]
        return found[0] if len(found) == 1 else found

    def rows(self) -> list[dict[str, str]]:
        """A row for each network."""
        rows = []
        for one in self.networks:
            low, high = one.found.interval()
            rows.append({
                "folder": str(self.folder), "network": one.label, "promised %": one.promise,
                "accuracy %": f"{one.found.mean:.2f}", "95 % interval": f"{low:.2f} to {high:.2f}",
                "runs": str(one.found.runs), "verdict": one.verdict or "nothing promised",
            })  # fmt: skip
        return rows

    def cases(self) -> list[Case]:
        """A test case for each network."""
        return [one.to_case(self.folder) for one in self.networks]

    def remarks(self) -> list[str]:
        """How it was measured, and what would settle what is not settled."""
        first = self.networks[0]
        lines = [first.recipe.account(first.images, first.tested, first.seed)]
        for one in self.networks:
            if one.verdict == "inconclusive":
                lines.append(f"{one.label}: inconclusive; if mean and spread stay, {one.describe_settling()}")
        return lines

    def by_class(self) -> ResultByClass:
        """The same, shown class by class."""
        return ResultByClass(self)

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])


@dataclass(frozen=True)
class ResultByClass:
    """What ``verify`` found of each class. Printed, it is a table of classes, and what is said of all of them."""

    whole: VerifyResult

    def to_json(self) -> dict[str, Any] | list[dict[str, Any]]:
        """As of the result, which has every class too."""
        return self.whole.to_json()

    def rows(self) -> list[dict[str, str]]:
        """A row for each class that has test images, network by network."""
        return [
            {"network": one.label, "class": name, "test images": str(one.recall.tested[name]), "recall %": f"{found:.2f}"}
            for one in self.whole.networks
            for name, found in one.recall.percent.items()
        ]

    def remarks(self) -> list[str]:
        """How far classes are apart, the accuracy of all and whether it is what was promised, and how it was measured."""
        lines = []
        for row, one in zip(self.whole.rows(), self.whole.networks, strict=True):
            judged = row["verdict"] if one.verdict is None else f"promised {one.promise}: {one.verdict}"
            lines.append(f"{one.label}: {one.recall.describe_spread()}")
            lines.append(f"{one.label}: {row['accuracy %']} % of all, 95 % interval {row['95 % interval']}, {judged}")
        return [*lines, *self.whole.remarks()]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])
