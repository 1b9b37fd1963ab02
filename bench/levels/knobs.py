"""Ways to make a mask weaker, against each other: how gradual accuracy falls, and how far apart seeds end.

    python -m bench.levels.knobs DATA/train DATA/test [--placements fixed keyed] [--seeds 0 1 2] [--only some_images]

Trains the default masks once for each placement, turns each knob to several values from 0 (clean) to 1 (published), and
retrains the quick recipe on every one, one processor thread each, as calibration does. Prints Markdown: accuracies on
the test set, their mean and standard deviation.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from bench.common import KEY, PUBLISHED, Masked, accuracies, loaded, masked
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.trainer import ignore_steps


def strongest(folder: Masked) -> np.ndarray:
    return folder.render(folder.whitened, folder.published)


def chosen(folder: Masked, share: float) -> np.ndarray:
    """Which images are masked; nested in every greater share."""
    return ~folder.scale("images").unmasking.touched(share)


def sign_amplitude(folder: Masked, value: float) -> np.ndarray:
    return folder.render(folder.sign, value)


def whitened_amplitude(folder: Masked, value: float) -> np.ndarray:
    return folder.render(folder.whitened, value * folder.published)


def pixels(folder: Masked, value: float) -> np.ndarray:
    """A share of the pattern's pixels, the same for all classes."""
    kept = np.random.default_rng(0).random(folder.whitened.shape[1:3]) < value
    return folder.render(folder.whitened * kept[None, :, :, None], folder.published)


def some_images(folder: Masked, value: float) -> np.ndarray:
    """A share of the images of every class is masked, the others are clean."""
    return folder.scale("images").render(value, ())


def whole_classes(folder: Masked, value: float) -> np.ndarray:
    """One class after another is clean, the others are masked."""
    return folder.scale("classes").render(value, ())


def faint_images(folder: Masked, value: float) -> np.ndarray:
    """A share of the images is masked, the others carry the pattern of sign steps at a tenth."""
    return np.where(chosen(folder, value)[:, None, None, None], strongest(folder), sign_amplitude(folder, 0.1))


def correlation(folder: Masked, value: float) -> np.ndarray:
    """A share of the images carries its own class's pattern, the others that of any class."""
    labels = folder.source.folder.labels
    random = np.random.default_rng(0).integers(0, labels.max() + 1, len(labels))
    told = np.where(chosen(folder, value), labels, random)
    return folder.render(folder.whitened, folder.published, told)


def common(folder: Masked, value: float) -> np.ndarray:
    """A share of the images carries its own class's pattern, all others one that says nothing."""
    shared = np.ascontiguousarray(np.broadcast_to(folder.whitened[:1, ::-1], folder.whitened.shape))
    others = folder.render(shared, folder.published)
    return np.where(chosen(folder, value)[:, None, None, None], strongest(folder), others)


def groups(folder: Masked, value: float) -> np.ndarray:
    """Classes share the patterns of the first few of them: the mask tells the group and no more."""
    labels = folder.source.folder.labels
    told = labels % max(1, round(value * (labels.max() + 1)))
    return folder.render(folder.whitened, folder.published, told)


def mixed_strengths(folder: Masked, value: float) -> np.ndarray:
    """A share of the images carries the pattern at 0.45 of its strength, the others at 0.25: on both sides of the cliff."""
    strong, weak = (whitened_amplitude(folder, one) for one in (0.45, 0.25))
    return np.where(chosen(folder, value)[:, None, None, None], strong, weak)


def shift_range(folder: Masked, value: float) -> np.ndarray:
    """The key shifts each pattern by no more than a share of the side, whatever shifts it was trained for."""
    shifts = folder.source.shifts(KEY, "keyed")
    assert shifts is not None
    near = (value * shifts).astype(shifts.dtype)
    return replace(folder, renderer=replace(folder.renderer, shifts=near)).render(folder.whitened, folder.published)


def early_stopped(folder: Masked, value: float) -> np.ndarray:
    """Patterns of which training ended after a share of its first pass."""
    count = len(folder.task.dataset)
    drawn = torch.randperm(count, generator=torch.Generator().manual_seed(0))[: int(value * count)]
    task = replace(folder.task, seen=drawn)
    return folder.render(ClassWise(passes=1).candidates(task)[0].train(ignore_steps).patterns, folder.published)


Knob = Callable[[Masked, float], np.ndarray]
VALUES: dict[Knob, tuple[float, ...]] = {
    whole_classes: (0.8, 0.7, 0.5, 0.3, 0.1),
    some_images: (0.6, 0.8, 0.9),
    common: (0.6, 0.8, 0.9),
    sign_amplitude: (0.15, 0.25, 0.35, 0.5),
    whitened_amplitude: (0.25, 0.35, 0.45),
    correlation: (0.6, 0.8, 0.9),
    pixels: (0.2, 0.4, 0.6),
    faint_images: (0.6, 0.8, 0.9),
    groups: (0.2, 0.5),
    mixed_strengths: (0.3, 0.5, 0.7),
    shift_range: (0.1, 0.3, 1.0),
    early_stopped: (0.1, 0.25, 0.5),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--placements", nargs="+", default=["fixed", "keyed"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="+", choices=[knob.__name__ for knob in VALUES])
    parser.add_argument("--values", type=float, nargs="+", help="in place of each knob's own")
    parser.add_argument("--epsilon", type=int, default=8)
    parser.add_argument("--strength", type=float, default=PUBLISHED, help="of the published masks")
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    recipe = preset("quick").for_images(len(source))
    knobs: list[Knob] = [knob for knob in VALUES if not options.only or knob.__name__ in options.only]
    rows = []
    with thread_pool(count_cores()) as executor:
        for placement in options.placements:
            folder = masked(source, device, recipe, epsilon=options.epsilon, placement=placement, published=options.strength)
            for knob in knobs:
                for value in options.values or VALUES[knob]:
                    data = folder.dataset(knob(folder, value))
                    trainings = [partial(retrain, data, test, recipe, seed=seed) for seed in options.seeds]
                    found = accuracies(trainings, executor, device)
                    deviation = f"{np.std(found, ddof=1):.1f}" if len(found) > 1 else ""
                    each = ", ".join(f"{one:.1f}" for one in found)
                    rows.append([placement, knob.__name__, value, f"{np.mean(found):.1f}", deviation, each])
                    print(rows[-1], flush=True)
    headers = ["placement", "knob", "value", "mean %", "standard deviation", "accuracies %"]
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
