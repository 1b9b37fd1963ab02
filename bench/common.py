"""What benchmarks of networks and masks work on: a training and a test folder, read and on the device, and masks for it."""

import argparse
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.core.bilevel import Problem, joint
from hideseek_cli.images.dataset import scan
from hideseek_cli.masks import keys
from hideseek_cli.masks.image_stack import load_labelled
from hideseek_cli.methods import RealPatterns, Task
from hideseek_cli.methods.emn import passes_for
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.malloc import keep_freed
from hideseek_cli.training.parallel import Training, train_in_parallel
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import ignore_steps

KEY = bytes(32)
PUBLISHED = 0.8
"""About the strength at which SSIM is 0.985 on CIFAR-10."""


def fastest(kept: bool = True) -> torch.device:
    """The device that there is; from here on torch uses all cores and, if ``kept``, memory as the commands do."""
    torch.set_num_threads(count_cores())
    if kept:
        keep_freed()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Options for another recipe than the quick one, which is for CPUs."""
    parser.add_argument("--arch", default="slim", help="the network that noise is made with")
    parser.add_argument("--epochs", type=int, help="of every training; by default as many as the quick recipe has")
    parser.add_argument("--archs", nargs="+", help="the networks that are retrained; by default that one")


def recipes(options: argparse.Namespace, count: int) -> tuple[Recipe, list[Recipe]]:
    """By those options: the recipe of the network that noise is made with for ``count`` images, and of each that is
    retrained."""
    quick = preset("quick").for_images(count)
    own = replace(quick, arch=options.arch, epochs=options.epochs or quick.epochs)
    return own, [replace(own, arch=arch) for arch in options.archs or [own.arch]]


def accuracies(trainings: Sequence[Training[float]], executor: Executor, device: torch.device) -> list[float]:
    """Of those trainings, in percent, in their order; each is told as it ends, since they may take long."""
    found = []
    for one in train_in_parallel(trainings, executor, device, threads=1, on_step=ignore_steps):
        print(f"  {one:.1f}", flush=True)
        found.append(one)
    return found


def loaded(train: Path, test: Path, kept: bool = True) -> tuple[SourceDataset, TensorDataset, torch.device]:
    """The training part, the test images, and the device that both are for, ``fastest(kept)``."""
    device = fastest(kept)
    with thread_pool(count_cores()) as executor:
        source = load_source(train, None, None, executor, Silent())
        classes = source.folder.classes
        tests = load_labelled(scan(test), classes, source.stack, executor, Silent(), None)
    return source, make_dataset(*tests, len(classes), device), device


def asked(options: argparse.Namespace, recipe: Recipe) -> HideConfig:
    """What ``hide`` would be asked for by a benchmark's options."""
    return HideConfig(data=options.train, levels=(50.0,), out=Path("out"), masks=Path("masks"), recipe=recipe,
                 epsilon=options.epsilon, min_ssim=options.min_ssim)  # fmt: skip


def shown(source: SourceDataset, device: torch.device) -> TensorDataset:
    """The images of the training part, clean."""
    return make_dataset(source.stack.clean(), source.folder.labels, len(source.folder.classes), device)


@dataclass(frozen=True)
class Masked:
    """A folder under one placement, with the patterns of both rules."""

    renderer: MaskRenderer
    task: Task
    """What both were trained on."""
    whitened: RealPatterns
    sign: RealPatterns
    published: float

    @property
    def source(self) -> SourceDataset:
        return self.renderer.source

    def scale(self, unmask: str) -> LevelScale:
        """All levels between the folder published with whitened masks and the clean one; ``unmask``: as of ``hide``."""
        return LevelScale(self.renderer, self.renderer.masks(self.whitened, self.published), self.source.unmasking(KEY, unmask))

    def render(self, pattern: RealPatterns, strength: float, which: np.ndarray | None = None) -> np.ndarray:
        """All images with their class's mask, or with that of another number."""
        return self.renderer.render(
            self.renderer.masks(pattern, strength), self.source.folder.labels if which is None else which
        )

    def dataset(self, images: np.ndarray) -> TensorDataset:
        return make_dataset(images, self.source.folder.labels, len(self.source.folder.classes), self.task.dataset.images.device)


def train_by(rule: str, task: Task) -> RealPatterns:
    """Class-wise patterns by a rule of ``core.updates``."""
    passes = passes_for(task, None, rule=rule)
    problem = Problem(dataset=task.dataset, epsilon=task.epsilon, arch=task.arch, batch_size=task.batch_size, seed=task.seed,
                      shifts=task.shifts, pattern_sets=task.pattern_sets, through=task.robust, sight=task.sight, rule=rule,
                      rounds=passes)  # fmt: skip
    return next(islice(joint(problem), passes - 1, None)).pattern()


def masked(
    source: SourceDataset, device: torch.device, recipe: Recipe, *, epsilon: int = 8, placement: str = "fixed",
    published: float = PUBLISHED,
) -> Masked:  # fmt: skip
    """The default masks of a folder, of a fixed key and seed."""
    shifts = source.shifts(KEY, placement)
    data = shown(source, device)
    task = Task(dataset=data, epsilon=epsilon, arch=recipe.arch, batch_size=recipe.batch_size, seed=0,
                shifts=None if shifts is None else torch.from_numpy(shifts.astype(np.int64)).to(device))  # fmt: skip
    torch.set_num_threads(count_cores())
    whitened, sign = (train_by(rule, task) for rule in ("whitened", "sign"))
    thresholds = keys.draw_thresholds(keys.derive_subkey(KEY, "dither"), whitened.shape)
    return Masked(MaskRenderer(source, epsilon, thresholds, shifts), task, whitened, sign, published)
