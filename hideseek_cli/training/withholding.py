"""Which images are withheld from training, so that accuracy can be asked of them.

Siblings, near-identical images, are withheld together: of one that was learnt the others are known.

>>> labels, siblings = np.zeros(6, np.int64), np.array([0, 0, 2, 2, 4, 4])
>>> select_withheld(labels, 3, siblings).reshape(3, 2).all(1).sum()
np.int64(1)
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int64

from hideseek_cli.images.copies import find_divided


def find_first(numbers: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " n"]:
    """The first image of each number, such as siblings have in common.

    >>> find_first(np.array([7, 3, 7])).tolist()
    [0, 1, 0]
    """
    _, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    return first[which.ravel()].astype(np.int64)


def select_withheld(labels: Int64[np.ndarray, " n"], seed: int, siblings: Int64[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Which images to withhold: about 2,000, but between a tenth and a quarter of every class, or what is nearest to it in
    whole groups of siblings. Siblings in several classes are not; in a class without two other groups, single images are.

    ``siblings``: the first one of each; its own number where there is none.
    """
    generator = np.random.default_rng([seed, 0xF01D])
    share = min(0.25, max(0.1, 2000 / len(labels)))
    alone = np.arange(len(labels))
    apart, held = ~find_divided(siblings, labels), np.zeros(len(labels), bool)
    for label in np.unique(labels):
        mine = np.flatnonzero(labels == label)
        some, groups = mine[apart[mine]], siblings
        if len(np.unique(groups[some])) < 2:
            some, groups = mine, alone
        heads, sizes = np.unique(groups[some], return_counts=True)
        order = generator.permutation(len(heads))
        taken = heads[order][_take(sizes[order], max(1, round(share * len(mine))))]
        held[some[np.isin(groups[some], taken)]] = True
    return held


def count_for_withheld(withheld: int) -> int:
    """Of how many images about so many are withheld.

    >>> count_for_withheld(100), count_for_withheld(3000)
    (400, 30000)
    """
    return withheld * (4 if withheld <= 2000 else 10)


def select_half(
    labels: Int64[np.ndarray, " n"], held: Bool[np.ndarray, " n"], siblings: Int64[np.ndarray, " n"]
) -> Int64[np.ndarray, " h"]:
    """About half of the images of each class that are not ``held``: of the siblings, all or none of a group.

    >>> select_half(np.zeros(6, np.int64), np.array([False] * 5 + [True]), np.array([0, 1, 1, 0, 4, 5])).tolist()
    [0, 3, 4]
    """
    used = np.flatnonzero(~held)
    groups = siblings[used]
    heads, sizes = np.unique(groups, return_counts=True)
    heads = heads[np.lexsort((heads, -sizes, labels[heads]))]
    chosen = np.concatenate([heads[labels[heads] == label][::2] for label in np.unique(labels[heads])])
    some = used[np.isin(groups, chosen)]
    return some[labels[some].argsort(kind="stable")]


def _take(sizes: Int64[np.ndarray, " g"], count: int) -> list[int]:
    """The positions of groups that bring the number of images nearer to ``count``, one after another: one at least, and not
    all where there are several."""
    taken, left = list[int](), count
    for position, size in enumerate(sizes.tolist()):
        if size < 2 * left:
            taken.append(position)
            left -= size
    return taken[: max(1, len(sizes) - 1)] or [int(sizes.argmin())]
