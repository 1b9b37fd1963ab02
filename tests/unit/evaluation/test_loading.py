"""By which recipe a folder is judged, and on which test images, each decided in one place."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.evaluation.loading import EvaluationData, load_evaluation
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.accuracy_stats import compare_mix
from tests.helpers.folders import draw_tree, write_images
from tests.helpers.progress import Listener
from tests.helpers.toys import CPU

PROMISED = SimpleNamespace(recipe=replace(preset("quick"), epochs=77))
GIVEN, FALLBACK = preset("quick"), preset("standard")


def choose(promise, given, fallback=None):
    return EvaluationData.choose_recipe(SimpleNamespace(promise=promise, dataset=range(400)), given, fallback)


def test_what_was_asked_for_goes_before_the_promise_and_that_before_the_fallback():
    assert choose(PROMISED, GIVEN, FALLBACK) == GIVEN.for_images(400) != GIVEN
    assert choose(PROMISED, None, FALLBACK) == PROMISED.recipe, "which was fitted to the images when it was written"
    assert choose(None, GIVEN, FALLBACK) == GIVEN.for_images(400)
    assert choose(None, None, FALLBACK) == FALLBACK.for_images(400) != FALLBACK


def load(folder, test, executor, progress=None, **options):
    return load_evaluation(folder, test, executor, progress or Silent(), CPU, None, **options)


@pytest.mark.slow
def test_a_test_part_has_the_numbers_of_the_training_part_for_the_classes_that_it_has(tmp_path, executor):
    write_images(tmp_path / "data/train", 4, 60)
    write_images(tmp_path / "some", 4, 30, first=60)
    for label in (0, 2):
        for path in [*(tmp_path / f"some/class{label}").iterdir()]:
            path.unlink()
        (tmp_path / f"some/class{label}").rmdir()
    hears = Listener()
    found = load(tmp_path / "data", tmp_path / "some", executor, hears)
    assert sorted(set(found.test.labels.tolist())) == [1, 3] and found.test.classes == 4
    assert hears.told == [
        f"{tmp_path}/data/train: 240 images of 4 classes (class0 60, class1 60, class2 60, class3 60)",
        "train/: trained on",
        f"{tmp_path}/some: 60 images of 2 classes (class1 30, class3 30)",
        f"{tmp_path}/some has no images of class0, class2: accuracies are of the other classes, while levels and chance are of "
        "all",
    ]
    mix = compare_mix(*(np.bincount(part.labels.numpy(), minlength=4) for part in (found.dataset, found.test)))
    assert mix is not None and mix.points == 50, "half of what is trained on is not tested"
    write_images(tmp_path / "some", 5, 1)
    with pytest.raises(InputError, match=r"classes of .*some are not in the training part; name them as there.*: class4"):
        load(tmp_path / "data", tmp_path / "some", executor)


def test_a_test_folder_with_a_class_called_train_is_one(tmp_path, executor):
    places = [f"{label}/{number}" for label in ("apple", "train", "worm") for number in range(4)]
    for part in ("train", "test"):
        draw_tree(tmp_path / part, places)
    for test in (tmp_path, tmp_path / "test"):
        assert len(load(tmp_path, test, executor).test) == 12
    with pytest.raises(InputError, match="train/train holds 4 images but no folders of classes"):
        load(tmp_path / "train", tmp_path / "test", executor, split="parts")


def test_a_folder_that_holds_a_test_part_alone_is_tested_on(tmp_path, executor):
    write_images(tmp_path / "data", 2, 4)
    write_images(tmp_path / "held/test", 2, 2, first=4)
    assert len(load(tmp_path / "data", tmp_path / "held", executor).test) == 4
    write_images(tmp_path / "other/train", 2, 2)
    with pytest.raises(InputError, match="other has a training part but no test part"):
        load(tmp_path / "data", tmp_path / "other", executor)
