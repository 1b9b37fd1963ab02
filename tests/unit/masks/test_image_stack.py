"""Images as networks see them: what was carried to their own sizes, brought back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.images.codec import drop_alpha, fit
from hideseek_cli.images.dataset import scan
from hideseek_cli.masks.arithmetic import apply, place_on
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import cut_out


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize("transparent", [False, True])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 31), (96, 64), (200, 130), (12, 40)])
def test_masked_images_are_what_a_network_sees_of_the_files(make_folder, executor, placement, transparent, height, width):
    root = make_folder("data", mode="mixed", each=6)
    for record in scan(root).records:
        with Image.open(record.path) as image:
            image.resize((width, height), Image.Resampling.BICUBIC).point(lambda value: 20 + value * 4 // 5).save(record.path)
    if transparent:
        cut_out(root)
    source = load_source(root, None, None if (height, width) == (16, 16) else 16, executor, Silent())
    random = np.random.default_rng(0)
    thresholds, shifts = source.thresholds(bytes(32)), source.shifts(bytes(32), placement)
    masks = source.stack.quantise(random.normal(0, 4, thresholds.shape), 1.0, thresholds, 8)
    labels = source.folder.labels
    shown = source.stack.apply_masks(masks, labels, shifts, 8)
    for number in range(len(source)):
        own = source.read_originals([number]).pixels
        shift = None if shifts is None else shifts[number : number + 1]
        file = apply(drop_alpha(own), place_on(own, masks, labels[number : number + 1], shift))[0]
        apart = np.abs(fit(file, 16).astype(int) - shown[number])
        assert apart.mean() < (0.0001 if (height, width) == (16, 16) else 0.5) and apart.max() <= 4, apart.mean()
