"""Copies are told of before anything is trained, and refused where they leave no room for levels; secret files replace what
they may."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.formats import sheet_file
from hideseek_cli.methods import select
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.preparation import hold_places, read_source, refuse_files
from hideseek_cli.recipe import preset
from tests.helpers.folders import MakeFolder
from tests.helpers.progress import Listener


def plant(root: Path, number: int, *labels: int) -> None:
    """The image of that number and class 0 again, in those classes."""
    for label in labels:
        shutil.copy(root / f"class0/{number:03}.png", root / f"class{label}/{number:03}x{label}.png")


def told(data: Path, executor, levels: tuple[float, ...] = (70.0,), **options: object) -> list[str]:
    progress = Listener()
    settings = {"out": data.parent / "published", "masks": data.parent / "masks"}
    config = HideConfig(data=data, recipe=preset("quick"), levels=levels, **settings, **options)  # type: ignore[arg-type]
    read_source(config, executor, progress)
    return [line for line in progress.told if "near-identical" in line or "copies in several" in line]


@pytest.mark.slow
def test_copies_are_counted_and_those_in_several_classes_named(make_folder: MakeFolder, executor):
    root = make_folder("data", each=80)
    assert told(root, executor) == []
    plant(root, 3, 0)
    assert told(root, executor) == [
        "2 images in 1 group of near-identical ones: withheld together, and lose their masks together; the largest has 2"
    ]
    plant(root, 7, 1, 2)
    first, second = told(root, executor)
    assert second.startswith("5 images in 2 groups of near-identical ones") and second.endswith("the largest has 3")
    assert first == (
        "copies in several classes lose their masks after all other images: "
        "class0/007 and class1/007x1 and class2/007x2; keep each image in one class"
    )
    for number in (9, 10, 11):
        plant(root, number, 1)
    assert told(root, executor)[0].endswith("class0/010 and class1/010x1; and 1 more; keep each image in one class")


def test_more_copies_in_several_classes_than_levels_can_leave_masked_are_refused_by_name(make_folder: MakeFolder, executor):
    root = make_folder("data", each=20)
    for number in range(12):
        plant(root, number, 1)
    with pytest.raises(InputError) as refused:
        told(root, executor)
    assert str(refused.value).startswith("12 images lie in several classes, equal or nearly so, which is more than levels can")
    assert "(5% of all); keep each in one class: class0/000 and class1/000x1; class0/001" in str(refused.value)
    assert str(refused.value).endswith("; and 2 more")


@pytest.mark.parametrize("options", [{"levels": ()}, {"calibration": "stop"}])
def test_where_levels_are_no_share_of_the_images_nothing_is_refused(make_folder: MakeFolder, executor, options):
    root = make_folder("data", each=20)
    for number in range(12):
        plant(root, number, 1)
    if "calibration" in options:
        options = {**options, "method": select("emn", "class", {"schedule": "alternating"})}
    assert not [line for line in told(root, executor, **options) if "copies in several" in line or "masks together" in line]


@pytest.mark.parametrize(
    ("overwrite", "written", "taken"),
    [(False, None, True), (False, "1" * 64, True), (False, "0" * 64, False), (True, None, False)],
)
def test_a_contact_sheet_is_replaced_with_leave_or_by_the_run_that_wrote_it(tmp_path, overwrite, written, taken):
    config = HideConfig(
        data=tmp_path / "data", levels=(), out=tmp_path / "out", masks=tmp_path / "m.safetensors", recipe=preset("quick"),
        overwrite=overwrite,
    )  # fmt: skip
    assert config.sheet == tmp_path / "m.sheet.png"
    sheet_file.save(config.sheet, Image.new("RGB", (8, 8)), "0" * 64)
    if taken:
        with pytest.raises(InputError, match="m.sheet.png exists already"):
            refuse_files(config, written)
    else:
        refuse_files(config, written)


def test_what_a_killed_run_left_half_written_of_a_secret_file_is_removed(tmp_path):
    (tmp_path / "data").mkdir()
    config = HideConfig(
        data=tmp_path / "data", levels=(), out=tmp_path / "out", masks=tmp_path / "m.safetensors", recipe=preset("quick")
    )
    for path in (config.masks, config.generator, config.sheet, config.journal):
        (tmp_path / f".{path.name}.0123abcd.partial").touch()
    with hold_places(config):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize("val", [False, True])
def test_too_few_images_to_tell_levels_apart_are_said_before_anything_is_trained(make_folder: MakeFolder, executor, val):
    root = make_folder("data", each=20)
    if val:
        for part, name in (("data", "train"), ("more", "val")):
            make_folder("more", each=5) if part == "more" else None
            shutil.move(root.parent / part, root.parent / "parts" / name)
        root = root.parent / "parts"
    progress = Listener()
    config = HideConfig(data=root, recipe=preset("quick"), levels=(60.0, 70.0), out=root.parent / "p", masks=root.parent / "m")
    read_source(config, executor, progress)
    (line,) = (line for line in progress.told if "too few to tell" in line)
    assert "too few to tell level 70 from level 60, however often networks are trained; " in line
    assert line.startswith("15 images that " + ("lie in the validation part" if val else "are withheld"))
    assert line.endswith("a validation part of about 346 would do" if val else "about 1384 images would do")
    config = HideConfig(data=root, recipe=preset("quick"), levels=(), out=root.parent / "p", masks=root.parent / "m")
    read_source(config, executor, again := Listener())
    assert not [line for line in again.told if "too few" in line]
