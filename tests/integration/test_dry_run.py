"""A dry run tells everything that a run would refuse: no refusal comes after training has begun."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.publishing import loading
from hideseek_cli.training import evaluator
from tests.helpers.commands import contents, inside
from tests.helpers.folders import write_images
from tests.robustness.zoo import PASSED_OVER, TAKEN, fill, image


def stray(path: str, source: str = "class0/000.png") -> Callable[[Path], object]:
    """One more file in the folder."""

    def add(root: Path) -> None:
        (root / "data" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / "data" / source, root / "data" / path)

    return add


def class_named(name: str, like: int = 2) -> Callable[[Path], object]:
    """A class more, whose images are of none of the others."""

    def add(root: Path) -> None:
        write_images(root / "more", like + 1, 5)
        (root / f"more/class{like}").rename(root / "data" / name)
        shutil.rmtree(root / "more")

    return add


def profiled(root: Path) -> None:
    profile = bytes(16) + b"RGB " + bytes(108) + np.random.default_rng(0).bytes(2**20)
    image().save(root / "data/class0/broad.tif", icc_profile=profile)


def greyed(root: Path) -> None:
    for path in (root / "data").rglob("*.png"):
        with Image.open(path) as found:
            found.convert("L").save(path)
    inside("network", "slim", "-o", "net", cwd=root)


def under_image(root: Path) -> None:
    """The file b.jpg, and a folder that has the name which that gets."""
    with Image.open(root / "data/class0/b.png") as found:
        found.save(root / "data/class0/b.jpg")
    (root / "data/class0/b.png").unlink()
    stray("class0/b.png/x.png", "class0/001.png")(root)


def copied(root: Path) -> None:
    for number in range(4):
        stray(f"class1/copy{number}.png", f"class0/00{number}.png")(root)


def nested(root: Path) -> None:
    """One class, with folders inside."""
    shutil.rmtree(root / "data/class1")
    (root / "data/class0/more").mkdir()
    shutil.copy(root / "data/class0/000.png", root / "data/class0/more/x.png")


def linked(root: Path) -> None:
    (root / "data/class2").symlink_to(root / "data/class0", target_is_directory=True)


def with_part(name: str, label: str) -> Callable[[Path], object]:
    def add(root: Path) -> None:
        (root / "data").rename(root / "train")
        (root / "data").mkdir()
        (root / "train").rename(root / "data/train")
        (root / f"data/{name}/{label}").mkdir(parents=True)
        shutil.copy(root / "data/train/class0/000.png", root / f"data/{name}/{label}/x.png")

    return add


def nothing(root: Path) -> None: ...


REFUSED: dict[str, tuple[Callable[[Path], object], tuple[str, ...], str]] = {
    "the zoo": (lambda root: fill(root / "data/class0", lambda one: one not in (TAKEN, PASSED_OVER)), (), "cannot be used"),
    "a name for Windows": (stray("class0/aux.png"), (), "cannot be written on Windows"),
    "a class for Windows": (class_named("what?"), (), "cannot be written on Windows"),
    "a blank at the end": (class_named("class2 "), (), "cannot be written on Windows"),
    "names that differ in case": (stray("class0/B.png"), (), "one and the same"),
    "classes that differ in case": (class_named("CLASS1"), (), "one and the same"),
    "a class like the manifest": (class_named("hideseek.json"), (), "a file of hideseek's"),
    "a folder like an image's file": (under_image, (), "folder that has the name"),
    "a broad profile": (profiled, (), "that readers of PNG refuse"),
    "grey images for colours": (greyed, ("--method", "uge", "--authorized", "net"), "all images here are grey"),
    "copies in several classes": (copied, ("--levels", "70"), "lie in several classes"),
    "one class": (nested, (), "has one class"),
    "a link": (linked, (), "links"),
    "a strange class in val": (with_part("val", "other"), (), "other"),
    "a level below chance": (nothing, ("--levels", "30"), "is not above chance"),
    "a level with too many digits": (nothing, ("--levels", "66.66666666"), "more than 6 digits"),
    "too few images": (nothing, ("--train-images", "3"), "is too few"),
    "too few runs": (nothing, ("--max-runs", "3"), "is too few"),
    "a key that is none": (nothing, ("--key-file", "data/class0/000.png"), "must hold exactly"),
    "the current folder": (nothing, ("-o", "."), "."),
    "masks that would be published": (nothing, ("--masks", "published/m"), "would lie inside"),
    "masks in no folder": (nothing, ("--masks", "data/class0/000.png/m"), "lies inside"),
    "a taken place": (lambda root: (root / "published").mkdir() or (root / "published/x").touch(), (), "is not empty"),
    "a taken mask file": (lambda root: (root / "masks.safetensors").touch(), (), "exists already"),
    "a taken contact sheet": (lambda root: (root / "masks.sheet.png").touch(), (), "masks.sheet.png exists already"),
}  # fmt: skip
TAKEN_TOO: dict[str, tuple[Callable[[Path], object], tuple[str, ...]]] = {
    "ordinary images": (nothing, ()),
    "clutter": (lambda root: (root / "data/class0/Thumbs.db").touch(), ()),
    "a class called train": (class_named("train"), ()),
    "patterns as many as images": (nothing, ("--placement", "keyed", "--patterns", "5")),
    "a part of a val part": (with_part("val", "class0"), ()),
}


class Reached(BaseException):
    """Training has begun."""


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def begun(*asked: object, **more: object) -> None:
        raise Reached

    monkeypatch.setattr(evaluator, "train", begun)
    monkeypatch.setattr("hideseek_cli.publishing.retraining.estimate_seconds", lambda *asked: 1.0)
    write_images(tmp_path / "data", 2, 5)
    write_images(tmp_path / "more", 1, 1, first=9)
    (tmp_path / "more/class0/009.png").rename(tmp_path / "data/class0/b.png")
    shutil.rmtree(tmp_path / "more")
    return tmp_path


@pytest.mark.parametrize(("change", "options", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_run_refuses_its_dry_run_tells_in_the_same_words(road, change, options, words):
    change(road)
    before = contents(road)
    told = inside("hide", "data", "--epochs", "1", *options, "--dry-run", cwd=road, code=2).stderr
    assert words in told
    assert contents(road) == before, "and writes nothing"
    said = inside("hide", "data", "--epochs", "1", *options, cwd=road, code=2).stderr
    refusal = told[told.index("hideseek: ") :]
    assert said.endswith(refusal), "before anything is trained"
    left = {name: content for name, content in contents(road).items() if name != ".masks.safetensors.journal"}
    assert left == before


@pytest.mark.parametrize(("change", "options"), TAKEN_TOO.values(), ids=TAKEN_TOO.keys())
def test_what_a_dry_run_takes_a_run_trains_on(road, change, options):
    change(road)
    inside("hide", "data", "--epochs", "1", *options, "--dry-run", cwd=road)
    with pytest.raises(Reached):
        inside("hide", "data", "--epochs", "1", *options, cwd=road)
    assert "published" not in os.listdir(road)


def test_classes_that_no_manifest_has_room_for_are_refused_before(road, monkeypatch):
    monkeypatch.setattr(loading, "MAX_CLASSES", 15)
    assert "names too long for a manifest" in inside("hide", "data", "--epochs", "1", "--dry-run", cwd=road, code=2).stderr
