"""A release made without training."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.manifest import Offer
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import MakeFolder, write_images


def released(
    make_folder: MakeFolder, tmp_path: Path, executor: Executor, *, pattern_sets: int, placement: str = "fixed",
    offers: tuple[Offer, ...] = (), jpeg: bool = False,
) -> Path:  # fmt: skip
    """A published folder, a level of it with its cleaner, and the originals, made without training. ``jpeg``: of JPEGs."""
    data = make_folder("data", classes=3, each=24, **({"suffix": ".jpg"} if jpeg else {}))
    source = load_source(data, None, None, executor, Silent(), OutputFormat(keeps_jpeg=jpeg))
    write_images(tmp_path / "test", 3, 4, first=24)
    master = bytes(32)
    renderer = MaskRenderer(source, 8, source.thresholds(master, pattern_sets), source.shifts(master, placement))
    pattern = np.random.default_rng(1).normal(0, 5, renderer.thresholds.shape)
    scale = LevelScale(renderer, renderer.masks(pattern, 1.0), source.unmasking(master, "images", pattern_sets=pattern_sets))
    levels = ReleaseMasks(epsilon=8, published=scale.masks, which=scale.unmasking.which([0.5]), strength=1.0,
                    tiers={"50": scale.unmasking.touched(0.5)}, own={}, shifts=renderer.shifts)  # fmt: skip
    with StagedFolder(tmp_path / "published") as stage:
        write_release(
            source, levels, stage, executor, Silent(), offers=offers, masks=tmp_path / "masks", origin={},
            recipe=replace(preset("quick"), name="custom", epochs=2, batch_size=8),
        )  # fmt: skip
    cleaner = MaskFile.load(tmp_path / "masks").make_cleaner("50")
    cleaner.save(tmp_path / "cleaner")
    seek(tmp_path / "published", cleaner, tmp_path / "k50", executor, Silent())
    return tmp_path
