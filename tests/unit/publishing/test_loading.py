"""What an owner's folder is read as, and that nothing of it is dropped without a word."""

from __future__ import annotations

from shutil import copytree

import numpy as np
import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import draw_tree, write_images
from tests.helpers.progress import Listener


def test_a_class_called_train_does_not_cost_the_others(tmp_path, executor):
    draw_tree(tmp_path, [f"{label}/{number}" for label in ("apple", "train/steam", "worm") for number in range(4)])
    hears = Listener()
    found = load_source(tmp_path, None, None, executor, hears).folder
    assert found.classes == ("apple", "train", "worm") and len(found.records) == 12
    assert hears.told == [
        f"train/ in {tmp_path} read as a class, since apple/ beside it holds images too; `split='parts'` reads it as a part",
        f"{tmp_path}: 12 images of 3 classes (apple 4, train 4, worm 4)",
        f"{tmp_path.name}/: published, all of it; keep test images elsewhere",
    ]


def test_archives_that_nest_publish_their_training_part_alone(tmp_path, executor):
    for part in ("training_set", "test_set"):
        write_images(tmp_path / f"data/{part}/{part}", 2, 4)
    (tmp_path / "data/training_set/training_set/class0/.DS_Store").touch()
    (tmp_path / "data/training_set/training_set/notes.txt").touch()
    hears = Listener()
    found = load_source(tmp_path / "data", None, None, executor, hears)
    assert found.folder.classes == ("class0", "class1") and len(found.folder.records) == 8
    below = "training_set/training_set"
    assert hears.told == [
        f"{tmp_path}/data/{below}: 8 images of 2 classes (class0 4, class1 4)",
        "training_set/training_set/: published; test_set/test_set/: not read, not published",
        f"passed over in {tmp_path}/data: {below}/class0/.DS_Store (left by a system), {below}/notes.txt (no image)",
    ]


def test_ten_classes_are_named(make_folder, executor):
    hears = Listener()
    load_source(make_folder(classes=12, each=4), None, None, executor, hears)
    assert "48 images of 12 classes (class0 4, class1 4, class10 4, " in hears.told[0]
    assert hears.told[0].endswith("class7 4 and 2 more)")


def test_a_validation_part_serves_for_the_classes_that_it_has(tmp_path, executor):
    write_images(tmp_path / "data/train", 3, 6)
    write_images(tmp_path / "data/val", 3, 2, first=6)
    for path in [*(tmp_path / "data/val/class1").iterdir()]:
        path.unlink()
    (tmp_path / "data/val/class1").rmdir()
    hears = Listener()
    found = load_source(tmp_path / "data", None, None, executor, hears)
    assert found.validation is not None and found.validation[1].tolist() == [0, 0, 2, 2]
    assert hears.told[-1] == (
        f"{tmp_path}/data/val has no images of class1: accuracies are of the other classes, while levels and chance are of all"
    )
    assert "val/: calibrates levels, not published" in hears.told[1]
    copytree(tmp_path / "data/val/class0", tmp_path / "data/val/owl")
    with pytest.raises(InputError, match="classes of .*val are not in the training part; name them as there.*: owl"):
        load_source(tmp_path / "data", None, None, executor, Silent())


def test_a_table_and_its_ignored_columns_are_told(tmp_path, executor):
    draw_tree(tmp_path / "flat", [f"{number}" for number in range(8)])
    lines = [f"{number}.png,{'cat' if number % 2 else 'dog'},words" for number in range(8)]
    (tmp_path / "flat/metadata.csv").write_text("\n".join(["file_name,label,text", *lines]))
    hears = Listener()
    found = load_source(tmp_path / "flat", tmp_path / "flat/metadata.csv", None, executor, hears)
    assert np.bincount(found.folder.labels).tolist() == [4, 4]
    assert hears.told[-1] == f"passed over in {tmp_path}/flat: text (column of metadata.csv)"


def test_split_and_labels_do_not_go_together(tmp_path):
    options = {"data": tmp_path, "levels": (), "out": tmp_path / "out", "masks": tmp_path / "m", "recipe": preset("quick")}
    with pytest.raises(InputError, match="`split` is for folders of parts or classes, and `labels` for a flat one"):
        HideConfig(**options, labels=tmp_path / "x.csv", split="none")
    with pytest.raises(InputError, match="unknown `split` 'all': choose auto, none or parts"):
        HideConfig(**options, split="all")
