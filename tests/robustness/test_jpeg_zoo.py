"""Law of JPEGs: each is kept, published as PNG or refused as the table says; one that is kept is masked in every decoder within
ε, gives nothing away, and comes back to the owner's pixels in every decoder."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.io import decode_jpeg

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import InMemory, decode, find_profile
from hideseek_cli.images.jpeg import read_coefficients
from hideseek_cli.images.jpeg_header import UnfitError
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.stored import Jpeg, Raster, read_original
from hideseek_cli.masks.residuals import Residuals
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from tests.helpers.jpegs import DQT, JPEGS, KEPT, REFUSED, SECRET, SOS, Odd, find, list_segments

EPSILON, CLASSES = 8, 3
TAKEN = [odd for odd in JPEGS if odd.outcome != REFUSED]
STAYING = [odd for odd in JPEGS if odd.outcome == KEPT]
SHOWN = {"ids": lambda odd: odd.name}


def by_pillow(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image)


def by_torchvision(content: bytes) -> np.ndarray:
    return decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8)).numpy()


def by_opencv(content: bytes) -> np.ndarray:
    import cv2

    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION)


DECODERS: list[Callable[[bytes], np.ndarray]] = [by_pillow, by_torchvision, *([by_opencv] if find_spec("cv2") else [])]


@dataclass(frozen=True)
class Zoo:
    """A release of the zoo, with two levels of it that were sought."""

    root: Path

    def read(self, odd: Odd, level: str = "published", suffix: str = "jpg") -> bytes:
        number = TAKEN.index(odd)
        return (self.root / level / f"class{number % CLASSES}" / f"{number:03}.{suffix}").read_bytes()


def release(data: Path, root: Path, executor: Executor, *, exif: bool = False) -> Zoo:
    source = load_source(data, None, 32, executor, Silent(), OutputFormat.choose("auto", exif=exif))
    renderer = MaskRenderer(source, EPSILON, source.thresholds(bytes(32), 1), source.shifts(bytes(32), "keyed"))
    coarse = np.random.default_rng(1).normal(0, 6, (CLASSES, 4, 4, 3))  # small images have room for nothing finer
    pattern = np.kron(coarse, np.ones((1, 8, 8, 1)))
    scale = LevelScale(renderer, renderer.masks(pattern, 1.0), source.unmasking(bytes(32), "images", pattern_sets=1))
    weaker = {"60": renderer.masks(pattern, 0.4)}
    levels = ReleaseMasks(
        epsilon=EPSILON, published=scale.masks, which=scale.unmasking.which([0.5]), strength=1.0, own=weaker,
        tiers={"60": np.ones(len(source), bool)}, shifts=renderer.shifts,
    )  # fmt: skip
    with StagedFolder(root / "published") as stage:
        write_release(source, levels, stage, executor, Silent(), offers=(), masks=root / "masks", origin={},
                      recipe=replace(preset("quick"), name="custom", epochs=2))  # fmt: skip
    for level in ("60", "clean"):
        cleaner = MaskFile.load(root / "masks").make_cleaner(level)
        assert seek(root / "published", cleaner, root / level, executor, Silent()).exact
    return Zoo(root)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("jpegs") / "data"
    for number, odd in enumerate(TAKEN):
        path = root / f"class{number % CLASSES}" / f"{number:03}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(odd.content)
    return root


@pytest.fixture(scope="module")
def zoo(data: Path, executor: Executor) -> Zoo:
    return release(data, data.parent / "first", executor)


def test_the_zoo_is_large():
    assert len(JPEGS) >= 60 and len({odd.name for odd in JPEGS}) == len(JPEGS)


@pytest.mark.parametrize("odd", JPEGS, **SHOWN)
def test_every_jpeg_has_the_outcome_of_the_table(odd: Odd) -> None:
    read = partial(read_original, InMemory(odd.content), keeps_jpeg=True)
    if odd.outcome == REFUSED:
        with pytest.raises(InputError, match=odd.why):
            read()
        return
    assert isinstance(read(), Jpeg if odd.outcome == KEPT else Raster)
    if odd.outcome != KEPT:
        with pytest.raises(UnfitError, match=odd.why):
            read_coefficients(odd.content)


@pytest.mark.parametrize("odd", TAKEN, **SHOWN)
def test_files_are_of_the_kind_that_the_table_says(zoo: Zoo, odd: Odd) -> None:
    suffix = "jpg" if odd.outcome == KEPT else "png"
    start = {"jpg": b"\xff\xd8", "png": b"\x89PNG"}[suffix]
    assert all(zoo.read(odd, level, suffix).startswith(start) for level in ("published", "60", "clean"))


@pytest.mark.parametrize("decoded", DECODERS)
@pytest.mark.parametrize("odd", STAYING, **SHOWN)
def test_masks_stay_within_epsilon_and_come_off_in_every_decoder(zoo: Zoo, odd: Odd, decoded: Callable) -> None:
    before = decoded(odd.content).astype(int)
    assert np.abs(decoded(zoo.read(odd)).astype(int) - before).max() <= EPSILON
    assert np.array_equal(decoded(zoo.read(odd, "clean")), before)


@pytest.mark.parametrize("odd", STAYING, **SHOWN)
def test_coefficients_come_back(zoo: Zoo, odd: Odd) -> None:
    own, clean = read_coefficients(odd.content), read_coefficients(zoo.read(odd, "clean"))
    assert clean.digest() == own.digest() and all(map(np.array_equal, clean.blocks, own.blocks))


def test_images_are_masked_and_levels_lie_between(zoo: Zoo) -> None:
    """Unless their steps are too coarse for any mask."""
    moved = []
    for odd in STAYING:
        own, *others = (by_pillow(one).astype(int) for one in (odd.content, zoo.read(odd), zoo.read(odd, "60")))
        moved.append([float(np.abs(one - own).mean()) for one in others])
    published, level = np.array(moved).T
    unmoved = {odd.name for odd, far in zip(STAYING, published, strict=True) if far < 0.3}
    assert unmoved <= {"steps of 255", "quality 30"}, unmoved
    assert level.mean() < 0.75 * published.mean()


@pytest.mark.parametrize("odd", STAYING, **SHOWN)
def test_profile_and_orientation_stay_and_nothing_else_does(zoo: Zoo, odd: Odd) -> None:
    with Image.open(io.BytesIO(odd.content)) as image:
        told, profile = image.getexif(), find_profile(image)
    for level in ("published", "60", "clean"):
        content = zoo.read(odd, level)
        with Image.open(io.BytesIO(content)) as image:
            assert image.getexif().get(0x0112, 1) == told.get(0x0112, 1)
            assert image.info.get("icc_profile") == profile
            assert set(image.getexif()) <= {0x0112} and not image.getexif().get_ifd(0x8769)
        assert SECRET not in content and content.endswith(b"\xff\xd9")
        assert b"\xff\xd8" not in content[find(content, DQT)[0] :]
        assert {marker for marker, *_ in list_segments(content)} <= {0xE0, 0xE1, 0xE2, DQT, 0xC0, 0xC1, 0xC4, SOS}


@pytest.fixture(scope="module")
def kept(data: Path, executor: Executor) -> Zoo:
    """The same once more, told how images were taken."""
    return release(data, data.parent / "kept", executor, exif=True)


def test_what_is_told_of_how_it_was_taken_is_kept_where_asked_and_all_else_has_the_same_bytes(zoo: Zoo, kept: Zoo) -> None:
    for odd in STAYING:
        with Image.open(io.BytesIO(odd.content)) as image:
            told = image.getexif()
        for level in ("published", "60", "clean"):
            content, other = kept.read(odd, level), zoo.read(odd, level)
            with Image.open(io.BytesIO(content)) as image:
                exif = image.getexif()
            assert exif.get(0x0112, 1) == told.get(0x0112, 1) and exif.get(0x010F) == told.get(0x010F)
            assert SECRET not in content
            assert content[find(content, DQT)[0] :] == other[find(other, DQT)[0] :]
    described = [odd for odd in STAYING if b"Camera & Sons" in odd.content]
    assert {odd.name for odd in STAYING if b"Camera & Sons" in kept.read(odd)} == {odd.name for odd in described}
    assert len(described) >= 9


@pytest.mark.parametrize("odd", [odd for odd in JPEGS if odd.outcome not in (KEPT, REFUSED)], **SHOWN)
def test_others_are_published_without_loss(zoo: Zoo, data: Path, odd: Odd) -> None:
    number = TAKEN.index(odd)
    place = f"class{number % CLASSES}/{number:03}"
    own, masked, clean = (
        decode(path) for path in (data / f"{place}.jpg", zoo.root / f"published/{place}.png", zoo.root / f"clean/{place}.png")
    )
    assert np.abs(masked.astype(int) - own).max() <= EPSILON and np.array_equal(clean, own)


@pytest.mark.parametrize("damage", ["cut off", "exchanged", "one bit", "turned", "not there", "no JPEG"])
def test_a_published_jpeg_that_is_not_as_it_was_is_named_and_nothing_is_written(
    zoo: Zoo, tmp_path: Path, executor: Executor, damage: str
) -> None:
    victim, other = (odd for odd in STAYING if odd.name in ("turned 3", "turned 6"))
    content, foreign = zoo.read(victim), zoo.read(other)
    changed = {
        "cut off": content[: len(content) // 2], "exchanged": foreign, "no JPEG": b"not an image",
        "one bit": content[:-40] + bytes([content[-40] ^ 1]) + content[-39:],
        "turned": content[: find(content, 0xE1)[0]] + content[find(content, 0xE1)[1] :],
    }  # fmt: skip
    shutil.copytree(zoo.root / "published", tmp_path / "published")
    number = TAKEN.index(victim)
    path = tmp_path / f"published/class{number % CLASSES}/{number:03}.jpg"
    path.unlink()
    if damage in changed:
        path.write_bytes(changed[damage])
    cleaner = MaskFile.load(zoo.root / "masks").make_cleaner("clean")
    with pytest.raises(InputError, match=path.name):
        seek(tmp_path / "published", cleaner, tmp_path / "out", executor, Silent())
    assert [one.name for one in tmp_path.iterdir()] == ["published"]


@pytest.mark.parametrize("said", [[], [1, 1], [-1], [0] * 10_000])
def test_a_cleaner_whose_residual_is_no_bound_writes_nothing(
    zoo: Zoo, tmp_path: Path, executor: Executor, said: list[int]
) -> None:
    cleaner, victim = MaskFile.load(zoo.root / "masks").make_cleaner("clean"), TAKEN.index(STAYING[5])
    parts = list(cleaner.residuals.parts())
    assert parts[victim].shape == (1,) and parts[victim][0] > 0
    parts[victim] = np.array(said, np.int8)
    with pytest.raises(InputError, match=r"residual|corrections"):
        seek(zoo.root / "published", replace(cleaner, residuals=Residuals.pack(parts)), tmp_path / "out", executor, Silent())
    assert not list(tmp_path.iterdir())
