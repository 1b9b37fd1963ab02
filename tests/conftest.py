"""Small labelled folders, made on the spot; larger real ones where HIDESEEK_DATA names a folder that holds them."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from PIL import Image

from hideseek_cli.runtime.progress import Silent

MakeFolder = Callable[..., Path]


torch.set_num_threads(1)
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


class Listener(Silent):
    """Keeps what it is told, and interrupts when it has been told so much."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.told = most, list[str]()

    def say(self, line: str) -> None:
        self.told.append(line)
        if len(self.told) == self.most:
            raise KeyboardInterrupt


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the cache of whoever runs it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def executor() -> Executor:
    return ThreadPoolExecutor(2)


def draw(label: int, number: int, side: int, channels: int) -> np.ndarray:
    """A noisy image with a bright bar where its class has it, and with black and white areas that clip."""
    random = np.random.default_rng([label, number])
    image = random.integers(60, 200, (side, side, channels))
    row = (2 + 4 * label) % (side - 4)
    image[row : row + 3] = 235
    image[:, : side // 8] = 0
    image[:, -side // 8 :] = 255
    return image.astype(np.uint8)


def write_images(
    root: Path, classes: int, each: int, side: int = 16, mode: str = "RGB", suffix: str = ".png", first: int = 0
) -> Path:
    """``first``: number of the first image of each class; images of one class and number are the same."""
    for label in range(classes):
        place = root / f"class{label}"
        place.mkdir(parents=True, exist_ok=True)
        for number in range(first, first + each):
            channels = 1 if mode == "L" or (mode == "mixed" and number % 3 == 0) else 3
            image = draw(label, number, side, channels)
            Image.fromarray(image[:, :, 0] if channels == 1 else image).save(place / f"{number:03}{suffix}")
    return root


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    def make(name: str = "data", **options: object) -> Path:
        settings = {"classes": 3, "each": 12, **options}
        return write_images(tmp_path / name, **settings)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def real_data() -> Path:
    place = Path(os.environ.get("HIDESEEK_DATA", ""))
    if not os.environ.get("HIDESEEK_DATA") or not place.is_dir():
        pytest.skip("needs real images: set HIDESEEK_DATA to the folder of cifar10-*.tar.xz and trashnet-photos.tar")
    return place


@pytest.fixture(scope="session")
def cifar(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 training images of CIFAR-10."""
    return _unpack(real_data / "cifar10-train-1.tar.xz", "cifar10/train/", 100, tmp_path_factory.mktemp("cifar"))


@pytest.fixture(scope="session")
def trashnet(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photographs of trashnet, JPEG, 384x512."""
    return _unpack(real_data / "trashnet-photos.tar", "trashnet/train/", 4, tmp_path_factory.mktemp("trashnet"))


def _unpack(archive: Path, prefix: str, each: int, out: Path) -> Path:
    taken: dict[str, int] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            if not (member.isfile() and member.name.startswith(prefix)):
                continue
            label = member.name.removeprefix(prefix).split("/")[0]
            taken[label] = taken.get(label, 0) + 1
            content = tar.extractfile(member)
            if taken[label] <= each and content is not None:
                (out / member.name).parent.mkdir(parents=True, exist_ok=True)
                (out / member.name).write_bytes(content.read())
    return out / prefix
