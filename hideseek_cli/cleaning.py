"""Clean published pictures: D_k = D_kmax + c_k (Equation 6) where the cleaner touches them, with what clipping lost put back.

Every picture is checked against the release first. Small ones of one shape are worked on together.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from jaxtyping import Int8

from hideseek_cli.bundle import NONE, Cleaner
from hideseek_cli.entry import Key
from hideseek_cli.errors import InputError
from hideseek_cli.form import Put
from hideseek_cli.manifest import pixel_digest
from hideseek_cli.mask import place, restore
from hideseek_cli.picture import Notes, Picture, Source, decode, read, veiled, visible

TOGETHER, SMALL = 16, 2**18
"""Pictures of one call at most, and values that each of them has at most where several are worked on at once."""
CALLS = 64
"""So many under way at once, and at least as many in all where there are as many pictures: for workers enough to do, and what
pictures that wait for their turn need in memory is much the same for any number of them."""
VALUES = 2**16
"""Values that are put back in one call, unless its last picture has more."""
LEFT = "what an interrupted run left is damaged; start again without --resume"


@dataclass(frozen=True)
class Job:
    """One picture to clean."""

    number: int
    key: Key
    digest: str
    """Of the published picture."""
    source: Source
    cleaned: Source | None
    """What an interrupted run made of it."""


Work = tuple[Job, Int8[np.ndarray, " _"]]
"""A picture, and what is to be put back into it."""
Done = tuple[Key, str, Any]
"""Class and name, the digest of the cleaned pixels, and what is left of the file to be finished."""


@dataclass(frozen=True)
class _Read:
    """One picture as it was published."""

    job: Job
    lost: Int8[np.ndarray, " _"]
    picture: Picture
    notes: Notes


def calls(work: Iterable[Work], total: int) -> Iterator[list[Work]]:
    """What is done in one call each, of so many pictures."""
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


def clean(cleaner: Cleaner, exif: bool, put: Put, some: Sequence[Work]) -> list[Done | str]:
    """Clean and write some pictures; in place of one that is no longer what was published, says so.

    Raises InputError where the cleaner is damaged, or what an interrupted run left.
    """
    found: list[Done | str] = []
    for _, alike in groupby((_examined(cleaner, exif, *work) for work in some), _kind):
        waiting: list[_Read] = []
        for one in alike:
            if isinstance(one, _Read):
                waiting.append(one)
            else:
                found.append(one)
        for one, picture in zip(waiting, _cleaned(cleaner, waiting), strict=True):
            found.append((one.job.key, pixel_digest(picture), put(one.job.key, picture, one.notes)))
    return found


def _examined(cleaner: Cleaner, exif: bool, job: Job, lost: Int8[np.ndarray, " _"]) -> _Read | Done | str:
    """A picture that can be cleaned, or is, or what is wrong with it."""
    if job.cleaned is not None:
        try:
            return job.key, pixel_digest(decode(job.cleaned)), None
        except InputError as error:
            raise InputError(LEFT) from error
    try:
        picture, notes = read(job.source, exif=exif)
    except InputError as error:
        return str(error)
    if pixel_digest(picture) != job.digest:
        return f"{job.source} is not as it was published"
    channels = visible(picture).shape[2]
    if cleaner.which[job.number] != NONE and channels not in cleaner.patterns:
        return f"{job.source} has {channels} channels, and the cleaner has no pattern for so many"
    return _Read(job, lost, picture, notes)


def _kind(one: _Read | Done | str) -> Hashable:
    """Alike for small pictures of one shape, and for what is finished."""
    if not isinstance(one, _Read):
        return None
    return one.picture.shape, None if one.picture.size <= SMALL else one.job.number


def _cleaned(cleaner: Cleaner, some: Sequence[_Read]) -> list[Picture]:
    """Pictures of one shape on the bought level."""
    numbers = np.array([one.job.number for one in some], np.int64)
    found = [one.picture for one in some]
    where = np.flatnonzero(cleaner.which[numbers] != NONE).tolist()
    if where:
        published = np.stack([found[at] for at in where])
        colours, own = visible(published), numbers[where]
        shifts = None if cleaner.shifts is None else cleaner.shifts[own]
        mask = place(cleaner.patterns[colours.shape[3]], cleaner.which[own], shifts, colours.shape[1:3])
        restored = restore(colours, mask, np.concatenate([some[at].lost for at in where]))
        for at, picture in zip(where, veiled(restored, published), strict=True):
            found[at] = picture
    return found
