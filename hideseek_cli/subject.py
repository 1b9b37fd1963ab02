"""What is trained on and tested: a folder that holds to its manifest, and clean test pictures of the same classes."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import torch

from hideseek_cli import manifest as manifests
from hideseek_cli.core.data import Pictures
from hideseek_cli.core.evaluator import pictures
from hideseek_cli.errors import InputError
from hideseek_cli.folder import Folder, pixels, refuse, scan, splits
from hideseek_cli.manifest import Manifest, pixel_digest
from hideseek_cli.material import labelled
from hideseek_cli.progress import Progress
from hideseek_cli.stack import Stack


@dataclass(frozen=True, kw_only=True)
class Subject:
    """Pictures on the device, in the folder's order."""

    folder: Folder
    pictures: Pictures
    test: Pictures
    promise: Manifest | None
    stack: Stack


def load(folder: Path, test: Path, executor: Executor, progress: Progress, device: torch.device, size: int | None) -> Subject:
    """Read both parts. Raises InputError where the pictures are not those that the manifest lists, or do not fit."""
    promise = manifests.read(folder) if manifests.exists(folder) else None
    part = scan(folder if promise else splits(folder)["train"])
    seen = {entry.key for entry in part.entries}
    if promise is not None and seen != set(promise.digests):
        raise InputError(
            f"{folder} has {len(seen)} pictures, of which {len(seen & set(promise.digests))} are in its manifest of "
            f"{len(promise.digests)}; download it again"
        )
    read = pixels(part, executor, progress, None if promise else size)
    if promise is not None:
        size = size or promise.size
        changed = [
            str(entry.path)
            for entry, picture in zip(part.entries, read, strict=True)
            if pixel_digest(picture) != promise.digests[entry.key]
        ]
        refuse(changed, f"pictures are not those that the manifest of {folder} lists; get them again")
    stack = Stack.of(part, read)
    images, labels = labelled(scan(_test_part(test)), part.classes, stack, executor, progress, size)
    classes = len(part.classes)
    return Subject(
        folder=part, pictures=pictures(stack.clean(), part.labels, classes, device),
        test=pictures(images, labels, classes, device), promise=promise, stack=stack,
    )  # fmt: skip


def _test_part(root: Path) -> Path:
    """The folder of test pictures: that of a split folder, or ROOT itself."""
    parts = splits(root)
    if "test" not in parts and parts["train"] != root:
        raise InputError(f"{root} has a training part but no test part; give --test a folder of one folder a class")
    return parts.get("test", root)
