"""Clean published images: D_k = D_kmax + c_k (Equation 6) where the cleaner touches them, with what clipping lost put back.

Every image is checked against the release first. Small ones of one shape are worked on together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import Any

import numpy as np
from jaxtyping import Int8

from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import NONE, Cleaner
from hideseek_cli.images.codec import Source
from hideseek_cli.images.index import Key
from hideseek_cli.images.output_format import OutputFormat, Put
from hideseek_cli.images.stored import Stored, read_listed
from hideseek_cli.masks.canvas import Laid, make_canvas

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
"""Class and name, the digest of the cleaned image, and what is left of the file to be finished."""


@dataclass(frozen=True)
class _Read:
    """One image as it was published."""

    job: Job
    lost: Int8[np.ndarray, " _"]
    image: Stored


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
            found.append((one.job.key, image.digest, put(one.job.key, image)))
    return found


def _examine(cleaner: Cleaner, form: OutputFormat, job: Job, lost: Int8[np.ndarray, " _"]) -> _Read | Done | str:
    """An image that can be cleaned, or is, or what is wrong with it."""
    if job.cleaned is not None:
        try:
            return job.key, read_listed(job.cleaned, job.digest, form.encoding).digest, None
        except InputError as error:
            raise InputError(LEFT) from error
    try:
        image = read_listed(job.source, job.digest, form.encoding, exif=form.exif)
    except InputError as error:
        return str(error)
    if image.digest != job.digest:
        return f"{job.source} is not as it was published"
    if cleaner.which[job.number] != NONE and image.channels not in cleaner.patterns:
        return f"{job.source} has {image.channels} channels, and the cleaner has no pattern for so many"
    return _Read(job, lost, image)


def _choose_batch(one: _Read | Done | str) -> Hashable:
    """Alike for small images of one shape and kind, and for what is finished."""
    if not isinstance(one, _Read):
        return None
    shape = one.image.shape
    return type(one.image), shape, None if prod(shape) <= SMALL else one.job.number


def _apply_cleaner(cleaner: Cleaner, some: Sequence[_Read]) -> list[Stored]:
    """Images of one shape and kind on the bought level."""
    numbers = np.array([one.job.number for one in some], np.int64)
    found = [one.image for one in some]
    where = np.flatnonzero(cleaner.which[numbers] != NONE).tolist()
    if where:
        own = numbers[where]
        laid = Laid(cleaner.patterns, cleaner.which[own], None if cleaner.shifts is None else cleaner.shifts[own])
        published = make_canvas([found[at] for at in where])
        cleaned = published.clean(laid, [some[at].lost for at in where], sparing=cleaner.sparing)
        for at, image in zip(where, cleaned.images, strict=True):
            found[at] = image
    return found
