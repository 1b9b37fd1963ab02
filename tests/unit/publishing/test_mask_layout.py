"""How masks come to the eye, and back to networks, from where they are trained."""

from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hideseek_cli.core.eye import Sight, to_difference
from hideseek_cli.masks.resample import resample_back
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import AS_FILED, FINE, REDUCED, ClassWise, passes_for
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.mask_layout import find_sight
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.runtime.progress import Silent
from tests.helpers.toys import toy

CPU = torch.device("cpu")


def read(folder: Path, side: int, size: int | None, executor: Executor) -> SourceDataset:
    for number in range(10):
        place = folder / str(number % 2)
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (side + number % 3, side, 3)).astype(np.uint8)
        Image.fromarray(pixels[: side if size is None else None]).save(place / f"{number}.png")
    return load_source(folder, None, size, executor, Silent())


def test_images_that_are_trained_on_as_they_are_carry_masks_as_they_are(tmp_path, executor):
    sight = find_sight(read(tmp_path / "data", 32, None, executor), 0.05, CPU)
    assert sight.transfer is None and sight.pixels == 8 and sight.limit == to_difference(0.05)


@pytest.mark.parametrize(("side", "pixels"), [(40, 40 * 7 / 16), (160, 20), (300, 300 / 16)])
def test_larger_images_show_more_pixels_of_a_mask_and_carry_it_there_and_back(tmp_path, executor, side, pixels):
    sight = find_sight(read(tmp_path / "data", side, 16, executor), 0.05, CPU)
    masks = np.random.default_rng(0).integers(-8, 9, (1, 16, 16, 1)).astype(np.int8)
    back = sight.carry(torch.from_numpy(masks.astype(np.float32)).permute(0, 3, 1, 2)).numpy()[0, 0]
    assert sight.pixels == pixels and np.allclose(back, resample_back(masks, side)[0, :, :, 0], atol=1e-3)


def test_rules_of_plain_masks_follow_what_networks_see_of_files():
    def rules(task: Task) -> list[str]:
        return [attempt.name.removesuffix(" again").split(", ")[1] for attempt in ClassWise().candidates(task)]

    task = Task(dataset=toy(), epsilon=8, arch="slim", batch_size=16, seed=0, shifts=None)
    larger = replace(task, sight=Sight(transfer=torch.eye(16)))
    assert rules(task) == list(AS_FILED) != rules(larger) == list(REDUCED) and "eye" not in FINE


def test_masks_at_the_limit_of_what_is_seen_take_twice_as_long_unless_told_otherwise():
    task = Task(dataset=toy(), epsilon=8, arch="slim", batch_size=16, seed=0, shifts=None)
    seen = [passes_for(task, given, rule=rule) for given in (None, 3) for rule in ("whitened", "eye")]
    assert seen[1] == pytest.approx(2 * seen[0], abs=1) and seen[2:] == [3, 3]
