"""Recall by class: how evenly what networks learn from a folder is spread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hideseek_cli.training.score import Score
from hideseek_cli.training.tensors import TensorDataset


@dataclass(frozen=True, kw_only=True)
class Recall:
    """Of each class that has test images, in the folder's order."""

    percent: dict[str, float]
    """Of its test images, those that are classified correctly: the mean over runs, in percent."""
    tested: dict[str, int]
    """Its test images."""

    @classmethod
    def of(cls, scores: Sequence[Score], test: TensorDataset, classes: Sequence[str]) -> Recall:
        """``scores``: of each run; ``classes``: their names."""
        sizes = np.bincount(test.labels.cpu().numpy(), minlength=test.classes).tolist()
        right = np.mean([one.right for one in scores], axis=0).tolist()
        known = [(name, hits, size) for name, hits, size in zip(classes, right, sizes, strict=True) if size]
        return cls(
            percent={name: 100 * hits / size for name, hits, size in known}, tested={name: size for name, _, size in known}
        )

    def describe_spread(self) -> str:
        """How far classes are apart, in words.

        >>> Recall(percent={"cat": 20.0, "dog": 60.0}, tested={"cat": 10, "dog": 10}).describe_spread()
        'recall from 20.0 % (cat) to 60.0 % (dog), standard deviation 20.0 points'
        """
        worst, best = (choose(self.percent, key=self.percent.__getitem__) for choose in (min, max))
        return (
            f"recall from {self.percent[worst]:.1f} % ({worst}) to {self.percent[best]:.1f} % ({best}), "
            f"standard deviation {np.std([*self.percent.values()]):.1f} points"
        )
