"""What must hold before ``hide`` begins: a place to write, a key, and images of which the levels can be made."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np

from hideseek_cli.errors import InputError, TakenError, count, name_some, raise_for
from hideseek_cli.formats import manifest, sheet_file
from hideseek_cli.formats.container import refuse_existing
from hideseek_cli.images.copies import find_divided
from hideseek_cli.images.siblings import AUTO, NONE
from hideseek_cli.masks import keys
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.products import find_untold
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.journal import Journal, recall
from hideseek_cli.runtime.lock import hold
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.training.withholding import count_for_withheld, find_first, select_withheld

DIVIDED = 0.05
"""Share of the images, at most, that may have copies in other classes: they lose their masks after all others."""
SHOWN = 3
"""Images in several classes that are named."""
RELEASE = "release"
"""Under which a run notes what it writes."""


def prepare(config: HideConfig, *, alone: bool = False) -> tuple[StagedFolder, bytes]:
    """Where the release is to appear, and the master key. Raises InputError where a place is taken or the key is none,
    DiskError where nothing can be written; touches nothing, and reads no image."""
    if config.resume and not config.journal.exists() and config.masks.exists() and not config.overwrite:
        raise InputError(f"{config.masks} is written and no run is left to resume: it is complete")
    written = _recall_release(config)
    refuse_files(config, written)
    own = written is not None and manifest.exists(config.out) and manifest.read(config.out).release == written
    stage = StagedFolder(
        config.out, overwrite=config.overwrite or own, ours=partial(manifest.list_owned_files, config.out), alone=alone
    )
    stage.check()
    return stage, keys.load_master_key(config.key_file)


def _recall_release(config: HideConfig) -> str | None:
    """The release that an interrupted run wrote; what cannot be read matters only where it is to be gone on with."""
    try:
        release: str | None = recall(config.journal, RELEASE)
    except InputError:
        if config.resume:
            raise
        return None
    return release


@contextmanager
def hold_places(config: HideConfig) -> Iterator[tuple[StagedFolder, bytes]]:
    """The same, while no other run can write there, and all that writing takes is tried; raises InputError where one is at
    work there."""
    prepare(config)
    with hold(config.out) as alone, hold(config.masks, config.generator, config.sheet, config.journal):
        stage, master = prepare(config, alone=alone)
        stage.rehearse()
        yield stage, master


def refuse_files(config: HideConfig, written: str | None) -> None:
    """Raise InputError where a secret file would replace what it may not; ``written``: the release that this run wrote."""
    for path, kind in ((config.masks, "masks"), (config.generator, "generator")):
        refuse_existing(path, kind, config.overwrite, written)
    refuse_existing(config.sheet, sheet_file.KIND, config.overwrite, written, sheet_file.peek)


def begin_files(config: HideConfig, journal: Journal, release: str) -> None:
    """Before the first secret file of a release is written: look again, and note whose it is, for a run that goes on.

    Raises TakenError where something has appeared in its place.
    """
    try:
        refuse_files(config, journal.value(RELEASE))
    except InputError as error:
        raise TakenError(f"its place was taken while this ran: {error}") from error
    journal.remember(RELEASE, release)


def read_source(config: HideConfig, executor: Executor, progress: Progress) -> tuple[HideConfig, SourceDataset]:
    """Read the folder, and settle in what files it is published. Raises InputError where what is asked for cannot be done
    with these images."""
    source = load_source(
        config.data, config.labels, config.size, executor, progress, config.output_format, most=config.train_images,
        seed=config.seed, split=config.split, groups=config.groups,
    )  # fmt: skip
    if config.method.scope == "sample" and not source.taught.all():
        raise InputError(
            f"`scope='sample'` makes a mask for each of the {len(source)} images, and {len(source.stack)} are held: "
            f"give `train_images={len(source)}` where memory allows, or leave `scope` out"
        )
    if config.method.coloured and source.stack.channels == 1:
        raise InputError(f"`method='{config.method.name}'` hides in colours, and all images here are grey")
    if source.size is not None:
        progress.say(f"files keep their sizes; networks see the central square of each at {source.size}x{source.size} (`size`)")
        if config.calibration == "stop":
            raise InputError("`calibration='stop'` needs images of one size, at most 96x96; bring them to one first")
    chance = source.folder.chance()
    low = [level for level in config.levels if level <= chance]
    if low:
        percent = f"; levels are in percent: did you mean {100 * low[0]:g}?" if low[0] < 1 else ""
        raise InputError(f"level {low[0]:g} is not above chance, which is {chance:.1f} % here (the largest class){percent}")
    if config.levels and config.calibration == "retrain":
        _check_divided(source, progress)
    for line in describe_siblings(config, source):
        progress.say(line)
    _report_few(config, source, progress)
    return replace(config, output_format=source.output_format), source


def describe_siblings(config: HideConfig, source: SourceDataset) -> list[str]:
    """How many images are siblings, and what is done about them, in a line; none where nothing is."""
    sizes = np.bincount(source.siblings)
    done = ["withheld together"] if source.validation is None else []
    done += ["lose their masks together"] if config.levels and config.calibration == "retrain" else []
    some = sizes[sizes > 1]
    if not len(some) or not done:
        return []
    what = " of near-identical ones" if config.groups in (AUTO, NONE) else ""
    groups = f"{some.sum():,} images in {count(len(some), 'group')}{what}"
    return [f"{groups}: {', and '.join(done)}; the largest has {some.max():,}"]


def _report_few(config: HideConfig, source: SourceDataset, progress: Progress) -> None:
    """Say so where the images on which levels are measured cannot tell them apart, however many runs are made."""
    held = source.validation
    siblings = find_first(source.siblings[source.taught])
    tested = int(select_withheld(source.labels, config.seed, siblings).sum()) if held is None else len(held[1])
    if (untold := find_untold(config.levels, source.folder.chance(), tested)) is None:
        return
    which, needed = untold
    lie = "are withheld" if held is None else "lie in the validation part"
    enough = f"about {count_for_withheld(needed)} images" if held is None else f"a validation part of about {needed}"
    progress.say(
        f"{count(tested, 'image')} that {lie} measure levels, too few to tell {which}, however often networks are trained; "
        f"{enough} would do"
    )


def _check_divided(source: SourceDataset, progress: Progress) -> None:
    """Say which siblings lie in several classes. Raises InputError where they are too many for levels to be made of the
    others."""
    divided = find_divided(source.siblings, source.folder.labels)
    members = np.flatnonzero(divided)
    members = members[source.siblings[members].argsort(kind="stable")]
    groups = np.split(members, np.flatnonzero(np.diff(source.siblings[members])) + 1) if len(members) else []
    shown = [" and ".join("/".join(source.folder.records[int(number)].key) for number in group[:SHOWN]) for group in groups]
    if divided.mean() > DIVIDED:
        raise_for(
            shown,
            f"images lie in several classes, equal or nearly so, which is more than levels can leave masked ({DIVIDED:.0%} of "
            "all); keep each in one class",
        )
    if shown:
        progress.say(
            f"copies in several classes lose their masks after all other images: {name_some(shown, SHOWN, '; ')}; "
            "keep each image in one class"
        )
