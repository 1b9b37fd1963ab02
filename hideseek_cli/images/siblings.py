"""Siblings: images of which one tells what the others show. Copies are, near-identical images of a class, and what the owner
says belongs together.

Copies are found in all classes (``images.copies``), near-identical images in each (``images.twins``, ``images.sequences``).
What would hold more than LARGEST of a class is none of it: what is alike in most images of a class is the class.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from jaxtyping import Int64, UInt8

from hideseek_cli.errors import InputError
from hideseek_cli.images.copies import join
from hideseek_cli.images.index import Key
from hideseek_cli.images.sequences import find_neighbours
from hideseek_cli.images.twins import find_twins

AUTO, NONE, COLUMN = "auto", "none", "column:"
"""Ways to find groups beside a pattern of names: by looking, not at all, by a column of a table."""
LARGEST = 0.5


def check_groups(name: str, groups: str) -> None:
    """Raises InputError where it is none of AUTO, NONE, COLUMN with a title, and a regular expression with a group."""
    if groups in (AUTO, NONE) or groups.removeprefix(COLUMN) not in ("", groups):
        return
    if groups.startswith(COLUMN):
        raise InputError(f"`{name}` names no column: write it behind {COLUMN}, such as {COLUMN}track")
    try:
        pattern = re.compile(groups)
    except re.error as error:
        raise InputError(
            f"`{name}` {groups!r} is no regular expression ({error}); correct it, or give {AUTO} or {NONE}"
        ) from error
    if not pattern.groups:
        raise InputError(f"`{name}` {groups!r} has no group in brackets; put them around what siblings share, as in '^(\\d+)_'")


def find_siblings(
    copies: Int64[np.ndarray, " n"], thumbnails: UInt8[np.ndarray, "n t"], labels: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """By looking, the number of the first image of which each is a sibling, or a sibling of one; its own where there is none
    before it.

    ``copies``: the same of copies. ``thumbnails``: of ``twins.SIDE`` by ``twins.SIDE`` pixels.
    """
    pairs = [find_twins(thumbnails, labels), find_neighbours(thumbnails, labels)]
    return _drop_large(copies, join(copies, np.concatenate(pairs, axis=1)), labels)


def group_named(
    copies: Int64[np.ndarray, " n"], names: Iterable[str | None], labels: Int64[np.ndarray, " n"], classes: tuple[str, ...],
    what: str,
) -> Int64[np.ndarray, " n"]:  # fmt: skip
    """The same by names of groups, of each class its own; None: in no group. ``what`` names them: a pattern, or a column.

    Raises InputError where they name none, or all images of a class are of one group.
    """
    first, found = dict[tuple[int, str], int](), np.arange(len(copies))
    for number, (name, label) in enumerate(zip(names, labels.tolist(), strict=True)):
        if name:
            found[number] = first.setdefault((label, name), number)
    if not first:
        raise InputError(f"{what} names no image's group; try it on a name without suffix, or leave `groups` out")
    whole = [classes[label] for label in np.unique(labels) if len(np.unique(found[labels == label])) < 2]
    if whole:
        raise InputError(f"{what} makes one group of all images of {', '.join(whole[:3])}; a class needs two groups at least")
    return join(copies, np.stack([np.arange(len(found)), found]))


def match_names(keys: Iterable[Key], pattern: str) -> list[str | None]:
    """What the first group of a pattern finds in each image's path below its class's folder; None where it does not match."""
    expression = re.compile(pattern)
    matches = (expression.search(name) for _, name in keys)
    return [match and match.group(1) for match in matches]


def _drop_large(
    copies: Int64[np.ndarray, " n"], found: Int64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " n"]:
    """Those groups that hold no more than LARGEST of a class; copies alone of the others."""
    parts, counts = np.unique(np.stack([found, labels]), axis=1, return_counts=True)
    large = parts[0, counts > LARGEST * np.bincount(labels)[parts[1]]]
    return np.where(np.isin(found, large), copies, found)
