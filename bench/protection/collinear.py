"""What layers of their own prevent: the same release with one pattern a class, shared by all of its tiers.

    python -m bench.protection.collinear CIFAR10 published masks.safetensors OUT   # after: hideseek hide CIFAR10 --levels 30,50

Writes OUT/published and OUT/masks.safetensors: the same levels, made of the same images, under the first pattern of each
class alone. `cleaner`, `seek` and `audit` work on it as on any release, for the tables of docs/results/2026-11-security.md.
"""

import argparse
from pathlib import Path

import numpy as np

from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.levels import CLEAN
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import count_cores, thread_pool
from hideseek_cli.runtime.progress import Silent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "published", "masks", "out"):
        parser.add_argument(name, type=Path)
    data, published, masks, out = vars(parser.parse_args()).values()
    known, manifest = MaskFile.load(masks), manifests.read(published)
    classes = len(known.classes)
    with thread_pool(count_cores()) as executor, StagedFolder(out / "published") as stage:
        source = load_source(data, None, manifest.size, executor, Silent())
        levels = ReleaseMasks(
            epsilon=known.epsilon, published={channels: some[np.arange(classes)] for channels, some in known.published.items()},
            which=known.which.astype(int) % classes, strength=known.strength, shifts=known.shifts, own={},
            tiers={tier.level: tier.touched for tier in known.tiers if tier.level != CLEAN},
        )  # fmt: skip
        write_release(
            source, levels, stage, executor, Silent(), recipe=known.recipe, offers=manifest.offers,
            masks=out / "masks.safetensors", origin=known.origin,
        )  # fmt: skip


if __name__ == "__main__":
    main()
