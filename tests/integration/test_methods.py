"""Every method through the same laws: a line of METHODS each, on folders small enough for a moment's training."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load as tensors_of

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.masks import keys
from hideseek_cli.masks.chunked import ChunkedMasks
from hideseek_cli.methods import Method, Task, TrainedPatterns, list_methods, select
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.mask_selection import CandidateMasks
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.publishing.strength import Strength
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.secret_stem import project_unseen
from hideseek_cli.training.tensors import TensorDataset, make_dataset
from hideseek_cli.training.trainer import ignore_steps
from tests.helpers.commands import contents, inside
from tests.helpers.folders import write_images
from tests.helpers.methods import METHODS

MASTER, EACH, SIDE = bytes(range(32)), 24, 16
LEVEL = "50"


@dataclass(frozen=True)
class Example:
    """A release by one method, at one level and clean."""

    method: Method
    data: Path
    before: dict[str, bytes]
    place: Path
    source: SourceDataset
    made: TrainedPatterns
    levels: ReleaseMasks
    owner: MaskFile

    @property
    def published(self) -> Path:
        return self.place / "published"

    @property
    def touched(self) -> np.ndarray:
        return self.levels.tiers[LEVEL]


def write_folder(root: Path) -> Path:
    """Two classes, grey and coloured, of two sizes, so that masks are carried."""
    write_images(root, 2, EACH, side=SIDE, mode="mixed")
    for path in sorted(root.rglob("*.png"))[::5]:
        Image.open(path).resize((21, 18)).save(path)
    return root


def release(method: Method, data: Path, place: Path, executor: Executor) -> Example:
    """What ``hide`` does with a method, without the retrainings in between."""
    before = contents(data)
    config = HideConfig(data=data, levels=(50.0,), out=place / "published", masks=place / "masks", recipe=preset("quick"),
                  method=method, size=SIDE)  # fmt: skip
    source = load_source(data, None, SIDE, executor, Silent())
    clean = make_dataset(source.stack.clean(), source.folder.labels, 2, torch.device("cpu"))
    renderer = MaskRenderer.of(config, source, MASTER, pattern_sets=2)
    seen = torch.arange(len(clean))[torch.arange(len(clean)) % 4 != 0]
    task = Task(dataset=clean, seen=seen, epsilon=8, arch="slim", batch_size=8, seed=0, shifts=None, pattern_sets=2,
                robust=config.survived, secret=source.secret(MASTER))  # fmt: skip
    made = method.candidates(task)[0].train(ignore_steps)
    unmasking = source.unmasking(MASTER, pattern_sets=2, own=method.scope == "sample")
    scale = LevelScale(renderer, renderer.masks(made.patterns, 1.0), unmasking)
    levels = ReleaseMasks(epsilon=8, published=scale.masks, which=unmasking.which([0.5]), strength=1.0,
                    tiers={LEVEL: unmasking.touched(0.5)}, own={}, shifts=None, single=unmasking.own)  # fmt: skip
    with StagedFolder(config.out) as stage:
        written = write_release(
            source, levels, stage, executor, Silent(), recipe=config.recipe, offers=(), masks=config.masks, origin={}
        )
        CandidateMasks(scale, Strength(1.0, "ssim"), [10.0], made.weights).save_generator(
            config, source, written.manifest.release
        )
    return Example(method, data, before, place, source, made, levels, MaskFile.load(config.masks))


@pytest.fixture(scope="module", params=METHODS.values(), ids=METHODS.keys())
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, executor: Executor) -> Example:
    name, scope, options = request.param
    place = tmp_path_factory.mktemp("method")
    return release(select(name, scope, options), write_folder(place / "data"), place, executor)


def test_only_masks_of_single_images_are_packed(made):
    single = made.method.scope == "sample"
    assert made.owner.single is made.owner.make_cleaner(LEVEL).single is single
    assert all(isinstance(masks, ChunkedMasks) is single for masks in made.owner.published.values())


def test_an_image_has_its_own_mask_in_its_own_kind_alone(made):
    if made.method.scope == "sample":
        for channels, (where, _) in made.source.stack.groups.items():
            masks = made.owner.published[channels].unpack()
            assert masks[where].any((1, 2, 3)).all() and not np.delete(masks, where, 0).any()


def test_thresholds_of_single_images_are_those_of_their_names_and_of_the_key(made):
    thresholds = made.source.own_thresholds(MASTER)
    some = thresholds[np.array([3, 0, 3])]
    assert np.array_equal(some[0], some[2]) and not np.array_equal(some[0], some[1])
    assert not np.array_equal(made.source.own_thresholds(bytes(32))[np.array([3])][0], some[0])
    assert some.min() >= 0 and some.max() < 1 and thresholds.shape == (2 * EACH, SIDE, SIDE, 3)
    first = made.source.folder.records[0]
    key = keys.derive_subkey(MASTER, made.source.release_label(), "dither")
    assert np.array_equal(keys.draw_thresholds(keys.derive_subkey(key, *first.key), (SIDE, SIDE, 3)), some[1])


def pixels(folder: Path) -> list[np.ndarray]:
    return [decode(record.path) for record in scan(folder).records]


def test_every_method_is_tried():
    assert {(name, scope) for name, scopes in list_methods().items() for scope in scopes} == {
        (name, scope) for name, scope, _ in METHODS.values()
    }


def test_patterns_are_as_many_as_the_scope_says_and_none_is_empty(made):
    patterns, own = made.made.patterns, len(set(made.levels.which.tolist())) == 2 * EACH
    assert patterns.shape == (2 * EACH if own else 4, SIDE, SIDE, 3)
    assert patterns.any((1, 2, 3)).all() and np.abs(patterns).max() <= 8, "what was withheld is masked too"


def test_every_level_is_sought_exactly(made, executor, tmp_path):
    """Law 1: clean are the originals, a level is original where it is touched and published elsewhere."""
    originals, published = pixels(made.data), pixels(made.published)
    for level, touched in ((LEVEL, made.touched), ("clean", np.ones(2 * EACH, bool))):
        made.owner.make_cleaner(level).save(tmp_path / "c")
        cleaner = Cleaner.load(tmp_path / "c")
        assert seek(made.published, cleaner, tmp_path / level, executor, Silent()).exact
        for number, found in enumerate(pixels(tmp_path / level)):
            assert np.array_equal(found, (originals if touched[number] else published)[number])


def test_no_pixel_moves_by_more_than_the_bound_and_inputs_stay(made):
    """Laws 2 and 5; and a grey image stays one."""
    moved = [np.abs(a.astype(int) - b).max() for a, b in zip(pixels(made.data), pixels(made.published), strict=True)]
    assert min(moved) > 0 and max(moved) <= 8
    assert contents(made.data) == made.before


def test_a_cleaner_is_bound_to_its_release(made, executor, tmp_path):
    """Law 7."""
    cleaner = made.owner.make_cleaner(LEVEL)
    first = sorted(made.published.rglob("*.png"))[0]
    whole = first.read_bytes()
    other = decode(first).copy()
    other[0, 0] ^= 1
    try:
        Image.fromarray(other.squeeze()).save(first)
        with pytest.raises(InputError, match="do not belong to this release"):
            seek(made.published, cleaner, tmp_path / "out", executor, Silent())
    finally:
        first.write_bytes(whole)
    object.__setattr__(cleaner, "release", "0" * 64)
    with pytest.raises(InputError, match="belongs to release 000000000000"):
        seek(made.published, cleaner, tmp_path / "out", executor, Silent())


def test_a_cleaner_holds_nothing_of_images_that_it_does_not_touch(made, tmp_path):
    """Law 9: of no pattern that they carry, and of no key or weights."""
    cleaner = made.owner.make_cleaner(LEVEL)
    cleaner.save(tmp_path / "c")
    cleaner = Cleaner.load(tmp_path / "c")
    carried = made.levels.which
    for channels, (where, _) in made.source.stack.groups.items():
        known = cleaner.patterns[channels][np.arange(len(cleaner.patterns[channels]))]
        published = made.levels.published[channels]
        assert len(known) == len(set(carried[made.touched].tolist()))
        left = {int(carried[number]) for number in where if not made.touched[number]}
        assert left and not any((mask == -published[number]).all() for mask in known for number in left)
    assert not {name for name in tensors_of((tmp_path / "c").read_bytes()) if "weight" in name or "key" in name}
    assert (cleaner.which == -1).tolist() == (~made.touched).tolist()


def test_the_same_key_and_seed_give_the_same_bytes_in_files_that_are_secret(made, executor, tmp_path):
    """Law 6."""
    again = release(made.method, made.data, tmp_path, executor)
    assert contents(again.published) == contents(made.published)
    files = [path.name for path in made.place.iterdir() if path.is_file()]
    assert "masks" in files and files == [path.name for path in tmp_path.iterdir() if path.is_file()]
    for name in files:
        assert (tmp_path / name).read_bytes() == (made.place / name).read_bytes()
        assert (made.place / name).stat().st_mode & 0o777 == 0o600


def test_a_folder_is_hidden_with_the_cleaner_of_its_originals_alone_by_a_method_with_a_generator(tmp_path, monkeypatch):
    """The whole command without --levels; what a method leaves to make noise with is written beside the masks."""
    weights = {"layer.weight": np.arange(4, dtype=np.float32)}
    write_images(tmp_path / "data", 2, 12)
    made_with: list[bytes] = []

    def drawn(task: Task, count: int, on_step: Callable[[int, int], None]) -> TrainedPatterns:
        made_with.append(task.secret)
        return TrainedPatterns(patterns=np.full((count, 16, 16, 3), 2, np.float16), weights=weights)

    monkeypatch.setattr("hideseek_cli.methods.random_noise._draw_noise", drawn)
    arguments = ["--method", "random", "--scope", "sample", "--epochs", "1", "--batch-size", "8", "--threads", "1", "--json"]
    done = inside("hide", "data", *arguments, "--min-ssim", "0.5", "--max-visibility", "1", cwd=tmp_path, code=None)
    assert done.returncode in (0, 1), done.stderr
    assert len(set(made_with)) == 1 and made_with[0] != bytes(32), "once, and again with what may hide better"
    assert json.loads(done.stdout)["generator"] == "masks.generator.safetensors"
    assert "masks.safetensors, masks.generator.safetensors and masks.sheet.png (secret)" in done.stderr
    generator = Generator.load(tmp_path / "masks.generator.safetensors")
    assert np.array_equal(generator.weights["layer.weight"], weights["layer.weight"]) and generator.method == "random"
    masks = MaskFile.load(tmp_path / "masks.safetensors")
    assert [tier.level for tier in masks.tiers] == ["clean"] and masks.release == generator.release
    assert generator.strength == masks.strength and masks.single
    assert not list(tmp_path.glob(".*")), "no journal is left"


def test_a_folder_is_hidden_from_all_but_an_authorized_network(tmp_path):
    """What it learns is measured, and the manifest says so, of a network that it does not give away."""
    write_images(tmp_path / "data", 2, 12, mode="RGB")
    inside("network", "lenet", cwd=tmp_path)
    network = AuthorizedNetwork.load(tmp_path / "net.safetensors")
    arguments = ["--method", "uge", "--authorized", "net.safetensors", "--epochs", "1", "--batch-size", "8", "--threads", "1"]
    done = inside("hide", "data", *arguments, "--min-ssim", "0.5", "--max-visibility", "1", "--json", cwd=tmp_path, code=None)
    assert done.returncode in (0, 1), done.stderr
    said = json.loads(done.stdout)["authorized"]
    allowed = manifests.read(tmp_path / "published").authorized
    assert allowed == Authorized(stem=network.identity, arch="lenet", accuracy=round(said["accuracy"], 2))
    assert 0 <= said["clean_accuracy"] <= 100
    masks = MaskFile.load(tmp_path / "masks.safetensors").published[3]
    noise = torch.from_numpy(np.asarray(masks, np.float32)).permute(0, 3, 1, 2)
    left = noise - project_unseen(noise, torch.from_numpy(network.kernel), 8)
    assert noise.abs().mean() > 1 and left.square().mean().sqrt() < 0.6, "but for rounding the network sees nothing"
    for wrong in (["--authorized", "masks.safetensors"], ["--placement", "keyed"]):
        assert inside("hide", "data", *arguments, "-o", "x", "--masks", "y", *wrong, cwd=tmp_path, code=2).stderr
    assert inside("hide", "data", "--authorized", "net.safetensors", "-o", "x", cwd=tmp_path, code=2).stderr


def test_what_may_be_trained_on_is_shown_and_nothing_else():
    images = torch.arange(5, dtype=torch.uint8)[:, None, None, None].expand(5, 1, 4, 4).contiguous()
    task = Task(dataset=TensorDataset(images, torch.tensor([0, 1, 0, 1, 0]), 2), seen=torch.tensor([1, 4]), epsilon=8,
                arch="slim", batch_size=8, seed=0, shifts=torch.arange(10).view(5, 2))  # fmt: skip
    assert task.shown.images[:, 0, 0, 0].tolist() == [1, 4] and task.shown.labels.tolist() == [1, 0]
    assert task.shown_shifts is not None and task.shown_shifts.tolist() == [[2, 3], [8, 9]]
