"""Alpha channels that tell the classes are warned of, and no others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from hideseek_cli.images.encoding import encode
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.transparency import SIDE, Transparency, sketch
from tests.helpers.progress import Listener

CLASSES, EACH = 10, 60
Matte = Callable[[int, int], np.ndarray]


def write_mattes(root: Path, matte: Matte | None) -> Path:
    """Images of noise in ten classes, each with the matte of its class and number."""
    random = np.random.default_rng(0)
    for label in range(CLASSES):
        (root / str(label)).mkdir(parents=True)
        for number in range(EACH):
            image = random.integers(0, 256, (16, 16, 3), np.uint8)
            if matte is not None:
                image = np.dstack([image, np.asarray(Image.fromarray(matte(label, number)).resize((16, 16)))])
            (root / str(label) / f"{number}.png").write_bytes(encode(image))
    return root


def digits() -> np.ndarray:
    """Some of each class, in grey levels."""
    found = load_digits()
    return np.stack([found.images[found.target == label][:EACH] for label in range(CLASSES)]).astype(np.uint8) * 15


def told(root: Path, executor) -> list[str]:
    listener = Listener()
    load_source(root, None, None, executor, listener)
    return [line for line in listener.told if "alpha" in line]


@pytest.mark.slow
def test_mattes_of_digits_are_found_to_tell_the_digit(tmp_path, executor):
    shapes = digits()
    (warning,) = told(write_mattes(tmp_path / "data", lambda label, number: shapes[label, number]), executor)
    assert "the alpha channel alone tells the class of 9" in warning and "(chance 10 %)" in warning
    assert "lay the images on a background" in warning


@pytest.mark.slow
def test_mattes_that_say_nothing_and_images_that_are_opaque_are_passed_over(tmp_path, executor):
    shapes, random = digits().reshape(-1, 8, 8), np.random.default_rng(0)
    drawn = write_mattes(tmp_path / "drawn", lambda label, number: shapes[random.integers(len(shapes))])
    assert told(drawn, executor) == told(write_mattes(tmp_path / "opaque", None), executor) == []


def test_having_an_alpha_channel_tells_the_class_too():
    found, labels = Transparency(), np.repeat([0, 1], 40)
    for number in range(40):
        found.add(number, bytes([254]) * SIDE**2)
    assert "of 100 % of the images (chance 50 %)" in (found.warn(labels) or "")


@pytest.mark.parametrize("classes", [2, 7])
def test_what_tells_nothing_is_hardly_ever_warned_of(classes):
    def warned(seed: int) -> bool:
        random, found = np.random.default_rng(seed), Transparency()
        for number in range(200):
            if random.random() < 0.7:
                found.add(number, random.bytes(SIDE**2))
        return found.warn(np.sort(random.integers(0, classes, 200) * random.integers(0, 2, 200))) is not None

    assert sum(map(warned, range(100))) <= 1


def test_a_sketch_takes_little_and_an_opaque_image_nothing():
    image = np.zeros((30, 20, 4), np.uint8)
    image[:15, :, 3] = 255
    assert np.array_equal(np.frombuffer(sketch(image) or b"", np.uint8).reshape(SIDE, SIDE)[[0, -1]], [[255] * 8, [0] * 8])
    assert sketch(image[:, :, :3]) is None and sketch(image[:, :, :1]) is None
