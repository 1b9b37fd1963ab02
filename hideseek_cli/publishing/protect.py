"""Protect images that nobody need have labelled, by a generator that was trained on others: one forward pass each.

ConfounderGAN calls it out-of-distribution encryption. There is no cleaner and no level: the originals stay with their owner.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8

from hideseek_cli.errors import UNUSABLE, InputError, raise_for_all
from hideseek_cli.formats.generator import Generator
from hideseek_cli.images.codec import Pixels, attach_alpha, drop_alpha, fit, read_image
from hideseek_cli.images.dataset import scan_unlabelled
from hideseek_cli.images.encoding import encode, why_unfit
from hideseek_cli.images.folder_comparison import Comparison, summarise
from hideseek_cli.images.index import ImageIndex, ImageRecord
from hideseek_cli.images.notes import Notes
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.passed_over import PassedOver
from hideseek_cli.images.portable import find_unportable
from hideseek_cli.images.similarity import Similarity, compare_batch
from hideseek_cli.masks import keys
from hideseek_cli.masks.arithmetic import apply, place_on, quantise
from hideseek_cli.methods import Noise, restore_noise
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map
from hideseek_cli.runtime.lock import hold
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.runtime.progress import Progress
from hideseek_cli.runtime.tables import format_table

TOGETHER = 32
"""Images that the network sees at once."""
UNDER_WAY = 16
"""Times so many that are under way at once."""
MEASURED = 500
"""Images whose similarity is measured, evenly spread."""


@dataclass(frozen=True, kw_only=True)
class ProtectResult:
    """What ``protect`` wrote."""

    published: Path
    images: int
    similarity: Comparison
    """Of about MEASURED images."""
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """MSE and SSIM of images scaled to 0..1, ``linf`` in grey levels."""
        like = self.similarity
        return {"published": str(self.published), "images": self.images, "mse": like.mse, "ssim": like.ssim,
                "linf": like.linf, "seconds": round(self.seconds, 1)}  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A single one."""
        like = self.similarity
        return [{"published": str(self.published), "images": str(self.images), "MSE": f"{like.mse:.2e}",
                 "SSIM": f"{like.ssim:.4f}", "Linf": str(like.linf)}]  # fmt: skip

    def remarks(self) -> list[str]:
        """Where it lies, and how quickly it was made."""
        return [f"wrote {self.published} (to publish), {self.images / max(self.seconds, 0.1):.0f} images a second"]

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])


@dataclass(frozen=True)
class _Read:
    """One image as it lies in its file, and as the network sees it."""

    record: ImageRecord
    image: Pixels
    notes: Notes
    seen: UInt8[np.ndarray, "a b k"]


