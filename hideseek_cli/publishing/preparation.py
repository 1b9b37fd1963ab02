"""What must hold before ``hide`` begins: a place to write, a key, and images of which the levels can be made."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.formats.container import refuse_existing
from hideseek_cli.masks import keys
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Progress


def prepare(config: HideConfig) -> tuple[StagedFolder, bytes]:
    """Where the release is to appear, and the master key. Raises InputError where a place is taken or the key is none,
    DiskError where nothing can be written; touches nothing, and reads no image."""
    if config.resume and not config.journal.exists() and config.masks.exists() and not config.overwrite:
        raise InputError(f"{config.masks} is written and no run is left to resume: it is complete")
    replace = config.overwrite or (config.resume and config.journal.exists())
    for path, kind in ((config.masks, "masks"), (config.generator, "generator")):
        refuse_existing(path, kind, replace)
    stage = StagedFolder(config.out, overwrite=replace, ours=partial(manifest.list_owned_files, config.out))
    stage.check()
    return stage, keys.load_master_key(config.key_file)


def read_source(config: HideConfig, executor: Executor, progress: Progress) -> SourceDataset:
    """Read the folder. Raises InputError where what is asked for cannot be done with these images."""
    source = load_source(
        config.data, config.labels, config.size, executor, progress, config.output_format, most=config.train_images,
        seed=config.seed, split=config.split,
    )  # fmt: skip
    if config.method.scope == "sample" and not source.taught.all():
        raise InputError(
            f"`scope='sample'` makes a mask for each of the {len(source)} images, and {len(source.stack)} are held: "
            f"give `train_images={len(source)}` where memory allows, or leave `scope` out"
        )
    if source.size is not None:
        progress.say(f"files keep their sizes; networks see the central square of each at {source.size}x{source.size} (`size`)")
        if config.calibration == "stop":
            raise InputError("`calibration='stop'` needs images of one size, at most 96x96; bring them to one first")
    chance = source.folder.chance()
    low = [level for level in config.levels if level <= chance]
    if low:
        percent = f"; levels are in percent: did you mean {100 * low[0]:g}?" if low[0] < 1 else ""
        raise InputError(f"level {low[0]:g} is not above chance, which is {chance:.1f} % here (the largest class){percent}")
    return source
