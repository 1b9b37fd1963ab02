"""Laws 1 and 2 and the size of residuals on real images: CIFAR-10, and photographs of 384x512 under masks of 64x64."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats import manifest
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.masks import keys
from hideseek_cli.masks.arithmetic import apply, place
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent


@pytest.mark.parametrize("placement", ["fixed", "keyed"])
@pytest.mark.parametrize(("name", "size"), [("cifar", None), ("trashnet", 64)])
def test_every_level_of_real_images_is_sought_bit_for_bit(request, tmp_path, executor, name, size, placement):
    source: Path = request.getfixturevalue(name)
    source = load_source(source, None, size, executor, Silent())
    master = bytes(range(32))
    thresholds, shifts = source.thresholds(master), source.shifts(master, placement)
    random = np.random.default_rng(0)
    strongest, other = (np.clip(random.normal(0, 5, thresholds.shape), -8, 8) for _ in range(2))
    quantise, turns = source.stack.quantise, source.unmasking(master).numbers
    levels = ReleaseMasks(
        epsilon=8,
        published=quantise(strongest, 0.8, thresholds, 8),
        which=source.folder.labels,
        strength=0.8,
        tiers={"30": turns < 0.1 * len(turns), "50": np.ones(len(turns), bool)},
        own={} if size else {"50": quantise(other, 0.2, thresholds, 8)},
        shifts=shifts,
    )
    masks = tmp_path / "masks.safetensors"
    with StagedFolder(tmp_path / "published") as stage:
        recipe = preset("quick")
        write_release(
            source,
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
    labels = source.folder.labels
    for level in ("30", "50", "clean"):
        out = tmp_path / level
        assert seek(tmp_path / "published", owner.make_cleaner(level), out, executor, Silent()).exact
        for number, record in enumerate(scan(out).records):
            original = source.read_originals([number]).pixels
            target, carried = original, levels.own.get(level)
            if level == "30" and turns[number] >= 0.1 * len(turns):
                carried = levels.published
            if carried is not None:
                shift = None if shifts is None else shifts[number : number + 1]
                mask = place(carried[original.shape[3]], labels[number : number + 1], shift, original.shape[1:3])
                target = apply(original, mask)
            assert np.array_equal(decode(record.path), target[0])
            assert np.abs(decode(record.path).astype(int) - original[0]).max() <= 8
    folder_bytes = sum(path.stat().st_size for path in (tmp_path / "published").rglob("*.png"))
    residual_bytes = sum(len(tier.residuals.packed) for tier in owner.tiers) + owner.tiers[0].residuals.counts.nbytes
    assert residual_bytes < 0.05 * folder_bytes
    assert manifest.read(tmp_path / "published").size == size


def test_thresholds_come_from_the_key_and_the_names(cifar, executor):
    source = load_source(cifar, None, None, executor, Silent())
    one, other = (source.thresholds(bytes([value]) * 32) for value in (0, 1))
    assert not np.array_equal(one, other)
    assert keys.derive_subkey(bytes(32), source.release_label(), "dither") != keys.derive_subkey(
        bytes(32), source.release_label(), "placement"
    )


@pytest.mark.parametrize("name", ["cifar", "trashnet"])
def test_copies_of_real_images_are_found_and_nothing_else_is_one(request, tmp_path, executor, name):
    """One of each class is compressed again, one is made smaller, in a class of its own."""
    root, planted = tmp_path / "data", {}
    shutil.copytree(request.getfixturevalue(name), root)
    assert np.array_equal((source := load_source(root, None, None, executor, Silent())).siblings, np.arange(len(source)))
    folders = sorted(root.iterdir())
    (root / "zz").mkdir()
    for folder in folders:
        for path, factor in zip(sorted(folder.iterdir()), (1, 0.5), strict=False):
            with Image.open(path) as image:
                made = image.convert("RGB").resize((round(image.width * factor), round(image.height * factor)))
            planted[f"{folder.name}{factor:g}"] = f"{folder.name}/{path.stem}"
            made.save(root / f"zz/{folder.name}{factor:g}.jpg", quality=50 if factor == 1 else 95)
    source = load_source(root, None, 32, executor, Silent())
    names = ["/".join(record.key) for record in source.folder.records]
    found = {names[number].removeprefix("zz/"): names[first] for number, first in enumerate(source.siblings) if number != first}
    assert found == planted
