"""Hide a folder: train masks, find the strength of every level, write the release.

The order of work: read everything and refuse what cannot be used; measure what the clean folder trains to; train the
masks; find the strongest that keeps the pictures' likeness and check that it hides; search the levels; write.
"""

from __future__ import annotations

import hashlib
import math
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.cache import Cache, code_digest, default_folder
from hideseek_cli.container import FORMAT
from hideseek_cli.core.calibration import Found, Search
from hideseek_cli.core.curve import Axis, Evaluation, Expected, guesses
from hideseek_cli.core.evaluator import Evaluator
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.hiding import Allowed, allowed, best_hiding, stopped
from hideseek_cli.journal import Journal, opened
from hideseek_cli.levels import Maker
from hideseek_cli.manifest import Offer
from hideseek_cli.material import Material
from hideseek_cli.methods import Patterns, Task
from hideseek_cli.metrics import Comparison
from hideseek_cli.order import PUBLISHED_RUNS, Order
from hideseek_cli.plan import gather, ready
from hideseek_cli.progress import Progress
from hideseek_cli.recipe import Recipe
from hideseek_cli.release import Levels, Release, write
from hideseek_cli.stats import Estimate
from hideseek_cli.trials import Trials, seconds_about

CORE = Path(__file__).with_name("core")
LOST = 5.0
"""Points that masks may cost an authorised network."""
HIDDEN = 0.1
"""The published folder counts as hidden where at most this share is left of what the clean one gives above chance."""

