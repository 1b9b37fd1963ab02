"""The accuracy that a folder trains to, measured without its test part.

Where the folder has no validation part, some images of every class are withheld: no run trains on them, and no mask
was trained on them either, so that what they are asked has not been answered before.
Withheld images are the last to lose their masks, and an image that carries the published mask teaches nothing; others
like them take their places twice; siblings are withheld together (``training.withholding``). So a run learns from what
the buyer's will, in as many steps. Where images that do teach are withheld, as for the clean folder, that costs
accuracy. It is measured once, by a run on half of them: accuracy grows about linearly with the logarithm of their number,
so ``log(all / used)`` of that slope is added, in proportion to what a level has left above chance.

A folder may have more images than are held in memory. Then runs see a part of it and are corrected in the same way for the
rest, by what a run on half of that part in half as many steps says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import log
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8
from torch import Tensor

from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.images.codec import Images
from hideseek_cli.recipe import Recipe
from hideseek_cli.training.score import Score
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import OnStep, find_correct, ignore_steps, train
from hideseek_cli.training.withholding import find_first, select_half, select_withheld

Change = Callable[[TensorDataset, TensorDataset], tuple[TensorDataset, TensorDataset]]
"""Of the images that are trained on and of those that are tested."""


def derive_seed(*numbers: int) -> int:
    """The seed of one training, from whatever tells it from every other."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0])


def retrain_and_score(
    data: TensorDataset, test: TensorDataset, recipe: Recipe, on_step: OnStep = ignore_steps, *, seed: int,
    checkpoints: Path | None = None, by: AuthorizedNetwork | None = None,
) -> Score:  # fmt: skip
    """What a network trained from scratch on ``data`` gets right of ``test``: what ``verify`` measures.

    The mean over networks where the recipe names several. ``by``: an authorised network, in place of the recipe's.
    """
    recipes = recipe.each() if by is None else (replace(recipe, arch=by.arch),)
    found: list[Tensor] = []
    for one in recipes:

        def heard(done: int, total: int) -> None:
            on_step(len(found) * total + done, len(recipes) * total)

        network = train(data, one, seed=seed, on_step=heard, checkpoints=checkpoints, by=by)
        found.append(find_correct(network, test))
    return Score.of(found, test)


def retrain(
    data: TensorDataset, test: TensorDataset, recipe: Recipe, on_step: OnStep = ignore_steps, *, seed: int,
    checkpoints: Path | None = None, by: AuthorizedNetwork | None = None,
) -> float:  # fmt: skip
    """The accuracy of the same, in percent."""
    return retrain_and_score(data, test, recipe, on_step, seed=seed, checkpoints=checkpoints, by=by).accuracy


