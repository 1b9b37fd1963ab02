"""Small labelled folders, made on the spot; larger real ones where HIDESEEK_DATA names a folder that holds them."""

from __future__ import annotations

import os
import tarfile
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

from hideseek_cli.images import visibility
from tests.helpers.folders import MakeFolder, write_images

if find_spec("torch"):  # a buyer's installation is tested without it
    import torch

    def pytest_runtest_setup() -> None:
        """One thread a test: a function of the library that ran in this process may have set more."""
        torch.set_num_threads(1)


settings.register_profile("shared machine", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=20)  # of `make check`
settings.load_profile("shared machine")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or writes the cache of whoever runs it."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session", autouse=True)
def few_are_judged() -> None:
    """FLIP takes a tenth of a second an image, and commands judge up to 128 of them; those of a process of its own do."""
    visibility.JUDGED = 4


@pytest.fixture(scope="session")
def executor() -> Executor:
    return ThreadPoolExecutor(2)


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
