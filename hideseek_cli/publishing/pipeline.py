"""Hide a folder: train masks, find the strength of every level, write the release.

The order of work: read everything and refuse what cannot be used; measure what the clean folder trains to; train the
masks; find the strongest that keeps the images' similarity and check that it hides; search the levels; write.
"""

from __future__ import annotations

import hashlib
import math
import time
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hideseek_cli.errors import InputError
from hideseek_cli.formats.container import FORMAT
from hideseek_cli.formats.manifest import Offer
from hideseek_cli.methods import RealPatterns, Task
from hideseek_cli.publishing.accuracy_curve import Axis, Expected, guess_shares
from hideseek_cli.publishing.calibration import Found, Search
from hideseek_cli.publishing.config import PUBLISHED_RUNS, HideConfig
from hideseek_cli.publishing.mask_selection import measure_authorized, select_strongest, train_stopped
from hideseek_cli.publishing.plan import prepare, read_source
from hideseek_cli.publishing.release import ReleaseMasks, write_release
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.publishing.result import HideResult, LevelResult
from hideseek_cli.publishing.retraining import RetrainingSession, estimate_duration
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.cache import Cache, cache_folder, digest_code
from hideseek_cli.runtime.journal import Journal, open_journal
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.accuracy_stats import Estimate
from hideseek_cli.training.evaluator import Evaluator

TRAINING = Path(__file__).parents[1] / "training"
"""The code that decides what a clean folder trains to."""
HIDDEN = 0.1
"""The published folder counts as hidden where at most this share is left of what the clean one gives above chance."""

MIDDLE = 30.0
"""Odds of a masked image at which half of the accuracy is expected, where every class loses masks."""


def hide(config: HideConfig, device: torch.device, executor: Executor, progress: Progress) -> HideResult:
    """Carry out an order. Raises InputError, and leaves the disk as it was, where the input cannot be used.

    A run that is interrupted leaves its journal, from which ``resume`` continues it.
    """
    begun = time.monotonic()
    stage, master = prepare(config)
    if config.calibration == "retrain" and config.recipe.name == "paper" and device.type == "cpu":
        progress.say("the paper's recipe on a CPU takes hours a run; --recipe quick takes minutes")
    for bargain in config.bargains():
        progress.say(f"prices: {bargain}")
    source = read_source(config, executor, progress)
    if source.size is not None:
        progress.say(f"files keep their sizes; networks see the central square of each at {source.size}x{source.size} (--size)")
        if config.calibration == "stop":
            raise InputError("--calibration stop needs images of one size, at most 96x96; bring them to one first")
    binding = {
        **config.binding(), "train_images": len(source.stack), "data": source.fingerprint, "device": str(device),
        "threads": torch.get_num_threads(), "file format": FORMAT,
    }  # fmt: skip
    if config.key_file is not None:
        binding["key_file"] = hashlib.sha256(master).hexdigest()
    journal = open_journal(config.journal, binding, progress, resume=config.resume)
    if config.key_file is None:
        if journal.value("key") is None:
            journal.remember("key", master.hex())
        master = bytes.fromhex(journal.value("key"))
    with journal.running():
        return replace(
            _hide(config, source, master, device, stage, journal, executor, progress), seconds=time.monotonic() - begun
        )