class Evaluator:
    """Retrains the recipe's networks on masked images and measures them on clean ones that they have not seen."""

    def __init__(
        self, clean: Images, labels: Int64[np.ndarray, " n"], classes: int, recipe: Recipe, seed: int,
        device: torch.device,
        validation: tuple[UInt8[np.ndarray, "m h w c"], Int64[np.ndarray, " m"]] | None = None,
        checkpoints: Path | None = None, among: Bool[np.ndarray, " a"] | None = None, folds: int | None = None,
        siblings: Int64[np.ndarray, " n"] | None = None,
    ) -> None:  # fmt: skip
        """``checkpoints``: a folder for trainings that take long. ``among``: which of a folder's images these are. ``seed``: of
        runs. ``folds``: that by which images are withheld, where nobody may work out which; None: that of runs.
        ``siblings``: a number that each has in common with its siblings; None: there are none."""
        self.checkpoints = checkpoints
        self.among = np.ones(len(labels), bool) if among is None else among
        self.labels, self.classes, self.recipe, self.seed, self.device = labels, classes, recipe, seed, device
        self.clean = make_dataset(clean, labels, classes, device)
        self.nothing = np.zeros(len(self.among), bool)
        """No image of the folder carries the published mask."""
        self.siblings = np.arange(len(labels)) if siblings is None else find_first(siblings)
        """The first sibling of each image."""
        self.held = np.zeros(len(labels), bool)
        if not validation:
            self.held = select_withheld(labels, seed if folds is None else folds, self.siblings)
        """Which images are withheld; not one where there is a validation part."""
        self.test = make_dataset(*validation, classes, device) if validation else self.clean.subset(self._index(self.held))

    def _index(self, which: Bool[np.ndarray, " n"]) -> Tensor:
        return torch.from_numpy(np.flatnonzero(which)).to(self.device)

    def digest(self) -> str:
        """A hash over all that networks see, and which of it they are tested on."""
        whole = hashlib.sha256()
        for part in (self.clean.digest(), self.test.digest()):
            whole.update(part.encode())
        for which in (self.held, self.among):
            whole.update(np.packbits(which).tobytes())
        whole.update(self.siblings.tobytes())
        return whole.hexdigest()

    def seen(self) -> Tensor:
        """The images that are not withheld, as indices on the device: what masks may be trained on."""
        return self._index(~self.held)

    @property
    def whole(self) -> bool:
        """Whether runs learn from every image of the folder."""
        return bool(self.among.all() and not self.held.any())

    def growth(self, masked: Bool[np.ndarray, " a"]) -> float:
        """log(all / used) of the images that are not ``masked``: by how much more a buyer learns from than a run."""
        used = (~masked[self.among] & ~self.held).sum()
        return log((~masked).sum() / used) if used else 0.0

    def training(self, masked: Bool[np.ndarray, " n"], run: int) -> Int64[np.ndarray, " n"]:
        """What a run trains on, as many indices as there are images: some stand twice, in place of those withheld.

        A withheld image's place is taken by one of its class that is masked where it is and not where it is not.
        """
        generator = np.random.default_rng([self.seed, 0xD0B1, run])
        parts = [np.flatnonzero(~self.held)]
        for label in np.unique(self.labels):
            mine = self.labels == label
            for kind in (masked, ~masked):
                count = int((mine & kind & self.held).sum())
                alike = np.flatnonzero(mine & kind & ~self.held)
                alike = alike if len(alike) else np.flatnonzero(mine & ~self.held)
                parts.append(generator.choice(alike, count, replace=count > len(alike)))
        return np.sort(np.concatenate(parts))

    def half(self) -> Int64[np.ndarray, " _"]:
        """About half of the images of each class that are not withheld, as often as it takes to be as many; or once, where a
        buyer has more images and with them takes more steps."""
        some = select_half(self.labels, self.held, self.siblings)
        if not self.among.all():
            return some
        return some[np.arange(len(self.labels)) * len(some) // len(self.labels)]

    def accuracy(
        self, images: Images, masked: Bool[np.ndarray, " a"], run: int, on_step: OnStep, *, half: bool = False,
        by: AuthorizedNetwork | None = None, through: Change | None = None,
    ) -> float:  # fmt: skip
        """Percent on clean images after training on ``images`` with the seed of ``run``.

        ``masked``: which images of the folder carry the published mask. ``half``: train on half of the images. ``by``: an
        authorised network, in place of the recipe's. ``through``: what is done first to what is trained on and to what is
        tested.
        """
        used = self.half() if half else self.training(masked[self.among], run)
        data = make_dataset(images[used], self.labels[used], self.classes, self.device)
        data, test = (data, self.test) if through is None else through(data, self.test)
        seed = derive_seed(self.seed, 0xE7A1, run)
        return retrain(data, test, self.recipe, on_step, seed=seed, checkpoints=self.checkpoints, by=by)


@dataclass(frozen=True)
class Correction:
    """What withholding images costs: points to add to the accuracy of a run."""

    chance: float
    clean: float
    """Uncorrected clean accuracy, in percent."""
    slope: float
    """Points that the clean accuracy gains when the images become e times as many."""

    @classmethod
    def measured(cls, chance: float, clean: float, half: float) -> Correction:
        """From the clean accuracy of ordinary runs and that of a run on half of their images."""
        return cls(chance, clean, max(0.0, clean - half) / log(2))

    def __call__(self, accuracy: float, growth: float) -> float:
        """What a run's accuracy would be on all images, at most 100; ``growth``: log(all / used) of those that teach."""
        left = (accuracy - self.chance) / max(self.clean - self.chance, 1e-9)
        return min(100.0, accuracy + self.slope * growth * min(max(left, 0.0), 1.0))