@dataclass(frozen=True)
class _Work:
    """Reads, protects and writes images, some at a time."""

    generator: Generator
    noise: Noise
    output_format: OutputFormat
    stage: StagedFolder

    @cached_property
    def key(self) -> bytes:
        """From which thresholds are derived: as secret as the weights."""
        return hashlib.sha256(b"".join(weight.tobytes() for _, weight in sorted(self.generator.weights.items()))).digest()

    def read(self, record: ImageRecord) -> _Read | InputError:
        try:
            image, notes = read_image(record.path, exif=self.output_format.exif)
            if why := why_unfit(image.shape, notes, self.output_format.encoding):
                return InputError(f"{record.path} {why}")
            return _Read(record, image, notes, self._seen(image, record))
        except InputError as error:
            return error

    def _seen(self, image: Pixels, record: ImageRecord) -> UInt8[np.ndarray, "a b k"]:
        """Raises InputError where the network does not see such images."""
        (height, width), channels = self.generator.size, self.noise.channels
        colours = drop_alpha(image)
        if colours.shape[2] > channels:
            raise InputError(f"{record.path} is in colour, and the generator was trained on grey images")
        if colours.shape[:2] != (height, width):
            if height != width:
                own = f"{image.shape[1]}x{image.shape[0]}"
                raise InputError(f"{record.path} is {own}, and the generator was trained on images of {width}x{height}")
            colours = fit(image, height)
        return np.repeat(colours, channels // colours.shape[2], axis=2)

    def write(self, one: _Read, noise: Float[np.ndarray, "a b k"]) -> Pixels:
        """The image at its own size, a grey one with the mean of the noise over its channels, and none of it where the image is
        wholly transparent; returns what was written."""
        colours = drop_alpha(one.image)[None]
        own = noise if colours.shape[3] == noise.shape[2] else noise.mean(2, keepdims=True)
        thresholds = keys.draw_thresholds(keys.derive_subkey(self.key, one.record.name), own.shape)
        mask = quantise(own[None], self.generator.strength, thresholds[None], self.generator.epsilon)
        masked = apply(colours, place_on(one.image[None], {colours.shape[3]: mask}, np.zeros(1, np.int64), None))
        found = attach_alpha(masked, one.image[None])[0]
        self.stage.write(
            f"{one.record.name}.{self.output_format.encoding}", encode(found, one.notes, self.output_format.encoding)
        )
        return found

    def protect(
        self, records: ImageIndex, every: int, numbers: Sequence[int]
    ) -> list[tuple[str, Similarity | None] | InputError]:
        """Name and similarity of each of those images, the similarity of every so many-th, or why it cannot be used."""
        read = [self.read(records[number]) for number in numbers]
        fit = [one for one in read if isinstance(one, _Read)]
        noises = iter(self.noise.of(np.stack([one.seen for one in fit])) if fit else ())
        found: list[tuple[str, Similarity | None] | InputError] = []
        for number, one in zip(numbers, read, strict=True):
            if isinstance(one, InputError):
                found.append(one)
                continue
            masked, alike = self.write(one, next(noises)), None
            if number % every == 0:
                alike = compare_batch(drop_alpha(one.image)[None], drop_alpha(masked)[None])[0]
            found.append((one.record.name, alike))
        return found


def protect(
    folder: Path, generator: Generator, out: Path, device: torch.device, executor: Executor, progress: Progress, *,
    output_format: OutputFormat,
) -> ProtectResult:  # fmt: skip
    """Write all images below ``folder`` to ``out`` with noise, under their names. The same generator gives the same bytes.

    Raises InputError, and writes nothing, where one of them cannot be used, or ``out`` holds anything: by their names
    alone what was protected cannot be told from originals.
    """
    begun = time.monotonic()
    refuse_inside(out, folder)
    with hold(out) as alone:
        stage = StagedFolder(out, ours=None, alone=alone)
        stage.rehearse()
        passed_over = PassedOver(folder)
        records = scan_unlabelled(folder, passed_over)
        for line in passed_over.describe():
            progress.say(line)
        raise_for_all(find_unportable(records.keys(), output_format.suffixes))
        work = _Work(generator, restore_noise(generator, device), output_format, stage)
        alike = _write_all(records, work, executor, progress)
    return ProtectResult(published=out, images=len(records), similarity=summarise(alike), seconds=time.monotonic() - begun)


def _write_all(records: ImageIndex, work: _Work, executor: Executor, progress: Progress) -> list[tuple[str, Similarity]]:
    """Fill the folder; returns how like the originals some images are."""
    every = max(1, len(records) // MEASURED)
    alike: list[tuple[str, Similarity]] = []
    wrong: list[str] = []
    parts = (range(len(records))[first : first + TOGETHER] for first in range(0, len(records), TOGETHER))
    with work.stage:
        results = chain.from_iterable(ordered_map(executor, partial(work.protect, records, every), parts, at_once=UNDER_WAY))
        for done, one in enumerate(results, 1):
            progress.step("protecting", done, len(records))
            if isinstance(one, InputError):
                wrong.append(str(one))
            elif one[1] is not None:
                alike.append((one[0], one[1]))
        raise_for_all({UNUSABLE: wrong})
    return alike
