"""What is trained on and tested: a folder that holds to its manifest, and clean test pictures of the same classes."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from hideseek_cli import manifest as manifests
from hideseek_cli.complaints import refuse
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.entry import Entry
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, each, scan, splits
from hideseek_cli.intake import training_size
from hideseek_cli.manifest import Manifest, pixel_digest
from hideseek_cli.picture import Picture, decode, fitted, shape, visible
from hideseek_cli.progress import Progress
from hideseek_cli.stack import Stack, labelled


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Pictures on the device, in the folder's order."""

    folder: Folder
    pictures: Pictures
    test: Pictures
    promise: Manifest | None
    stack: Stack
    size: int | None
    """Side to which pictures were brought; None where they have one size and are as they lie in their files."""


def load(folder: Path, test: Path, executor: Executor, progress: Progress, device: torch.device, size: int | None) -> Subject:
    """Read both parts, and say how many pictures are in both. Raises InputError where the pictures are not those that the
    manifest lists, or do not fit."""
    promise = manifests.read(folder) if manifests.exists(folder) else None
    listed = promise.digests if promise else {}
    part = scan(folder if promise else splits(folder)["train"])
    seen = {entry.key for entry in part.entries}
    if promise is not None and seen != listed.keys():
        raise InputError(
            f"{folder} has {len(seen)} pictures, of which {len(seen & listed.keys())} are in its manifest of "
            f"{len(listed)}; download it again"
        )
    size = size or (promise.size if promise else training_size(_shapes(part, executor, progress)))

    def take(entry: Entry) -> tuple[Picture, bool]:
        picture = decode(entry.path)
        same = promise is None or pixel_digest(picture) == listed[entry.key]
        return (visible(picture) if size is None else fitted(picture, size)), same

    read = each(part, take, executor, progress)
    changed = [str(entry.path) for entry, (_, same) in zip(part.entries, read, strict=True) if not same]
    refuse(changed, f"pictures are not those that the manifest of {folder} lists; get them again")
    stack = Stack.of(part, [picture for picture, _ in read])
    shown, tests = stack.clean(), scan(_test_part(test))
    images, labels = labelled(tests, part.classes, stack, executor, progress, size)
    learnt = _learnt(part, shown, tests, images, promise.epsilon if promise else 0)
    if learnt:
        progress.say(
            f"{learnt} of the {len(images)} pictures of {test} are trained on, in {folder}: networks may know them by heart; "
            "give --test others"
        )
    classes = len(part.classes)
    return Subject(
        folder=part, pictures=pictures(shown, part.labels, classes, device),
        test=pictures(images, labels, classes, device), promise=promise, stack=stack, size=size,
    )  # fmt: skip


def _learnt(
    folder: Folder, shown: UInt8[np.ndarray, "n h w c"], tests: Folder, images: UInt8[np.ndarray, "m h w c"], bound: int
) -> int:
    """How many test pictures are pictures of the folder, by their names and by pixels within the bound of masks."""
    tested = {entry.key: number for number, entry in enumerate(tests.entries)}
    pairs = ((image, tested.get(entry.key)) for image, entry in zip(shown, folder.entries, strict=True))
    return sum(
        number is not None and bool((np.abs(image.astype(np.int16) - images[number]) <= bound).all()) for image, number in pairs
    )


def digests(*parts: Pictures | None) -> list[str | None]:
    """The digest of each, None of what was not given."""
    return [part.digest() if part is not None else None for part in parts]


def _shapes(part: Folder, executor: Executor, progress: Progress) -> Int64[np.ndarray, "n 2"]:
    return np.array(each(part, lambda entry: shape(entry.path), executor, progress), np.int64)


def _test_part(root: Path) -> Path:
    """The folder of test pictures: that of a split folder, or ROOT itself."""
    parts = splits(root)
    if "test" not in parts and parts["train"] != root:
        raise InputError(f"{root} has a training part but no test part; give --test a folder of one folder a class")
    return parts.get("test", root)
