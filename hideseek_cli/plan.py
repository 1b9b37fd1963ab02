"""What an order of ``hide`` is about, and what it would take."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

import numpy as np
import torch

from hideseek_cli import keys, manifest
from hideseek_cli.container import refuse_existing
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder
from hideseek_cli.intake import load
from hideseek_cli.material import Material
from hideseek_cli.order import Order
from hideseek_cli.progress import Progress
from hideseek_cli.trials import seconds_about


def ready(order: Order) -> tuple[StagedFolder, bytes]:
    """Where the release is to appear, and the master key. Raises InputError where a place is taken or the key is none,
    DiskError where nothing can be written; touches nothing, and reads no picture."""
    replace = order.overwrite or (order.resume and order.journal.exists())
    for path, kind in ((order.masks, "masks"), (order.generator, "generator")):
        refuse_existing(path, kind, replace)
    stage = StagedFolder(order.out, overwrite=replace, ours=partial(manifest.owned, order.out))
    stage.check()
    return stage, keys.master_key(order.key_file)


def gather(order: Order, executor: Executor, progress: Progress) -> Material:
    """Read and check what an order is about. Raises InputError where it cannot be carried out on these pictures."""
    material = load(
        order.data, order.table, order.size, executor, progress, order.form, most=order.train_images, seed=order.seed
    )
    if order.method.scope == "sample" and not material.taught.all():
        raise InputError(
            f"--scope sample makes a mask for each of the {len(material)} pictures, and {len(material.stack)} are held: "
            f"give --train-images {len(material)} where memory allows, or leave --scope out"
        )
    chance = material.folder.chance()
    low = [level for level in order.levels if level <= chance]
    if low:
        percent = f"; levels are in percent: did you mean {100 * low[0]:g}?" if low[0] < 1 else ""
        raise InputError(f"level {low[0]:g} is not above chance, which is {chance:.1f} % here (the largest class){percent}")
    return material


def plan(order: Order, device: torch.device, executor: Executor, progress: Progress) -> dict[str, object]:
    """What ``hide`` would do, about how long it takes and how much disk; reads everything and writes nothing."""
    ready(order)
    material = gather(order, executor, progress)
    recipe = order.recipe.for_pictures(len(material))
    classes = len(material.folder.classes)
    seconds = seconds_about(order, pictures(material.stack.clean(), material.labels, classes, device), recipe, executor)
    return {
        "images": len(material),
        "train_images": len(material.stack),
        "classes": classes,
        "chance": material.folder.chance(),
        "recipe": recipe.to_json(),
        "retrainings_at_most": order.runs,
        "seconds_about": round(seconds),
        "size": material.size,
        "bytes_about": int(material.shapes.astype(np.int64).prod(1).sum()),
        "bargains": order.bargains(),
        "published": str(order.out),
        "masks": str(order.masks),
    }
