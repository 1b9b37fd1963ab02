"""Laws 1 and 2 and the size of residuals on real pictures: CIFAR-10, and photographs of 384x512 under masks of 64x64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hideseek_cli import keys, manifest
from hideseek_cli.bundle import MaskFile
from hideseek_cli.files import StagedFolder
from hideseek_cli.folder import scan
from hideseek_cli.intake import load
from hideseek_cli.mask import apply, place
from hideseek_cli.picture import decode
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.release import Levels, write
from hideseek_cli.seek import seek


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize(("name", "size"), [("cifar", None), ("trashnet", 64)])
def test_every_level_of_real_pictures_is_sought_bit_for_bit(request, tmp_path, executor, name, size, placement):
    source: Path = request.getfixturevalue(name)
    material = load(source, None, size, executor, Silent())
    master = bytes(range(32))
    thresholds, shifts = material.thresholds(master), material.shifts(master, placement)
    random = np.random.default_rng(0)
    strongest, other = (np.clip(random.normal(0, 5, thresholds.shape), -8, 8) for _ in range(2))
    quantised, turns = material.stack.quantised, material.turns(master).numbers
    levels = Levels(
        epsilon=8,
        published=quantised(strongest, 0.8, thresholds, 8),
        which=material.folder.labels,
        strength=0.8,
        tiers={"30": turns < 0.1 * len(turns), "50": np.ones(len(turns), bool)},
        own={} if size else {"50": quantised(other, 0.2, thresholds, 8)},
        shifts=shifts,
    )
    masks = tmp_path / "masks.safetensors"
    with StagedFolder(tmp_path / "published") as stage:
        recipe = preset("quick")
        write(
            material,
            levels,
            stage,
            executor,
            Silent(),
            recipe=recipe,
            offers=(),
            masks=masks,
            origin={},
        )
    owner = MaskFile.load(masks)
    labels = material.folder.labels
    for level in ("30", "50", "clean"):
        out = tmp_path / level
        assert seek(tmp_path / "published", owner.cleaner(level), out, executor, Silent()).exact
        for number, entry in enumerate(scan(out).entries):
            original, *_ = material.own([number])
            target, carried = original, levels.own.get(level)
            if level == "30" and turns[number] >= 0.1 * len(turns):
                carried = levels.published
            if carried is not None:
                shift = None if shifts is None else shifts[number : number + 1]
                mask = place(carried[original.shape[3]], labels[number : number + 1], shift, original.shape[1:3])
                target = apply(original, mask)
            assert np.array_equal(decode(entry.path), target[0])
            assert np.abs(decode(entry.path).astype(int) - original[0]).max() <= 8
    folder_bytes = sum(path.stat().st_size for path in (tmp_path / "published").rglob("*.png"))
    residual_bytes = sum(len(tier.residuals.packed) for tier in owner.tiers) + owner.tiers[0].residuals.counts.nbytes
    assert residual_bytes < 0.05 * folder_bytes
    assert manifest.read(tmp_path / "published").size == size


def test_thresholds_come_from_the_key_and_the_names(cifar, executor):
    material = load(cifar, None, None, executor, Silent())
    one, other = (material.thresholds(bytes([value]) * 32) for value in (0, 1))
    assert not np.array_equal(one, other)
    assert keys.subkey(bytes(32), material.release_label(), "dither") != keys.subkey(
        bytes(32), material.release_label(), "placement"
    )
