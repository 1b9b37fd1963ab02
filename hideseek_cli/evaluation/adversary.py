"""An adversary: what they have besides the folder, and how they train on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.errors import InputError
from hideseek_cli.evaluation.audit_result import Curve
from hideseek_cli.evaluation.loading import EvaluationData
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.images.codec import Pixels, decode, fit, take_alpha
from hideseek_cli.images.dataset import ImageDataset, load_pixels, map_images, scan
from hideseek_cli.images.index import ImageRecord
from hideseek_cli.images.layout import Layout, find_layout
from hideseek_cli.images.reading import tell_reading
from hideseek_cli.masks.image_stack import ImageStack
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.backbones import Backbone
from hideseek_cli.training.evaluator import derive_seed
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import OnStep, count_correct, train

WITHOUT = {
    "alpha": "every image is opaque", "backbone": "it needs {}; give `backbone`",
    "originals": "it needs {}; give `clean`", "release": "it needs {}; give `other`", "cleaner": "it needs {}; give `cleaners`",
}  # fmt: skip
"""Why attacks with such needs are left out; in the braces is what they know."""
SETS, TEST = ("exposed", "clean"), "test"
"""Of what a job learns, by whether it is of clean images, and what it is tested on."""
ALSO_ON_CLEAN = ("nothing", "backbone", "originals")
"""Attacks with such needs mean something on clean images too."""
SAME_ON_CLEAN = ("alpha",)
"""Attacks with such needs find on clean images what they find here: masks leave it as it is."""
FAULTS = (RuntimeError, ValueError, ArithmeticError, IndexError, MemoryError, InputError)
"""What may go wrong in one attack without ending the others."""


@dataclass(frozen=True, kw_only=True)
class Knowledge:
    """What an adversary has besides the folder."""

    originals: TensorDataset | None
    """The images as they were, in the order of the folder."""
    other: TensorDataset | None
    """The same images as another release has them."""
    cleaners: tuple[Cleaner, ...]
    alpha: tuple[TensorDataset, TensorDataset] | None
    """How opaque the folder's images and the test images are; None where all of the folder are, or no attack asks."""
    backbone: Backbone | None = None
    """A network that was trained on other images."""

    def lacks(self, attack: Attack) -> str | None:
        """Why an attack has not what it needs; None where it has that."""
        given = {"alpha": self.alpha, "backbone": self.backbone, "originals": self.originals, "release": self.other,
                 "cleaner": self.cleaners or None}  # fmt: skip
        return WITHOUT[attack.needs].format(attack.knows) if given.get(attack.needs, ()) is None else None


def load_knowledge(
    data: EvaluationData, clean: Path | None, other: Path | None, cleaners: Sequence[Path], backbone: Backbone | None,
    attacks: Sequence[Attack], device: torch.device, executor: Executor, progress: Progress, split: str = "auto",
) -> Knowledge:  # fmt: skip
    """Read what was given, and of the folder what these attacks need besides. Raises InputError where it does not belong to
    the folder."""

    def load(layout: Layout, what: str) -> TensorDataset:
        return load_counterpart(layout, what, data, executor, progress, device)

    return Knowledge(
        originals=None if clean is None else load(find_layout(clean, split, progress), "the originals"),
        other=None if other is None else load(Layout.whole(other, manifests.BESIDE), "a release"),
        cleaners=load_cleaners(cleaners, data),
        alpha=load_alpha(data, executor, progress) if any(one.needs == "alpha" for one in attacks) else None,
        backbone=backbone,
    )


def load_counterpart(
    layout: Layout, what: str, data: EvaluationData, executor: Executor, progress: Progress, device: torch.device
) -> TensorDataset:
    """The same images from elsewhere, in the order of the folder. Raises InputError for a folder of others."""
    root, here = layout.train, data.folder
    part = scan(root, passed_over=layout.passed_over)
    tell_reading(part, layout, {"train": "compared"}, progress)
    if [record.key for record in part.records] != [record.key for record in here.records]:
        raise InputError(f"{root} does not hold {what} of the images of {here.root}: names or classes differ")
    stack = ImageStack.of(part, load_pixels(part, executor, progress, data.size))
    if stack.shape != data.stack.shape or stack.channels != data.stack.channels:
        raise InputError(f"the images of {root} are not of the size of those of {here.root}")
    return make_dataset(stack.clean(), part.labels, data.dataset.classes, device)


