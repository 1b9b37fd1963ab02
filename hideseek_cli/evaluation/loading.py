"""What is trained on and tested: a folder that holds to its manifest, and clean test images of the same classes."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from hideseek_cli.errors import InputError, count, raise_for
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.images.codec import Pixels, decode, drop_alpha, fit, read_shape
from hideseek_cli.images.dataset import ImageDataset, map_images, scan
from hideseek_cli.images.index import ImageRecord
from hideseek_cli.images.layout import Layout, find_layout
from hideseek_cli.images.reading import tell_reading
from hideseek_cli.images.stored import read_listed
from hideseek_cli.masks.image_stack import ImageStack, choose_training_size, load_labelled
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.progress import Progress, Silent
from hideseek_cli.training.tensors import TensorDataset, make_dataset


@dataclass(frozen=True, kw_only=True)
class EvaluationData:
    """Images on the device, in the folder's order."""

    folder: ImageDataset
    dataset: TensorDataset
    test: TensorDataset
    tested: ImageDataset
    """The folder of ``test``."""
    promise: Manifest | None
    stack: ImageStack
    size: int | None
    """Side to which images were brought; None where they have one size and are as they lie in their files."""

    def choose_recipe(self, given: Recipe | None, fallback: Recipe | None = None) -> Recipe:
        """How networks are trained on the folder: as was asked for, or else as its manifest says, or else by ``fallback``.

        A recipe that was given is fitted to the number of images, as that of a manifest is.
        """
        if given is None and self.promise is not None:
            return self.promise.recipe
        chosen = given or fallback
        assert chosen is not None, "without a manifest there is a fallback"
        return chosen.for_images(len(self.dataset))


def load_evaluation(
    folder: Path,
    test: Path,
    executor: Executor,
    progress: Progress,
    device: torch.device,
    size: int | None,
    *,
    same: bool = False,
    split: str = "auto",
) -> EvaluationData:
    """Read both parts, say what is read and how many images are in both, unless they are meant to be the ``same``. Raises
    InputError where the images are not those that the manifest lists, or do not fit. ``split``: as of ``images.layout``."""
    promise = manifests.read(folder) if manifests.exists(folder) else None
    listed = promise.digests if promise else {}
    hears = Silent() if same else progress
    layout = Layout.whole(folder, manifests.BESIDE) if promise else find_layout(folder, split, hears)
    part = scan(layout.train, passed_over=layout.passed_over)
    tell_reading(part, layout, {"train": "trained on"}, hears)
    seen = {record.key for record in part.records}
    if promise is not None and seen != listed.keys():
        raise InputError(
            f"{folder} has {count(len(seen), 'image')}, and {len(seen & listed.keys())} of them in its manifest of "
            f"{len(listed)}; download it again"
        )
    size = size or (promise.size if promise else choose_training_size(_shapes(part, executor, progress)))

    def take(record: ImageRecord) -> tuple[Pixels, bool]:
        if promise is None:
            image, same = decode(record.path), True
        else:
            found = read_listed(record.path, listed[record.key], promise.output_format.encoding)
            image, same = found.pixels, found.digest == listed[record.key]
        return (drop_alpha(image) if size is None else fit(image, size)), same

    read = map_images(part, take, executor, progress)
    changed = [str(record.path) for record, (_, same) in zip(part.records, read, strict=True) if not same]
    raise_for(changed, f"images are not those that the manifest of {folder} lists; get them again")
    stack = ImageStack.of(part, [image for image, _ in read])
    shown, tests = stack.clean(), _scan_tests(test, split, hears, same=same)
    images, labels = load_labelled(tests, part.classes, stack, executor, progress, size)
    learnt = 0 if same else _count_learnt(part, shown, tests, images, promise.epsilon if promise else 0)
    if learnt:
        progress.say(
            f"{learnt} of the {count(len(images), 'image')} of {test} {'is' if learnt == 1 else 'are'} trained on, "
            f"in {folder}: networks may know them by heart; give others as `test`"
        )
    classes = len(part.classes)
    return EvaluationData(
        folder=part, dataset=make_dataset(shown, part.labels, classes, device),
        test=make_dataset(images, labels, classes, device), tested=tests, promise=promise, stack=stack, size=size,
    )  # fmt: skip


def _count_learnt(
    folder: ImageDataset,
    shown: UInt8[np.ndarray, "n h w c"],
    tests: ImageDataset,
    images: UInt8[np.ndarray, "m h w c"],
    bound: int,
) -> int:
    """How many test images are images of the folder, by their names and by pixels within the bound of masks."""
    tested = {record.key: number for number, record in enumerate(tests.records)}
    pairs = ((image, tested.get(record.key)) for image, record in zip(shown, folder.records, strict=True))
    return sum(
        number is not None and bool((np.abs(image.astype(np.int16) - images[number]) <= bound).all()) for image, number in pairs
    )


def digest_parts(*parts: TensorDataset | None) -> list[str | None]:
    """The digest of each, None of what was not given."""
    return [part.digest() if part is not None else None for part in parts]


def _shapes(part: ImageDataset, executor: Executor, progress: Progress) -> Int64[np.ndarray, "n 2"]:
    return np.array(map_images(part, lambda record: read_shape(record.path), executor, progress), np.int64)


def _scan_tests(root: Path, split: str, progress: Progress, *, same: bool) -> ImageDataset:
    """The test images: those of the test part, or all of a folder without parts; the training part if that is the ``same``."""
    layout = find_layout(root, split, progress)
    if not same and not layout.is_whole and "test" not in layout.parts:
        raise InputError(f"{root} has a training part but no test part; give a folder of one folder a class as `test`")
    place = layout.train if same or layout.is_whole else layout.parts["test"]
    found = scan(place, passed_over=layout.passed_over)
    tell_reading(found, layout, {"test": "tested on"}, progress)
    return found