def _hide(
    config: HideConfig, source: SourceDataset, master: bytes, device: torch.device, stage: StagedFolder, journal: Journal,
    executor: Executor, progress: Progress,
) -> HideResult:  # fmt: skip
    folder, stack = source.folder, source.stack
    chance = folder.chance()
    recipe = config.recipe.for_images(len(source))
    evaluator = Evaluator(
        stack.clean(), source.labels, len(folder.classes), recipe, config.seed, device, source.validation, cache_folder(),
        source.taught,
    )  # fmt: skip
    cache = Cache(cache_folder(), {
        "data": source.fingerprint, "held": len(stack), "recipe": recipe.to_json(), "seed": config.seed, "device": str(device),
        "threads": config.threads, "torch": torch.__version__, "code": digest_code(TRAINING),
    })  # fmt: skip
    session = RetrainingSession(
        evaluator, chance, journal, cache, executor, progress, planned=config.runs, threads=config.threads
    )
    minutes = estimate_duration(config, evaluator.clean, recipe, executor) / 60
    if len(stack) < len(source):
        progress.say(
            f"{len(stack)} of {len(source)} images are trained on (--train-images); what the others would add to "
            "accuracies is extrapolated"
        )
    progress.say(
        f"{len(source)} images, {len(folder.classes)} classes; recipe {recipe.name} on {device}: {recipe.arch}, "
        f"{recipe.epochs} epochs; at most {config.runs} retrainings, about {minutes:.0f} min"
    )
    clean = session.clean(stack.clean())
    ceiling = float(np.mean(clean))
    progress.say(f"the clean folder trains to {ceiling:.1f} %, chance, the largest class, is {chance:.1f} %")
    longer = "choose a recipe that trains longer"
    learns = session.estimate(clean).interval()[0] > chance
    if not learns:
        progress.say(f"networks learn next to nothing from it, so nothing can be said of what masks hide; {longer}")
    above = [level for level in config.levels if level > ceiling + config.tolerance]
    if above:
        raise InputError(
            f"level {above[0]:g} is above the clean accuracy, {ceiling:.1f} % with this recipe; "
            + (f"sell at most {math.floor(ceiling)}, or {longer}" if learns else longer)
        )
    layers = 1 if config.calibration == "stop" else len(config.levels) + 1
    pattern_sets = layers * config.patterns
    renderer = MaskRenderer.of(config, source, master, pattern_sets)
    taught = None if renderer.shifts is None else renderer.shifts[source.taught].astype(np.int64)
    shifts = None if taught is None else torch.from_numpy(taught).to(device)
    task = Task(
        dataset=evaluator.clean, seen=evaluator.seen(), epsilon=config.epsilon, arch=recipe.each()[0].arch,
        batch_size=recipe.batch_size, seed=config.seed, pattern_sets=pattern_sets,
        robust=config.survived, secret=source.secret(master),
        shifts=shifts,
    )  # fmt: skip
    hidden_at = chance + HIDDEN * (ceiling - chance)
    about = guess_shares(config.levels, clean, chance, Expected(1.0))
    unmasking = source.unmasking(
        master, config.unmask, evaluator.held, aims=[1 - share for share in about],
        pattern_sets=layers, patterns=config.patterns,
        own=config.method.scope == "sample",
    )  # fmt: skip
    whole = config.unmask == "classes" and len(folder.classes) > 2
    expected = Expected(1.0 if whole else MIDDLE, Axis(unmasking.limit, unmasking.untaught() if whole else None))
    shares = guess_shares(config.levels, clean, chance, expected)
    strongest = select_strongest(config, renderer, unmasking, shares, task, session, hidden_at, journal, executor, progress)
    scale, teaches = strongest.scale, strongest.accuracies
    progress.say(f"images to publish (strength {strongest.strength:.3f}) train to {np.mean(teaches):.1f} %")
    own: dict[float, RealPatterns] = {}
    able = measure_authorized(config, strongest, shares, source, session, progress)
    if config.calibration == "stop":
        found, own = train_stopped(config, task, evaluator, session, renderer, journal, progress)
    else:
        # Where one class is clean, networks take the masked ones for it, whatever a weak mask gave away without.
        floor = () if whole else teaches
        search = Search(
            lambda wanted, aims: session.masked([scale.trial(share, aims) for share in wanted]), nearest=unmasking.nearest,
            chance=chance, published=floor, clean=clean, expected=expected, runs=session.left - PUBLISHED_RUNS,
            tolerance=config.tolerance, say=progress.say,
        )  # fmt: skip
        found = search.levels(config.levels)
    for one in found:
        if one.accuracies != tuple(teaches):
            session.group(list(one.accuracies))

    def classes(share: float) -> dict[str, float]:
        if own:
            return {}
        return {name: float(part) for name, part in zip(folder.classes, unmasking.coverage(share), strict=True) if part}

    estimates = {one.level: session.estimate(list(one.accuracies)) for one in found}
    sold = [one for one in found if one.reachable]
    shares = [one.share for one in sold]
    published = session.sided(scale.trial(1.0, shares), hidden_at)
    progress.say(f"the published folder trains to {published.mean:.1f} % ({published.runs} runs)")
    levels = ReleaseMasks(
        epsilon=config.epsilon, published=scale.masks, which=unmasking.which(shares), shifts=renderer.shifts,
        strength=strongest.strength, tiers={f"{one.level:g}": unmasking.touched(one.share) for one in sold},
        own={f"{level:g}": renderer.masks(pattern, 1.0) for level, pattern in own.items()},
    )  # fmt: skip
    with stage:
        release = write_release(
            source, levels, stage, executor, progress, recipe=recipe, masks=config.masks,
            offers=tuple(make_offer(one, estimates[one.level], config.prices, classes(one.share)) for one in sold),
            origin={"device": device.type, "threads": torch.get_num_threads(), "seed": config.seed, "torch": torch.__version__,
                    "train_images": len(stack)},
            authorized=able.stated if able else None,
        )  # fmt: skip
        generator = strongest.save_generator(config, source, release.manifest.release)
    return HideResult(
        config=config, strength=strongest.strength, seconds=0.0, release=release,
        clean=session.estimate(clean), published=published, hidden=published.mean <= hidden_at, allowed=able,
        runs=session.runs, trained=len(stack), recipe=recipe, generator=generator,
        levels=tuple(
            LevelResult(level=one.level, masked_share=one.share, found=estimates[one.level], reachable=one.reachable,
                 jump=one.jump, cleaned=classes(one.share), known=unmasking.strippable(one.share, shares),
                 similarity=release.similarity.get(f"{one.level:g}") if one.reachable else None)
            for one in found
        ),
    )  # fmt: skip


def make_offer(one: Found, found: Estimate, prices: dict[float, float], cleaned: dict[str, float]) -> Offer:
    low, high = found.interval()
    return Offer(level=one.level, price=prices.get(one.level), accuracy=round(found.mean, 2), low=round(low, 2),
                 high=round(high, 2), runs=found.runs, clean_classes=sum(share == 1 for share in cleaned.values()))  # fmt: skip
