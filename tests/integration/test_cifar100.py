"""CIFAR-100 has a class `train`: its hundred classes go through all commands, in parts and flat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hideseek_cli.images.dataset import scan
from tests.helpers.cifar100 import CLASSES, write_cifar100
from tests.helpers.commands import inside

QUICK = ["--epochs", "1", "--batch-size", "128", "--threads", "1"]
UNLIMITED = ["--min-ssim", "0", "--max-visibility", "1"]
HIDE = [*QUICK, *UNLIMITED, "--passes", "1", "--max-runs", "13", "--robust", "none"]
CLASS = "read as a class, since apple/ beside it holds images too; --split parts reads it as a part"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set in its parts."""
    root = tmp_path_factory.mktemp("place")
    write_cifar100(root / "cifar100/train", range(4))
    write_cifar100(root / "cifar100/test", range(4, 5))
    return root


def test_there_are_a_hundred_classes_and_train_is_one():
    assert len(CLASSES) == len(set(CLASSES)) == 100 and list(CLASSES) == sorted(CLASSES) and "train" in CLASSES


@pytest.mark.parametrize("folder", ["cifar100", "cifar100/train"])
def test_a_dry_run_counts_all_of_them(place, folder):
    done = inside("hide", folder, *HIDE, "--dry-run", "--json", cwd=place)
    planned = json.loads(done.stdout)
    assert planned["class_sizes"] == dict.fromkeys(CLASSES, 4)
    assert planned["parts"] == {
        "cifar100": {"train/": "published", "test/": "not read, not published"},
        "cifar100/train": {"train/": "published, all of it; keep test images elsewhere"},
    }[folder]  # fmt: skip
    assert (f"train/ in cifar100/train {CLASS}" in done.stderr) == (folder == "cifar100/train")
    assert "400 images of 100 classes (apple 4, aquarium_fish 4, " in done.stderr and "cattle" not in done.stderr


def test_a_class_named_train_may_have_folders(place, tmp_path):
    write_cifar100(tmp_path / "flat", range(4))
    (tmp_path / "flat/train/steam").mkdir()
    for path in (tmp_path / "flat/train").glob("*.png"):
        path.rename(tmp_path / "flat/train/steam" / path.name)
    done = inside("hide", "flat", *HIDE, "--dry-run", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["classes"] == 100 and f"train/ in flat {CLASS}" in done.stderr
    one = inside("hide", "flat", *HIDE, "--split", "parts", "--dry-run", cwd=tmp_path, code=2)
    assert "has one class, steam" in one.stderr


@pytest.mark.slow
def test_all_commands_take_all_of_them(place):
    hidden = inside("hide", "cifar100", *HIDE, "--json", cwd=place, code=None)
    assert hidden.returncode in (0, 1), hidden.stderr
    assert json.loads(hidden.stdout)["classes"] == 100 and scan(place / "published").classes == CLASSES
    flat = ["cifar100/train", "-o", "flat", "--masks", "flat.safetensors", "--method", "random", *QUICK, *UNLIMITED]
    assert inside("hide", *flat, cwd=place, code=None).returncode in (0, 1)
    assert scan(place / "flat").classes == CLASSES
    inside("cleaner", "masks.safetensors", "--level", "clean", cwd=place)
    assert json.loads(inside("seek", "published", "cleaner_clean.safetensors", "--json", cwd=place).stdout)["exact"]
    for name in ("Thumbs.db", "train/.DS_Store", "apple/desktop.ini"):
        (place / "published" / name).touch()
    (place / "published/@eaDir").mkdir()
    for clean in ("cifar100", "cifar100/train"):
        assert json.loads(inside("metrics", clean, "published", "--json", cwd=place).stdout)["images"] == 400
        assert json.loads(inside("metrics", clean, "cleaned", "--json", cwd=place).stdout)["linf"] == 0
    for test in ("cifar100", "cifar100/test"):
        options = ["--test", test, "--runs", "1", "--json", *QUICK]
        verified = inside("verify", "published", *options, cwd=place, code=None)
        assert verified.returncode in (0, 1, 3) and "@eaDir and 3 more (left by a system)" in verified.stderr, verified.stderr
        audited = inside("audit", "published", *options, "--attacks", "none", "--clean", "cifar100/train", cwd=place)
        assert [one["attack"] for one in json.loads(audited.stdout)["attacks"]] == ["none"]
