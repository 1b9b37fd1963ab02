"""Use the library without the command line: hide a folder, make a cleaner, clean, and compare.

python examples/digits.py digits
python examples/library.py digits out --levels 30
"""

import argparse
from pathlib import Path

import torch

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.dataset import find_splits, scan
from hideseek_cli.images.similarity import compare
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.pipeline import hide
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent


class Print(Silent):
    """Progress that prints what was decided and leaves out the rest."""

    def say(self, message: str) -> None:
        print(message)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--levels", default="30")
    parser.add_argument("--epsilon", type=int, default=24)
    parser.add_argument("--min-ssim", type=float, default=0.85)
    arguments = parser.parse_args()
    config = HideConfig(
        data=arguments.data,
        levels=tuple(float(level) for level in arguments.levels.split(",")),
        out=arguments.out / "published",
        masks=arguments.out / "masks.safetensors",
        recipe=preset("quick"),
        epsilon=arguments.epsilon,
        min_ssim=arguments.min_ssim,
    )
    with thread_pool(2) as executor:
        hidden = hide(config, torch.device("cpu"), executor, Print())
        print(f"clean {hidden.clean.mean:.1f} %, published {hidden.published.mean:.1f} %")
        for level in hidden.levels:
            if not level.reachable:
                print(f"level {level.level:g} was not reached; the nearest is {level.found.mean:.1f} %")
                continue
            path = arguments.out / f"cleaner_k{level.level:g}.safetensors"
            MaskFile.load(config.masks).cleaner(f"{level.level:g}").save(path)
            cleaned = arguments.out / f"cleaned_k{level.level:g}"
            sought = seek(config.out, Cleaner.load(path), cleaned, executor, Silent())
            alike = compare(scan(find_splits(config.data)["train"]), scan(cleaned), executor, Silent())
            print(f"level {sought.level}: {sought.images} images, exact: {sought.exact}, SSIM {alike.ssim:.4f}")


if __name__ == "__main__":
    main()
