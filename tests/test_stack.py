"""Pictures as networks see them: what was carried to their own sizes, brought back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.folder import scan
from hideseek_cli.intake import load
from hideseek_cli.mask import apply, place
from hideseek_cli.picture import fitted
from hideseek_cli.progress import Silent


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (20, 31), (96, 64), (200, 130), (12, 40)])
def test_masked_pictures_are_what_a_network_sees_of_the_files(make_folder, executor, placement, height, width):
    root = make_folder("data", mode="mixed", each=6)
    for entry in scan(root).entries:
        with Image.open(entry.path) as image:
            image.resize((width, height), Image.Resampling.BICUBIC).point(lambda value: 20 + value * 4 // 5).save(entry.path)
    material = load(root, None, 16, executor, Silent())
    random = np.random.default_rng(0)
    thresholds, shifts = material.thresholds(bytes(32)), material.shifts(bytes(32), placement)
    masks = material.stack.quantised(random.normal(0, 4, thresholds.shape), 1.0, thresholds, 8)
    labels = material.folder.labels
    shown = material.stack.masked(masks, labels, shifts)
    for number in range(len(material)):
        own, *_ = material.own([number])
        shift = None if shifts is None else shifts[number : number + 1]
        file = apply(own, place(masks[own.shape[3]], labels[number : number + 1], shift, own.shape[1:3]))[0]
        apart = np.abs(fitted(file, 16).astype(int) - shown[number])
        assert apart.mean() < (0.0001 if (height, width) == (16, 16) else 0.5) and apart.max() <= 4, apart.mean()