def load_alpha(data: EvaluationData, executor: Executor, progress: Progress) -> tuple[TensorDataset, TensorDataset] | None:
    """How opaque the images of the folder and the test images are, as grey images of the size of the others; None where all
    of the folder are opaque."""

    def take(record: ImageRecord) -> Pixels:
        alpha = take_alpha(decode(record.path))
        if not alpha.size:
            return np.broadcast_to(np.uint8(255), (*data.stack.shape, 1))
        return alpha if data.size is None else fit(alpha, data.size)

    def load(folder: ImageDataset, like: TensorDataset) -> TensorDataset:
        images = np.stack(map_images(folder, take, executor, progress))
        return make_dataset(images, like.labels.cpu().numpy(), like.classes, like.images.device)

    found = load(data.folder, data.dataset)
    return (found, load(data.tested, data.test)) if (found.images < 255).any() else None


def load_cleaners(paths: Sequence[Path], data: EvaluationData) -> tuple[Cleaner, ...]:
    """The cleaners of buyers who have the folder. Raises InputError for those that do not lead to it."""
    found = tuple(Cleaner.load(path) for path in paths)
    promise = data.promise
    for path, one in zip(paths, found, strict=True):
        if promise is None or one.release != promise.release:
            raise InputError(f"{path} is a cleaner of another release than {data.folder.root}")
    if found and promise and promise.level not in {one.level for one in found}:
        levels = ", ".join(one.level for one in found)
        raise InputError(f"{data.folder.root} is level {promise.level}, which no cleaner of level {levels} makes")
    return found


@dataclass(frozen=True)
class Job:
    """One training that is wanted."""

    attack: Attack
    run: int
    clean: bool
    """Whether it is of clean images."""

    @property
    def name(self) -> str:
        return f"{self.attack.name} {self.run} {SETS[self.clean]}"

    def describe(self, result: Curve | str) -> str:
        """What came of it, in words."""
        if isinstance(result, str):
            return f"{self.attack.name} failed: {result}"
        where = " on clean images" if self.clean else ""
        return f"{self.attack.name}{where}: {result[-1]:.1f} %, at best {max(result):.1f} %"


@dataclass(frozen=True)
class Adversary:
    """Trains under attacks, on whatever machine this is."""

    data: EvaluationData
    knowledge: Knowledge
    recipe: Recipe
    seed: int
    features: Mapping[str, Tensor] = field(default_factory=dict)
    """What the backbone says of the sets of images that ``list_sets`` names."""

    @property
    def epsilon(self) -> int:
        assert self.data.promise is not None
        return self.data.promise.epsilon

    @property
    def paid(self) -> float:
        """What training gives without an attack, in percent, by the folder's own promise."""
        promise = self.data.promise
        return 100.0 if promise is None or promise.accuracy is None else promise.accuracy

    def list_jobs(self, attack: Attack, runs: int) -> list[Job]:
        """On the folder, and on clean images where there are some and that means something."""
        of_clean = (False, True) if self.knowledge.originals is not None and attack.needs in ALSO_ON_CLEAN else (False,)
        return [Job(attack, run, clean) for clean in of_clean for run in range(runs)]

    def list_sets(self, jobs: Sequence[Job]) -> dict[str, TensorDataset]:
        """The sets of images of which these jobs need features."""
        asked = {SETS[job.clean] for job in jobs if job.attack.needs == "backbone"}
        found = {SETS[False]: self.data.dataset, SETS[True]: self.knowledge.originals, TEST: self.data.test}
        wanted = {*asked, TEST} if asked else set()
        return {name: part for name, part in found.items() if part is not None and name in wanted}

    def train(self, job: Job, on_step: OnStep) -> Curve | str:
        """What came of a training, or what went wrong."""
        known = self.knowledge
        dataset = known.originals if job.clean and known.originals is not None else self.data.dataset
        features = (self.features[SETS[job.clean]], self.features[TEST]) if job.attack.needs == "backbone" else None
        exposed = Exposed(dataset=dataset, test=self.data.test, alpha=known.alpha, features=features,
                          originals=known.originals, other=known.other, cleaners=known.cleaners, epsilon=self.epsilon,
                          seed=self.seed + job.run)  # fmt: skip
        seed = derive_seed(self.seed, 0xA77A, job.run)
        try:
            return train_under_attack(job.attack, exposed, self.recipe, on_step, seed=seed)
        except FAULTS as error:
            return f"{type(error).__name__}: {error}"


def train_under_attack(attack: Attack, exposed: Exposed, recipe: Recipe, on_step: OnStep, *, seed: int) -> Curve:
    """Train as the adversary would, and test after every epoch."""
    if attack.learn is not None:
        return attack.learn(exposed, on_step)
    data, test = attack.prepare(exposed)
    curve: Curve = []

    def watch(network: Standardised) -> None:
        curve.append(100 * count_correct(network, test) / len(test))

    chosen = recipe if attack.augmented else replace(recipe, augmentation="none")
    train(data, chosen, seed=seed, on_step=on_step, treatment=attack.treatment, watch=watch)
    return curve