MIDDLE = 30.0
"""Odds of a masked picture at which half of the accuracy is expected, where every class loses masks (docs/levels.md)."""


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What became of one level."""

    level: float
    share: float
    """Of the pictures that carry the published mask."""
    cleaned: dict[str, float]
    """Of each class that has pictures without a mask, their share; none where levels have masks of their own."""
    known: float
    """The share that is left where a buyer takes off every mask of which the cleaner holds the pattern."""
    found: Estimate
    reachable: bool
    likeness: Comparison | None
    """None where the level was not reached and so not written."""
    jump: tuple[Evaluation, Evaluation] | None
    """Where it was not reached, between what runs accuracy jumps over it, if it was seen to."""


@dataclass(frozen=True, kw_only=True)
class Hidden:
    """What ``hide`` found and wrote."""

    release: Release
    clean: Estimate
    published: Estimate
    hidden: bool
    """Whether the published folder trains to chance."""
    allowed: Allowed | None
    """What an authorised network learns, where there is one."""
    levels: tuple[Sold, ...]
    runs: int
    trained: int
    """Pictures that masks and networks were trained on."""
    recipe: Recipe
    generator: Path | None
    """What makes noise for other pictures, a secret file; None where the method cannot."""

    @property
    def complete(self) -> bool:
        """Whether every level was reached and the published folder hides, but not from whom it should not."""
        return self.hidden and self.taught and all(level.reachable for level in self.levels)

    @property
    def taught(self) -> bool:
        """Whether an authorised network learns what it would from clean pictures."""
        return self.allowed is None or self.allowed.lost <= LOST


def hide(order: Order, device: torch.device, executor: Executor, progress: Progress) -> Hidden:
    """Carry out an order. Raises InputError, and leaves the disk as it was, where the input cannot be used.

    A run that is interrupted leaves its journal, from which ``resume`` continues it.
    """
    stage, master = ready(order)
    if order.calibration == "retrain" and order.recipe.name == "paper" and device.type == "cpu":
        progress.say("the paper's recipe on a CPU takes hours a run; --recipe quick takes minutes")
    for bargain in order.bargains():
        progress.say(f"prices: {bargain}")
    material = gather(order, executor, progress)
    if material.size is not None:
        progress.say(
            f"files keep their sizes; networks see the central square of each at {material.size}x{material.size} (--size)"
        )
        if order.calibration == "stop":
            raise InputError("--calibration stop needs pictures of one size, at most 96x96; bring them to one first")
    binding = {
        **order.binding(), "train_images": len(material.stack), "data": material.fingerprint, "device": str(device),
        "threads": torch.get_num_threads(), "file format": FORMAT,
    }  # fmt: skip
    if order.key_file is not None:
        binding["key_file"] = hashlib.sha256(master).hexdigest()
    journal = opened(order.journal, binding, progress, resume=order.resume)
    if order.key_file is None:
        if journal.value("key") is None:
            journal.remember("key", master.hex())
        master = bytes.fromhex(journal.value("key"))
    with journal.running():
        return _hide(order, material, master, device, stage, journal, executor, progress)


def _hide(
    order: Order, material: Material, master: bytes, device: torch.device, stage: StagedFolder, journal: Journal,
    executor: Executor, progress: Progress,
) -> Hidden:  # fmt: skip
    folder, stack = material.folder, material.stack
    chance = folder.chance()
    recipe = order.recipe.for_pictures(len(material))
    evaluator = Evaluator(
        stack.clean(), material.labels, len(folder.classes), recipe, order.seed, device, material.validation, default_folder(),
        material.taught,
    )  # fmt: skip
    cache = Cache(default_folder(), {
        "data": material.fingerprint, "held": len(stack), "recipe": recipe.to_json(), "seed": order.seed, "device": str(device),
        "threads": order.threads, "torch": torch.__version__, "code": code_digest(CORE),
    })  # fmt: skip
    trials = Trials(evaluator, chance, journal, cache, executor, progress, planned=order.runs, threads=order.threads)
    minutes = seconds_about(order, evaluator.clean, recipe, executor) / 60
    if len(stack) < len(material):
        progress.say(
            f"{len(stack)} of {len(material)} pictures are trained on (--train-images); what the others would add to "
            "accuracies is extrapolated"
        )
    progress.say(
        f"{len(material)} pictures, {len(folder.classes)} classes; recipe {recipe.name} on {device}: {recipe.arch}, "
        f"{recipe.epochs} epochs; at most {order.runs} retrainings, about {minutes:.0f} min"
    )
    clean = trials.clean(stack.clean())
    ceiling = float(np.mean(clean))
    progress.say(f"the clean folder trains to {ceiling:.1f} %, chance, the largest class, is {chance:.1f} %")
    longer = "choose a recipe that trains longer"
    learns = trials.estimate(clean).interval()[0] > chance
    if not learns:
        progress.say(f"networks learn next to nothing from it, so nothing can be said of what masks hide; {longer}")
    above = [level for level in order.levels if level > ceiling + order.tolerance]
    if above:
        raise InputError(
            f"level {above[0]:g} is above the clean accuracy, {ceiling:.1f} % with this recipe; "
            + (f"sell at most {math.floor(ceiling)}, or {longer}" if learns else longer)
        )
    layers = 1 if order.calibration == "stop" else len(order.levels) + 1
    banks = layers * order.patterns
    maker = Maker.of(order, material, master, banks)
    task = Task(
        pictures=evaluator.clean, seen=evaluator.seen(), epsilon=order.epsilon, arch=recipe.each()[0].arch,
        batch_size=recipe.batch_size, seed=order.seed, banks=banks, robust=order.survived, secret=material.secret(master),
        shifts=None if maker.shifts is None else torch.from_numpy(maker.shifts[material.taught].astype(np.int64)).to(device),
    )  # fmt: skip
    hidden_at = chance + HIDDEN * (ceiling - chance)
    about = guesses(order.levels, clean, chance, Expected(1.0))
    turns = material.turns(
        master, order.unmask, evaluator.held, aims=[1 - share for share in about], banks=layers, patterns=order.patterns,
        own=order.method.scope == "sample",
    )  # fmt: skip
    whole = order.unmask == "classes" and len(folder.classes) > 2
    expected = Expected(1.0 if whole else MIDDLE, Axis(turns.limit, turns.untaught() if whole else None))
    shares = guesses(order.levels, clean, chance, expected)
    strongest = best_hiding(order, maker, turns, shares, task, trials, hidden_at, journal, executor, progress)
    scale, teaches = strongest.scale, strongest.accuracies
    progress.say(f"pictures to publish (strength {strongest.strength:.3f}) train to {np.mean(teaches):.1f} %")
    own: dict[float, Patterns] = {}
    able = allowed(order, strongest, shares, material, trials, progress)
    if order.calibration == "stop":
        found, own = stopped(order, task, evaluator, trials, maker, journal, progress)
    else:
        # Where one class is clean, networks take the masked ones for it, whatever a weak mask gave away without.
        floor = () if whole else teaches
        search = Search(
            lambda wanted, aims: trials.masked([scale.trial(share, aims) for share in wanted]), nearest=turns.nearest,
            chance=chance, published=floor, clean=clean, expected=expected, runs=trials.left - PUBLISHED_RUNS,
            tolerance=order.tolerance, say=progress.say,
        )  # fmt: skip
        found = search.levels(order.levels)
    for one in found:
        if one.accuracies != tuple(teaches):
            trials.group(list(one.accuracies))

    def classes(share: float) -> dict[str, float]:
        if own:
            return {}
        return {name: float(part) for name, part in zip(folder.classes, turns.coverage(share), strict=True) if part}

    estimates = {one.level: trials.estimate(list(one.accuracies)) for one in found}
    sold = [one for one in found if one.reachable]
    shares = [one.share for one in sold]
    published = trials.sided(scale.trial(1.0, shares), hidden_at)
    progress.say(f"the published folder trains to {published.mean:.1f} % ({published.runs} runs)")
    levels = Levels(
        epsilon=order.epsilon, published=scale.masks, which=turns.which(shares), shifts=maker.shifts,
        strength=strongest.strength, tiers={f"{one.level:g}": turns.touched(one.share) for one in sold},
        own={f"{level:g}": maker.masks(pattern, 1.0) for level, pattern in own.items()},
    )  # fmt: skip
    with stage:
        release = write(
            material, levels, stage, executor, progress, recipe=recipe, masks=order.masks,
            offers=tuple(offer(one, estimates[one.level], order.prices, classes(one.share)) for one in sold),
            origin={"device": device.type, "threads": torch.get_num_threads(), "seed": order.seed, "torch": torch.__version__,
                    "train_images": len(stack)},
            authorized=able.stated if able else None,
        )  # fmt: skip
        generator = strongest.save_generator(order, material, release.manifest.release)
    return Hidden(
        release=release, clean=trials.estimate(clean), published=published, hidden=published.mean <= hidden_at, allowed=able,
        runs=trials.runs, trained=len(stack), recipe=recipe, generator=generator,
        levels=tuple(
            Sold(level=one.level, share=one.share, found=estimates[one.level], reachable=one.reachable, jump=one.jump,
                 cleaned=classes(one.share), known=turns.strippable(one.share, shares),
                 likeness=release.likeness.get(f"{one.level:g}") if one.reachable else None)
            for one in found
        ),
    )  # fmt: skip


def offer(one: Found, found: Estimate, prices: dict[float, float], cleaned: dict[str, float]) -> Offer:
    low, high = found.interval()
    return Offer(level=one.level, price=prices.get(one.level), accuracy=round(found.mean, 2), low=round(low, 2),
                 high=round(high, 2), runs=found.runs, clean_classes=sum(share == 1 for share in cleaned.values()))  # fmt: skip
