"""The accuracy that a folder trains to, measured without its test part.

Where the folder has no validation part, each run withholds other pictures of the training part, the same share of every
class, and is tested on their clean originals. Pictures that carry the published mask teach nothing, so those are
withheld first and others like them take their places twice: a run then learns from what the buyer's will, in as many
steps. What is withheld of pictures that do teach costs accuracy. It is measured once, by a run on half of them: accuracy
grows about linearly with the logarithm of their number, so ``log(all / used)`` of that slope is added, in proportion to
what a level has left above chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8

from hideseek_cli.core.classifier import Tick, correct, silent, train
from hideseek_cli.core.data import Pictures
from hideseek_cli.recipe import Recipe

Images = UInt8[np.ndarray, "n h w c"]


def pictures(images: Images, labels: Int64[np.ndarray, " n"], classes: int, device: torch.device) -> Pictures:
    """Pictures on the device, from NumPy's layout."""
    tensor = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2)))
    return Pictures(tensor.to(device), torch.from_numpy(labels).to(device), classes)


def retrain(data: Pictures, test: Pictures, recipe: Recipe, tick: Tick = silent, *, seed: int) -> float:
    """Accuracy in percent on ``test`` of a network trained from scratch on ``data``: what ``verify`` measures.

    The mean over networks where the recipe names several.
    """
    recipes = recipe.each()
    found: list[float] = []
    for one in recipes:

        def heard(done: int, total: int) -> None:
            tick(len(found) * total + done, len(recipes) * total)

        found.append(100 * correct(train(data, one, seed=seed, tick=heard), test) / len(test))
    return float(np.mean(found))


@dataclass(frozen=True)
class Fold:
    """What one run trains on and is tested on, as indices of the training part."""

    training: Int64[np.ndarray, " n"]
    """As many as there are pictures; some stand twice, in place of those that are withheld."""
    withheld: Int64[np.ndarray, " m"]

    @classmethod
    def drawn(cls, labels: Int64[np.ndarray, " n"], masked: Bool[np.ndarray, " n"], seed: int, run: int) -> Fold:
        """About 1,000 pictures are withheld, but between a tenth and a quarter of every class, ``masked`` ones first."""
        generator = np.random.default_rng([seed, 0xF01D, run])
        share = min(0.25, max(0.1, 1000 / len(labels)))
        kept, doubled, withheld = [], [], []
        for label in np.unique(labels):
            members = generator.permutation(np.flatnonzero(labels == label))
            members = members[np.argsort(~masked[members], kind="stable")]
            count = max(1, round(share * len(members)))
            rest = members[count:]
            alike = rest[masked[rest]] if masked[rest].any() else rest
            kept.append(rest)
            doubled.append(generator.choice(alike, count, replace=count > len(alike)))
            withheld.append(members[:count])
        return cls(np.sort(np.concatenate(kept + doubled)), np.sort(np.concatenate(withheld)))

    def growth(self, masked: Bool[np.ndarray, " n"]) -> float:
        """log(all / used) of the pictures that are not masked."""
        used = np.unique(self.training)
        return log((~masked).sum() / (~masked[used]).sum()) if (~masked).any() else 0.0

    def half(self, labels: Int64[np.ndarray, " n"]) -> Fold:
        """Every second picture of each class, as often as it takes to be as many."""
        used = np.unique(self.training)
        some = used[np.argsort(labels[used], kind="stable")][::2]
        return Fold(some[np.arange(len(self.training)) * len(some) // len(self.training)], self.withheld)


class Evaluator:
    """Retrains the recipe's networks on masked pictures and measures them on clean ones that they have not seen."""

    def __init__(
        self, clean: Images, labels: Int64[np.ndarray, " n"], classes: int, recipe: Recipe, seed: int,
        device: torch.device,
        validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None = None,
    ) -> None:  # fmt: skip
        self.labels, self.classes, self.recipe, self.seed, self.device = labels, classes, recipe, seed, device
        self.clean = pictures(clean, labels, classes, device)
        self.validation = None if validation is None else pictures(*validation, classes, device)
        self.nothing = np.zeros(len(labels), bool)
        """No picture carries the published mask."""

    @property
    def tested(self) -> int:
        """Pictures that one run is tested on."""
        return len(self.validation) if self.validation else len(self.fold(self.nothing, 0).withheld)

    def fold(self, masked: Bool[np.ndarray, " n"], run: int) -> Fold:
        """What the run of that number trains and is tested on; everything trains where there is a validation part."""
        if self.validation:
            return Fold(np.arange(len(self.labels)), np.arange(0))
        return Fold.drawn(self.labels, masked, self.seed, run)

    def growth(self, masked: Bool[np.ndarray, " n"], run: int) -> float:
        """By how much more unmasked pictures a buyer learns from than that run, on a logarithmic scale."""
        return self.fold(masked, run).growth(masked)

    def accuracy(self, images: Images, masked: Bool[np.ndarray, " n"], run: int, tick: Tick, *, half: bool = False) -> float:
        """Percent on clean pictures after training on ``images`` with the seed and the fold of ``run``.

        ``masked``: which of them carry the published mask. ``half``: train on half of the pictures.
        """
        fold = self.fold(masked, run)
        used = (fold.half(self.labels) if half else fold).training
        test = self.validation or self.clean.subset(torch.from_numpy(fold.withheld).to(self.device))
        data = pictures(images[used], self.labels[used], self.classes, self.device)
        seed = int(np.random.SeedSequence([self.seed, 0xE7A1, run]).generate_state(1)[0])
        return retrain(data, test, self.recipe, tick, seed=seed)


@dataclass(frozen=True)
class Correction:
    """What withholding pictures costs: points to add to the accuracy of a run."""

    chance: float
    clean: float
    """Uncorrected clean accuracy, in percent."""
    slope: float
    """Points that the clean accuracy gains when the pictures become e times as many."""

    @classmethod
    def measured(cls, chance: float, clean: float, half: float) -> Correction:
        """From the clean accuracy of ordinary runs and that of a run on half of their pictures."""
        return cls(chance, clean, max(0.0, clean - half) / log(2))

    def __call__(self, accuracy: float, growth: float) -> float:
        """``growth``: log(all / used) of the pictures that teach."""
        left = (accuracy - self.chance) / max(self.clean - self.chance, 1e-9)
        return accuracy + self.slope * growth * min(max(left, 0.0), 1.0)
