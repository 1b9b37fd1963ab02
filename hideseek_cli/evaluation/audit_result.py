"""What ``audit`` found: for each attack, and for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hideseek_cli.attacks import Attack
from hideseek_cli.runtime.tables import format_table

Curve = list[float]
"""Accuracy in percent after each epoch."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What one attack gives."""

    attack: Attack
    paid: float
    """What training gives without an attack, by the folder's own promise: chance, or the level that was bought."""
    curves: tuple[Curve, ...]
    """Of each run."""
    clean: tuple[Curve, ...]
    """The same attack on clean images; empty without them."""
    failure: str | None = None

    @property
    def accuracy(self) -> float | None:
        """Final, in percent; the mean over runs. None where none of them ended."""
        return float(np.mean([curve[-1] for curve in self.curves])) if self.curves else None

    @property
    def peak(self) -> float | None:
        """Of the best epoch: what stopping early would give to whoever has clean test images."""
        return float(np.mean([max(curve) for curve in self.curves])) if self.curves else None

    @property
    def clean_accuracy(self) -> float | None:
        """That of clean images; None where it was not measured."""
        return float(np.mean([curve[-1] for curve in self.clean])) if self.clean else None

    @property
    def gain(self) -> float | None:
        """Points above what was paid for."""
        return None if self.accuracy is None else self.accuracy - self.paid

    def to_json(self) -> dict[str, Any]:
        """Accuracies in percent, the gain in points."""
        return {
            "attack": self.attack.name, "knows": self.attack.knows, "accuracy": self.accuracy, "peak": self.peak,
            "clean_accuracy": self.clean_accuracy, "gain": self.gain, "runs": len(self.curves),
            "accuracies": [curve[-1] for curve in self.curves], "failure": self.failure,
        }  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class AuditResult:
    """What an adversary can recover. Printed, it is a table of attacks."""

    folder: Path
    paid: float
    """What training gives without an attack, in percent: chance, or the level that was bought."""
    findings: tuple[Finding, ...]

    def holds(self, most: float | None = None) -> bool:
        """Whether no attack failed, and none ends above ``most`` percent."""
        ended = [one.accuracy for one in self.findings if one.failure is None]
        return len(ended) == len(self.findings) and all(most is None or (one or 0) <= most for one in ended)

    def to_json(self) -> dict[str, Any]:
        """Accuracies in percent, gains in points."""
        return {"folder": str(self.folder), "paid": self.paid, "attacks": [one.to_json() for one in self.findings]}

    def rows(self) -> list[dict[str, str]]:
        """A row for each attack."""
        return [
            {
                "attack": one.attack.name, "knows": one.attack.knows,
                "accuracy %": _points(one.accuracy) if one.curves else "failed", "peak %": _points(one.peak),
                "on clean %": _points(one.clean_accuracy), "gain": _points(one.gain),
            }
            for one in self.findings
        ]  # fmt: skip

    def remarks(self) -> list[str]:
        """Which attacks failed, and why."""
        return [f"{one.attack.name} failed: {one.failure}" for one in self.findings if one.failure is not None]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), *self.remarks()])


def _points(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
