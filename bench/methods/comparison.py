"""What each method hides: published accuracy, at the strength of the paper or at that which `hide` would publish.

    python -m bench.methods.comparison DATA/train DATA/test [--methods clean emn/class emn/sample ...]
        [--options schedule=alternating ...] [--min-ssim 0.985] [--arch slim] [--epochs 5]
        [--archs slim vgg11 ...] [--runs 2] [--tests 10000]
    python -m bench.methods.comparison DATA/train DATA/test --methods uge/class --authorized net.safetensors [--told]

A method is name/scope, or name/scope/objective, or `clean`, which hides nothing. Without --min-ssim masks have strength 1.
Images are all seen: nothing is withheld. Prints Markdown: seconds of mask training, strength, SSIM of the first 500
images, root mean square in grey levels, accuracy on the test images of networks that were retrained; of ungeneralizable
examples also that of the authorised network, and (--told) of retrained ones that are told what it says of them.
"""

import argparse
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tabulate import tabulate

from bench.common import KEY, accuracies, add_recipe, loaded, recipes, shown
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.images.similarity import measure_ssim
from hideseek_cli.methods import Task, select
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.strength import find_greatest_strength
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.distillation import distill
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import ignore_steps

METHODS = ["random/class", "random/sample", "emn/class", "emn/sample", "emn/class/error-max", "emn/sample/error-max"]


def value(text: str) -> object:
    """An option as its type."""
    return int(text) if text.isdigit() else float(text) if text.replace(".", "").isdigit() else text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--methods", nargs="+", default=METHODS)
    parser.add_argument("--options", nargs="*", default=[], help="of every method: name=value")
    parser.add_argument("--min-ssim", type=float, default=None)
    parser.add_argument("--authorized", type=Path, nargs="*", default=[], help="of uge/class: each network in turn")
    parser.add_argument("--told", action="store_true")
    parser.add_argument("--candidate", type=int, default=0, help="which of a method's trainings, in the order of `hide`")
    parser.add_argument("--robust", nargs="*", help="changes that masks are to survive, in place of the method's")
    add_recipe(parser)
    parser.add_argument("--runs", type=int, default=2)
    parser.add_argument("--tests", type=int, default=10_000, help="test images, evenly spread")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    source, test, device = loaded(options.train, options.test)
    labels, classes = source.folder.labels, len(source.folder.classes)
    test = test.subset(torch.linspace(0, len(test) - 1, min(options.tests, len(test)), device=device).long())
    data = shown(source, device)
    recipe, retrained = recipes(options, len(data))
    given = {name: value(text) for name, text in (option.split("=") for option in options.options)}
    networks = [replace(AuthorizedNetwork.load(path), arch=recipe.arch) for path in options.authorized]
    robust = None if options.robust is None else tuple(options.robust)
    rows = []
    with thread_pool(count_cores()) as executor:

        def tell(hidden: TensorDataset, test: TensorDataset, recipe: Recipe, net: AuthorizedNetwork, *, seed: int) -> float:
            return distill(hidden, test, recipe, teacher=net, seed=seed).accuracy

        def learnt(hidden: TensorDataset, net: AuthorizedNetwork | None) -> dict[str, str]:
            """What networks learn, by name."""
            torch.set_num_threads(count_cores())
            kinds = {f"{one.arch} %": partial(retrain, hidden, test, one) for one in retrained}
            if net:
                kinds["authorised %"] = partial(retrain, hidden, test, recipe, by=net)
                told = retrained if options.told else []
                kinds |= {f"{one.arch}, told %": partial(tell, hidden, test, one, net) for one in told}
            trainings = [partial(kind, seed=1000 + run) for kind in kinds.values() for run in range(options.runs)]
            found = accuracies(trainings, executor, device)
            runs = np.array(found).reshape(len(kinds), options.runs)
            return {name: ", ".join(f"{one:.1f}" for one in mine) for name, mine in zip(kinds, runs, strict=True)}

        def row(name: str, scope: str, objective: str | None, net: AuthorizedNetwork | None) -> dict[str, str]:
            method = select(name, scope, {**given, "objective": objective, "authorized": net})
            config = HideConfig(data=options.train, levels=(), out=Path("out"), masks=Path("masks"), recipe=recipe,
                          method=method,
                          robust=robust, min_ssim=options.min_ssim or 0.5)  # fmt: skip
            renderer = MaskRenderer.of(config, source, KEY, 1)
            task = Task(dataset=data, epsilon=8, arch=recipe.arch, batch_size=recipe.batch_size, seed=options.seed,
                        shifts=None, robust=config.survived, secret=source.secret(KEY))  # fmt: skip
            torch.set_num_threads(count_cores())
            begun = time.perf_counter()
            patterns = method.candidates(task)[options.candidate].train(ignore_steps).patterns
            seconds = time.perf_counter() - begun
            unmasking = source.unmasking(KEY, own=scope == "sample")
            strength = 1.0
            if options.min_ssim is not None:
                strength = find_greatest_strength(config, renderer, patterns, unmasking.choices(), executor, Silent()).value
            masks = renderer.masks(patterns, strength)
            published = renderer.render(masks, unmasking.which([]))
            alike = measure_ssim(source.stack.clean()[:500], published[:500]).mean()
            power = np.sqrt(
                np.mean([np.square(part[np.arange(len(part))].astype(np.float32)).mean() for part in masks.values()])
            )
            return {
                "mask training s": f"{seconds:.0f}", "strength": f"{strength:.2f}", "SSIM": f"{alike:.3f}",
                "rms": f"{power:.1f}", **learnt(make_dataset(published, labels, classes, device), net),
            }  # fmt: skip

        for one in options.methods:
            name, *rest = one.split("/")
            for net in networks if name == "uge" else [None]:
                cells = learnt(data, None) if name == "clean" else row(name, rest[0], next(iter(rest[1:]), None), net)
                rows.append({"method": one, **cells})
                print(rows[-1], flush=True)
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
