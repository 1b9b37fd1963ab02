"""What ``hide`` would do with a folder; reads everything and writes nothing."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from hideseek_cli.images.reading import Reading
from hideseek_cli.masks.canvas import Laid
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.preparation import prepare, read_source
from hideseek_cli.publishing.retraining import describe_duration, estimate_duration
from hideseek_cli.publishing.source import SourceDataset
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.tables import format_table
from hideseek_cli.training.tensors import make_dataset

SAMPLED = 8
"""Images that are encoded to tell how large the published folder will be."""

SHOWN = 50
"""Classes, and files that are passed over, that a table for people lists."""


@dataclass(frozen=True, kw_only=True)
class HidePlan:
    """What ``hide`` would do."""

    config: HideConfig
    reading: Reading
    """Classes and their images, parts, and what was passed over."""
    train_images: int
    chance: float
    """Accuracy in percent of always naming the largest class."""
    size: int | None
    """Side to which images are brought for training, in pixels; None where they are trained on as they are."""
    recipe: Recipe
    retrainings: int
    """At most."""
    seconds: tuple[float, float]
    """About how long it takes, at least and at most."""
    bytes_now: int
    bytes_about: int
    """What the published folder takes on the disk, from a few images that were encoded."""

    complete: ClassVar[bool] = True
    """Nothing is missing of what was asked for: a plan promises no level."""

    @property
    def images(self) -> int:
        return sum(self.reading.classes.values())

    def to_json(self) -> dict[str, Any]:
        read = self.reading
        return {
            "images": self.images, "train_images": self.train_images, "classes": len(read.classes),
            "class_sizes": read.classes, "parts": read.parts,
            "passed_over": [{"path": path, "why": why} for path, why in read.passed_over.pairs()],
            "passed_over_counts": read.passed_over.counts, "chance": self.chance,
            "recipe": self.recipe.to_json(), "retrainings_at_most": self.retrainings, "seconds_least": round(self.seconds[0]),
            "seconds_about": round(self.seconds[1]), "size": self.size, "bytes_now": self.bytes_now,
            "bytes_about": self.bytes_about, "bargains": self.config.bargains(), "published": str(self.config.out),
            "masks": str(self.config.masks), "sheet": str(self.config.sheet),
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A table for people: what, and what of it."""
        levels = ", ".join(f"{level:g}" for level in self.config.levels) or "none; the clean images alone are sold"
        square = f", seen as {self.size}x{self.size}" if self.size else ""
        classes, besides = self.reading.classes, self.reading.passed_over
        pairs = [
            ("images", f"{self.images} in {len(classes)} classes"),
            *_some([(f"  class {name}", str(count)) for name, count in classes.items()], len(classes), "  more classes"),
            *self.reading.parts.items(),
            *_some([(f"passed over: {path}", why) for path, why in besides.pairs()], besides.total, "passed over besides"),
            ("levels", levels),
            ("chance", f"{self.chance:.1f} %, the largest class"),
            ("training", f"recipe {self.recipe.name}, {self.recipe.arch}, on {self.train_images} images{square}"),
            ("time", f"at most {self.retrainings} retrainings, {describe_duration(*self.seconds)}"),
            ("on the disk", f"{_megabytes(self.bytes_now)} now, about {_megabytes(self.bytes_about)} published"),
            ("would write", f"{self.config.out} (to publish) and {self.config.masks} and {self.config.sheet} (secret)"),
        ]
        return [{"item": item, "what becomes of it": value} for item, value in pairs]

    def remarks(self) -> list[str]:
        return self.config.remarks()

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), *self.remarks()])


def plan(config: HideConfig, device: torch.device, executor: Executor, progress: Progress) -> HidePlan:
    """What ``hide`` would do, about how long it takes and how much disk. Raises InputError as ``hide`` does."""
    prepare(config)
    config, source = read_source(config, executor, progress)
    recipe, classes = config.recipe.for_images(len(source)), len(source.folder.classes)
    dataset = make_dataset(source.stack.clean(), source.labels, classes, device)
    return HidePlan(
        config=config, reading=source.reading, train_images=len(source.stack), chance=source.folder.chance(),
        size=source.size, recipe=recipe, retrainings=config.budget.most,
        seconds=estimate_duration(config, dataset, recipe, executor),
        bytes_now=sum(_length(record.path) for record in source.folder.records), bytes_about=_published_bytes(source, config),
    )  # fmt: skip


def _some(pairs: list[tuple[str, str]], total: int, rest: str) -> list[tuple[str, str]]:
    """The first SHOWN, and how many there are besides in all."""
    shown = pairs[:SHOWN]
    return shown if len(shown) == total else [*shown, (rest, str(total - len(shown)))]


def _length(path: Any) -> int:
    """Bytes of a file, or of a span of a tar."""
    return int(path.length) if hasattr(path, "length") else Path(path).stat().st_size


def _published_bytes(source: SourceDataset, config: HideConfig) -> int:
    """About what all images take, from a few of them with noise in place of masks."""
    random, reach, written, values = np.random.default_rng(0), (config.epsilon + 1) // 2, 0, 0
    for number in np.linspace(0, len(source) - 1, min(SAMPLED, len(source))).astype(int).tolist():
        own = source.read_originals([number])
        channels = own.images[0].channels
        noise = random.integers(-reach, reach + 1, (1, *source.stack.shape, channels)).astype(np.int8)
        (masked,) = own.mask(Laid({channels: noise}, np.zeros(1, np.int64), None), config.epsilon).images
        written += len(masked.encode(config.output_format.encoding))
        values += own.pixels.size
    return round(written / values * int(source.shapes.astype(np.int64).prod(1).sum()))


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
