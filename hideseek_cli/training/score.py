"""What networks that were trained from scratch get right of the test images, class by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool
from torch import Tensor

from hideseek_cli.training.tensors import TensorDataset


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of one training: means over networks where a recipe names several.

    >>> Score.from_json(Score(accuracy=50.0, right=(1.0, 0.5)).to_json())
    Score(accuracy=50.0, right=(1.0, 0.5))
    """

    accuracy: float
    """Of all test images, in percent."""
    right: tuple[float, ...]
    """Of each class, test images that are classified correctly."""

    @classmethod
    def of(cls, correct: Sequence[Bool[Tensor, " n"]], test: TensorDataset) -> Score:
        """``correct``: of each network, which test images it classifies correctly."""
        labels = test.labels.cpu().numpy()
        right = [np.bincount(labels[one.cpu().numpy()], minlength=test.classes) for one in correct]
        accuracies = [100 * int(one.sum()) / len(test) for one in right]
        return cls(accuracy=float(np.mean(accuracies)), right=tuple(np.mean(right, axis=0).tolist()))

    def to_json(self) -> dict[str, Any]:
        """As a journal has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Score:
        """Read back what ``to_json`` gave."""
        return cls(accuracy=value["accuracy"], right=tuple(value["right"]))
