"""Protect pictures that nobody need have labelled, by a generator that was trained on others: one forward pass each.

ConfounderGAN calls it out-of-distribution encryption. There is no cleaner and no level: the originals stay with their owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, UInt8

from hideseek_cli import keys
from hideseek_cli.complaints import PICTURES, refuse_all
from hideseek_cli.entry import Entries, Entry
from hideseek_cli.errors import InputError
from hideseek_cli.files import StagedFolder, refuse_inside
from hideseek_cli.folder import unlabelled
from hideseek_cli.form import Form
from hideseek_cli.generator import Generator
from hideseek_cli.mask import apply, place, quantise
from hideseek_cli.methods import Noise, restored
from hideseek_cli.metrics import Comparison, Likeness, likenesses, summary
from hideseek_cli.parallel import in_order
from hideseek_cli.picture import Notes, Picture, encode, fitted, read, unfit, veiled, visible
from hideseek_cli.progress import Progress

TOGETHER = 32
"""Pictures that the network sees at once."""
UNDER_WAY = 16
"""Times so many that are under way at once."""
MEASURED = 500
"""Pictures whose likeness is measured, evenly spread."""


@dataclass(frozen=True, kw_only=True)
class Protected:
    """What ``protect`` wrote."""

    images: int
    likeness: Comparison
    """Of about MEASURED pictures."""


@dataclass(frozen=True)
class _Read:
    """One picture as it lies in its file, and as the network sees it."""

    entry: Entry
    picture: Picture
    notes: Notes
    seen: UInt8[np.ndarray, "a b k"]


@dataclass(frozen=True)
class _Work:
    """Reads, protects and writes pictures, some at a time."""

    generator: Generator
    noise: Noise
    form: Form
    stage: StagedFolder

    @cached_property
    def key(self) -> bytes:
        """From which thresholds are derived: as secret as the weights."""
        return hashlib.sha256(b"".join(weight.tobytes() for _, weight in sorted(self.generator.weights.items()))).digest()

    def read(self, entry: Entry) -> _Read | InputError:
        try:
            picture, notes = read(entry.path, exif=self.form.exif)
            if why := unfit(picture.shape, self.form.encoding):
                return InputError(f"{entry.path} {why}")
            return _Read(entry, picture, notes, self._seen(picture, entry))
        except InputError as error:
            return error

    def _seen(self, picture: Picture, entry: Entry) -> UInt8[np.ndarray, "a b k"]:
        """Raises InputError where the network does not see such pictures."""
        (height, width), channels = self.generator.size, self.noise.channels
        colours = visible(picture)
        if colours.shape[2] > channels:
            raise InputError(f"{entry.path} is in colour, and the generator was trained on grey pictures")
        if colours.shape[:2] != (height, width):
            if height != width:
                own = f"{picture.shape[1]}x{picture.shape[0]}"
                raise InputError(f"{entry.path} is {own}, and the generator was trained on pictures of {width}x{height}")
            colours = fitted(picture, height)
        return np.repeat(colours, channels // colours.shape[2], axis=2)

    def write(self, one: _Read, noise: Float[np.ndarray, "a b k"]) -> Picture:
        """The picture at its own size, a grey one with the mean of the noise over its channels; returns what was written."""
        colours = visible(one.picture)[None]
        own = noise if colours.shape[3] == noise.shape[2] else noise.mean(2, keepdims=True)
        thresholds = keys.dither(keys.subkey(self.key, one.entry.name), own.shape)
        mask = quantise(own[None], self.generator.strength, thresholds[None], self.generator.epsilon)
        masked = apply(colours, place(mask, np.zeros(1, np.int64), None, colours.shape[1:3]))
        found = veiled(masked, one.picture[None])[0]
        self.stage.write(f"{one.entry.name}.{self.form.encoding}", encode(found, one.notes, self.form.encoding))
        return found

    def protect(self, entries: Entries, every: int, numbers: Sequence[int]) -> list[tuple[str, Likeness | None] | InputError]:
        """Name and likeness of each of those pictures, the likeness of every so many-th, or why it cannot be used."""
        read = [self.read(entries[number]) for number in numbers]
        fit = [one for one in read if isinstance(one, _Read)]
        noises = iter(self.noise.of(np.stack([one.seen for one in fit])) if fit else ())
        found: list[tuple[str, Likeness | None] | InputError] = []
        for number, one in zip(numbers, read, strict=True):
            if isinstance(one, InputError):
                found.append(one)
                continue
            masked, alike = self.write(one, next(noises)), None
            if number % every == 0:
                alike = likenesses(visible(one.picture)[None], visible(masked)[None])[0]
            found.append((one.entry.name, alike))
        return found


def protect(
    folder: Path, generator: Generator, out: Path, device: torch.device, executor: Executor, progress: Progress, *,
    form: Form,
) -> Protected:  # fmt: skip
    """Write all pictures below ``folder`` to ``out`` with noise, under their names. The same generator gives the same bytes.

    Raises InputError, and writes nothing, where one of them cannot be used, or ``out`` holds anything: by their names
    alone what was protected cannot be told from originals.
    """
    refuse_inside(out, folder)
    entries = unlabelled(folder)
    stage = StagedFolder(out, ours=None)
    work = _Work(generator, restored(generator, device), form, stage)
    every = max(1, len(entries) // MEASURED)
    alike: list[tuple[str, Likeness]] = []
    wrong: list[str] = []
    parts = (range(len(entries))[first : first + TOGETHER] for first in range(0, len(entries), TOGETHER))
    with stage:
        results = chain.from_iterable(in_order(executor, partial(work.protect, entries, every), parts, at_once=UNDER_WAY))
        for done, one in enumerate(results, 1):
            progress.step("protecting", done, len(entries))
            if isinstance(one, InputError):
                wrong.append(str(one))
            elif one[1] is not None:
                alike.append((one[0], one[1]))
        refuse_all({PICTURES: wrong})
    return Protected(images=len(entries), likeness=summary(alike))
