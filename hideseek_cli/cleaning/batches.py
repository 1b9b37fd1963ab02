"""Clean published images: D_k = D_kmax + c_k (Equation 6) where the cleaner touches them, with what clipping lost put back.

Every image is checked against the release first. Small ones of one shape are worked on together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import Int8

from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import NONE, Cleaner
from hideseek_cli.images.codec import Notes, Pixels, Source, attach_alpha, decode, digest_pixels, drop_alpha, read_image
from hideseek_cli.images.index import Key
from hideseek_cli.images.output_format import OutputFormat, Put
from hideseek_cli.masks.arithmetic import place_on, restore

TOGETHER, SMALL = 16, 2**18
"""Images of one call at most, and values that each of them has at most where several are worked on at once."""
CALLS = 64
"""So many under way at once, and at least as many in all where there are as many images: for workers enough to do, and what
images that wait for their turn need in memory is much the same for any number of them."""
VALUES = 2**16
"""Values that are put back in one call, unless its last image has more."""
LEFT = "what an interrupted run left is damaged; start again without `resume`"


@dataclass(frozen=True)
class Job:
    """One image to clean."""

    number: int
    key: Key
    digest: str
    """Of the published image."""
    source: Source
    cleaned: Source | None
    """What an interrupted run made of it."""


Work = tuple[Job, Int8[np.ndarray, " _"]]
"""An image, and what is to be put back into it."""
Done = tuple[Key, str, Any]
"""Class and name, the digest of the cleaned pixels, and what is left of the file to be finished."""


@dataclass(frozen=True)
class _Read:
    """One image as it was published."""

    job: Job
    lost: Int8[np.ndarray, " _"]
    image: Pixels
    notes: Notes


def batch_work(work: Iterable[Work], total: int) -> Iterator[list[Work]]:
    """What is done in one call each, of so many images."""
    most = max(1, min(TOGETHER, total // CALLS))
    some: list[Work] = []
    values = 0
    for one in work:
        some.append(one)
        values += len(one[1])
        if len(some) == most or values > VALUES:
            yield some
            some, values = [], 0
    if some:
        yield some


def clean_batch(cleaner: Cleaner, form: OutputFormat, put: Put, some: Sequence[Work]) -> list[Done | str]:
    """Clean and write some images; in place of one that is no longer what was published, says so.

    Raises InputError where the cleaner is damaged, or what an interrupted run left.
    """
    found: list[Done | str] = []
    for _, alike in groupby((_examine(cleaner, form, *work) for work in some), _choose_batch):
        waiting: list[_Read] = []
        for one in alike:
            if isinstance(one, _Read):
                waiting.append(one)
            else:
                found.append(one)
        for one, image in zip(waiting, _apply_cleaner(cleaner, waiting), strict=True):
            found.append((one.job.key, digest_pixels(image), put(one.job.key, image, one.notes)))
    return found


def _examine(cleaner: Cleaner, form: OutputFormat, job: Job, lost: Int8[np.ndarray, " _"]) -> _Read | Done | str:
    """An image that can be cleaned, or is, or what is wrong with it."""
    if job.cleaned is not None:
        try:
            return job.key, digest_pixels(decode(job.cleaned, encoding=form.encoding)), None
        except InputError as error:
            raise InputError(LEFT) from error
    try:
        image, notes = read_image(job.source, form.encoding, exif=form.exif)
    except InputError as error:
        return str(error)
    if digest_pixels(image) != job.digest:
        return f"{job.source} is not as it was published"
    channels = drop_alpha(image).shape[2]
    if cleaner.which[job.number] != NONE and channels not in cleaner.patterns:
        return f"{job.source} has {channels} channels, and the cleaner has no pattern for so many"
    return _Read(job, lost, image, notes)


def _choose_batch(one: _Read | Done | str) -> Hashable:
    """Alike for small images of one shape, and for what is finished."""
    if not isinstance(one, _Read):
        return None
    return one.image.shape, None if one.image.size <= SMALL else one.job.number


def _apply_cleaner(cleaner: Cleaner, some: Sequence[_Read]) -> list[Pixels]:
    """Images of one shape on the bought level."""
    numbers = np.array([one.job.number for one in some], np.int64)
    found = [one.image for one in some]
    where = np.flatnonzero(cleaner.which[numbers] != NONE).tolist()
    if where:
        published = np.stack([found[at] for at in where])
        colours, own = drop_alpha(published), numbers[where]
        shifts = None if cleaner.shifts is None else cleaner.shifts[own]
        mask = place_on(published if cleaner.sparing else colours, cleaner.patterns, cleaner.which[own], shifts)
        restored = restore(colours, mask, np.concatenate([some[at].lost for at in where]))
        for at, image in zip(where, attach_alpha(restored, published), strict=True):
            found[at] = image
    return found
