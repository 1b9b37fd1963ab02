"""What benchmarks of networks and masks work on: a training and a test folder, read and on the device, and masks for it."""

import argparse
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from hideseek_cli import keys
from hideseek_cli.core.classifier import silent
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.core.rounds import Training, side_by_side
from hideseek_cli.folder import scan
from hideseek_cli.intake import load
from hideseek_cli.levels import Maker, Scale
from hideseek_cli.material import Material
from hideseek_cli.memory import keep_freed
from hideseek_cli.methods import Patterns, Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.order import Order
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import Recipe, preset
from hideseek_cli.stack import labelled

KEY = bytes(32)
PUBLISHED = 0.8
"""About the strength at which SSIM is 0.985 on CIFAR-10."""


def fastest(kept: bool = True) -> torch.device:
    """The device that there is; from here on torch uses all cores and, if ``kept``, memory as the commands do."""
    torch.set_num_threads(cores())
    if kept:
        keep_freed()
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def add_recipe(parser: argparse.ArgumentParser) -> None:
    """Options for another recipe than the quick one, which is for CPUs."""
    parser.add_argument("--arch", default="slim", help="the network that noise is made with")
    parser.add_argument("--epochs", type=int, help="of every training; by default as many as the quick recipe has")
    parser.add_argument("--archs", nargs="+", help="the networks that are retrained; by default that one")


def recipes(options: argparse.Namespace, count: int) -> tuple[Recipe, list[Recipe]]:
    """By those options: the recipe of the network that noise is made with for ``count`` pictures, and of each that is
    retrained."""
    quick = preset("quick").for_pictures(count)
    own = replace(quick, arch=options.arch, epochs=options.epochs or quick.epochs)
    return own, [replace(own, arch=arch) for arch in options.archs or [own.arch]]


def accuracies(trainings: Sequence[Training[float]], executor: Executor, device: torch.device) -> list[float]:
    """Of those trainings, in percent, in their order; each is told as it ends, since they may take long."""
    found = []
    for one in side_by_side(trainings, executor, device, threads=1, tick=silent):
        print(f"  {one:.1f}", flush=True)
        found.append(one)
    return found


def loaded(train: Path, test: Path, kept: bool = True) -> tuple[Material, Pictures, torch.device]:
    """The training part, the test pictures, and the device that both are for, ``fastest(kept)``."""
    device = fastest(kept)
    with pool(cores()) as executor:
        material = load(train, None, None, executor, Silent())
        classes = material.folder.classes
        tests = labelled(scan(test), classes, material.stack, executor, Silent(), None)
    return material, pictures(*tests, len(classes), device), device


def asked(options: argparse.Namespace, recipe: Recipe) -> Order:
    """What ``hide`` would be asked for by a benchmark's options."""
    return Order(data=options.train, levels=(50.0,), out=Path("out"), masks=Path("masks"), recipe=recipe,
                 epsilon=options.epsilon, min_ssim=options.min_ssim)  # fmt: skip


def shown(material: Material, device: torch.device) -> Pictures:
    """The pictures of the training part, clean."""
    return pictures(material.stack.clean(), material.folder.labels, len(material.folder.classes), device)


@dataclass(frozen=True)
class Masked:
    """A folder under one placement, with the patterns of both rules."""

    maker: Maker
    task: Task
    """What both were trained on."""
    whitened: Patterns
    sign: Patterns
    published: float

    @property
    def material(self) -> Material:
        return self.maker.material

    def scale(self, unmask: str) -> Scale:
        """All levels between the folder published with whitened masks and the clean one; ``unmask``: as of ``hide``."""
        return Scale(self.maker, self.maker.masks(self.whitened, self.published), self.material.turns(KEY, unmask))

    def render(self, pattern: Patterns, strength: float, which: np.ndarray | None = None) -> np.ndarray:
        """All pictures with their class's mask, or with that of another number."""
        return self.maker.render(self.maker.masks(pattern, strength), self.material.folder.labels if which is None else which)

    def pictures(self, images: np.ndarray) -> Pictures:
        return pictures(
            images, self.material.folder.labels, len(self.material.folder.classes), self.task.pictures.images.device
        )


def masked(
    material: Material, device: torch.device, recipe: Recipe, *, epsilon: int = 8, placement: str = "fixed",
    published: float = PUBLISHED,
) -> Masked:  # fmt: skip
    """The default masks of a folder, of a fixed key and seed."""
    shifts = material.shifts(KEY, placement)
    data = shown(material, device)
    task = Task(pictures=data, epsilon=epsilon, arch=recipe.arch, batch_size=recipe.batch_size, seed=0,
                shifts=None if shifts is None else torch.from_numpy(shifts.astype(np.int64)).to(device))  # fmt: skip
    torch.set_num_threads(cores())
    whitened, _, sign = (train(silent).patterns for train in ClassWise().candidates(task))
    thresholds = keys.dither(keys.subkey(KEY, "dither"), whitened.shape)
    return Masked(Maker(material, epsilon, thresholds, shifts), task, whitened, sign, published)
