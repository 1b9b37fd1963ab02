"""What a plan says of a folder before anything is made of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from hideseek_cli.images.dataset import scan
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.plan import plan
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.progress import Silent
from tests.helpers.progress import Listener


def test_images_that_are_wholly_transparent_will_take_as_much_as_now(make_folder, tmp_path, executor):
    data = make_folder("data", classes=2, each=6)
    for number, record in enumerate(scan(data).records):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16, 4)).astype(np.uint8)
        pixels[..., 3] = 0
        Image.fromarray(pixels).save(record.path)
    config = HideConfig(
        data=data, levels=(60.0,), out=tmp_path / "o", masks=tmp_path / "m", recipe=preset("quick"), max_runs=40
    )
    found = plan(config, torch.device("cpu"), executor, Silent())
    assert found.bytes_about == pytest.approx(found.bytes_now, rel=0.01)


def test_a_plan_warns_of_what_alpha_channels_tell(make_folder, tmp_path, executor):
    data, listener = make_folder("data", classes=2, each=20), Listener()
    for record in list(scan(data).records)[:20]:
        with Image.open(record.path) as image:
            image.putalpha(200)
            image.save(record.path)
    config = HideConfig(
        data=data, levels=(60.0,), out=tmp_path / "o", masks=tmp_path / "m", recipe=preset("quick"), max_runs=40
    )
    plan(config, torch.device("cpu"), executor, listener)
    assert any("the alpha channel alone tells the class of 100 %" in line for line in listener.told)
