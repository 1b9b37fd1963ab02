"""What layers of their own prevent: the same release with one pattern a class, shared by all of its tiers.

    python bench/collinear.py CIFAR10 published masks.safetensors OUT   # after: hideseek hide CIFAR10 --levels 30,50

Writes OUT/published and OUT/masks.safetensors: the same levels, made of the same pictures, under the first pattern of each
class alone. `cleaner`, `seek` and `audit` work on it as on any release, for the tables of docs/security.md.
"""

import sys
from pathlib import Path

import numpy as np

from hideseek_cli import manifest as manifests
from hideseek_cli.bundle import MaskFile
from hideseek_cli.files import StagedFolder
from hideseek_cli.intake import load
from hideseek_cli.manifest import CLEAN
from hideseek_cli.parallel import cores, pool
from hideseek_cli.progress import Silent
from hideseek_cli.release import Levels, write


def main() -> None:
    data, published, masks, out = (Path(argument) for argument in sys.argv[1:])
    known, manifest = MaskFile.load(masks), manifests.read(published)
    classes = len(known.classes)
    with pool(cores()) as executor, StagedFolder(out / "published") as stage:
        material = load(data, None, manifest.size, executor, Silent())
        levels = Levels(
            epsilon=known.epsilon, published={channels: some[np.arange(classes)] for channels, some in known.published.items()},
            which=known.which.astype(int) % classes, strength=known.strength, shifts=known.shifts, own={},
            tiers={tier.level: tier.touched for tier in known.tiers if tier.level != CLEAN},
        )  # fmt: skip
        write(
            material, levels, stage, executor, Silent(), recipe=known.recipe, offers=manifest.offers,
            masks=out / "masks.safetensors", origin=known.origin,
        )  # fmt: skip


if __name__ == "__main__":
    main()
