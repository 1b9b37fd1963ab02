"""A run of ``hide`` that has begun, and masks that it might publish."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.mask_layout import MaskLayout
from hideseek_cli.publishing.mask_selection import CandidateMasks
from hideseek_cli.publishing.rendering import LevelScale
from hideseek_cli.publishing.run import HideRun
from hideseek_cli.publishing.strength import Strength
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.journal import Journal
from hideseek_cli.runtime.progress import Progress, Silent


def begin_run(data: Path, place: Path, executor: Executor, progress: Progress, **options: Any) -> HideRun:
    """Of a folder, with what it writes in ``place``; ``options``: of HideConfig. What is read is
    not told. Tests give it a cache of their own."""
    config = HideConfig(data=data, out=place / "o", masks=place / "m", recipe=preset("quick"), **{"levels": (), **options})
    source = load_source(data, None, None, executor, Silent())
    return HideRun.begin(config, source, bytes(32), torch.device("cpu"), Journal(place / "j", {}), executor, progress)


def make_candidate(layout: MaskLayout, accuracy: float, bound: str = "ssim") -> CandidateMasks:
    """Masks of nothing, of which it is said what networks learn from them."""
    masks = layout.renderer.masks(np.zeros(layout.renderer.thresholds.shape, np.float16), 1.0)
    return CandidateMasks(LevelScale(layout.renderer, masks, layout.unmasking), Strength(1.0, bound), [accuracy] * 2, {})
