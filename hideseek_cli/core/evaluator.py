"""The accuracy that a folder trains to, measured without its test part.

Where the folder has no validation part, each run withholds another fold of the training part, the same share of every
class, and is tested on the clean pictures of that fold; over the runs all pictures serve, so no small validation set
biases a level. A run takes as many optimiser steps as the buyer's will. What the withheld pictures still cost is
measured once, by a run on half of the rest: accuracy grows about linearly with the logarithm of the number of pictures,
so ``log(all / used)`` of that slope is added, in proportion to what a level has left above chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from hideseek_cli.core.classifier import Tick, correct, silent, train
from hideseek_cli.core.data import Pictures
from hideseek_cli.recipe import Recipe

Images = UInt8[np.ndarray, "n h w c"]


def pictures(images: Images, labels: Int64[np.ndarray, " n"], classes: int, device: torch.device) -> Pictures:
    """Pictures on the device, from NumPy's layout."""
    tensor = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return Pictures(tensor.to(device), torch.from_numpy(labels).to(device), classes)


def retrain(data: Pictures, test: Pictures, recipe: Recipe, tick: Tick = silent, *, seed: int) -> float:
    """Accuracy in percent on ``test`` of a network trained from scratch on ``data``: what ``verify`` measures."""
    return 100 * correct(train(data, recipe, seed=seed, tick=tick), test) / len(test)


@dataclass(frozen=True)
class Folds:
    """A partition of a training part into validation folds, each with its share of every class."""

    fold: Int64[np.ndarray, " n"]
    count: int

    @classmethod
    def of(cls, labels: Int64[np.ndarray, " n"], seed: int) -> Folds:
        """About 1,000 pictures a fold, but between a tenth and a quarter of all."""
        count = round(1 / min(0.25, max(0.1, 1000 / len(labels))))
        generator = np.random.default_rng([seed, 0xF01D])
        fold = np.empty(len(labels), np.int64)
        start = 0
        for label in np.unique(labels):
            members = generator.permutation(np.flatnonzero(labels == label))
            fold[members] = (start + np.arange(len(members))) % count
            start += len(members)
        return cls(fold, count)


class Evaluator:
    """Retrains the recipe's network on masked pictures and measures it on clean ones that it has not seen."""

    def __init__(
        self, clean: Images, labels: Int64[np.ndarray, " n"], classes: int, recipe: Recipe, seed: int,
        device: torch.device,
        validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None = None,
    ) -> None:  # fmt: skip
        self.labels, self.classes, self.recipe, self.seed, self.device = labels, classes, recipe, seed, device
        self.clean = pictures(clean, labels, classes, device)
        self.validation = None if validation is None else pictures(*validation, classes, device)
        self.folds = Folds.of(labels, seed)

    @property
    def tested(self) -> int:
        """Pictures that one run is tested on."""
        return len(self.validation) if self.validation else len(self.labels) // self.folds.count

    @property
    def growth(self) -> float:
        """log(all / used): how much a buyer's training set is larger than a run's, on a logarithmic scale."""
        return 0.0 if self.validation else log(self.folds.count / (self.folds.count - 1))

    def accuracy(self, images: Images, run: int, tick: Tick, share: float = 1.0) -> float:
        """Percent on withheld clean pictures after training on ``images`` with the seed and the fold of ``run``.

        ``share``: train on that share of the pictures that are not withheld, of every class alike.
        """
        kept = np.ones(len(self.labels), bool) if self.validation else self.folds.fold != run % self.folds.count
        test = self.validation or self.clean.subset(torch.from_numpy(np.flatnonzero(~kept)).to(self.device))
        used = np.flatnonzero(kept)
        if share < 1:
            used = used[np.argsort(self.labels[used], kind="stable")][:: round(1 / share)]
        data = pictures(images[used], self.labels[used], self.classes, self.device)
        seed = int(np.random.SeedSequence([self.seed, 0xE7A1, run]).generate_state(1)[0])
        network = train(data, self.recipe, seed=seed, passes_over=len(self.labels), tick=tick)
        return 100 * correct(network, test) / len(test)


@dataclass(frozen=True)
class Correction:
    """What withholding pictures costs: points to add to the accuracy of a run."""

    chance: float
    clean: float
    """Uncorrected clean accuracy, in percent."""
    gain: float
    """Points that the clean accuracy gains on all pictures."""

    @classmethod
    def measured(cls, chance: float, clean: float, half: float, growth: float) -> Correction:
        """From the clean accuracy of ordinary runs and that of a run on half of their pictures."""
        return cls(chance, clean, max(0.0, clean - half) / log(2) * growth)

    def __call__(self, accuracy: float) -> float:
        left = (accuracy - self.chance) / max(self.clean - self.chance, 1e-9)
        return accuracy + self.gain * min(max(left, 0.0), 1.0)
