"""The master key and what is derived from it. No generator of Python or NumPy decides anything secret.

Every subkey is HMAC-SHA256 of the master key over labels; a stream of secret bytes is SHAKE-256 of a subkey.

>>> master = bytes(32)
>>> derive_subkey(master, "release", "dither") == derive_subkey(master, "release", "dither")
True
>>> derive_subkey(master, "ab", "c") == derive_subkey(master, "a", "bc")
False
"""

from __future__ import annotations

import hashlib
import hmac
import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float64, Int64, UInt16

from hideseek_cli.errors import InputError
from hideseek_cli.images.copies import find_divided
from hideseek_cli.runtime.places import refuse_special

KEY_BYTES = 32


def load_master_key(path: Path | None = None) -> bytes:
    """32 bytes of the operating system's randomness, or the content of a key file of exactly that size."""
    if path is None:
        return os.urandom(KEY_BYTES)
    refuse_special(path, "a key file")
    try:
        with path.open("rb") as file:
            key = file.read(KEY_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(f"there is no key file {path}; make one with: head -c {KEY_BYTES} /dev/urandom > {path}") from error
    except OSError as error:
        raise InputError(f"key file {path} cannot be read: {error.strerror}; give another") from error
    if len(key) != KEY_BYTES:
        raise InputError(f"key file {path} must hold exactly {KEY_BYTES} bytes, and does not: it is no key; give another")
    return key


def derive_subkey(key: bytes, *labels: str) -> bytes:
    """The subkey for a chain of labels, 32 bytes; each label is a MAC of its own, so they cannot run together."""
    for label in labels:
        key = hmac.new(key, label.encode(), hashlib.sha256).digest()
    return key


def draw_thresholds(key: bytes, shape: tuple[int, ...]) -> Float64[np.ndarray, "..."]:
    """Secret thresholds in [0, 1), 32 bits each, of that shape."""
    count = int(np.prod(shape))
    stream = hashlib.shake_256(key).digest(4 * count)
    return (np.frombuffer(stream, "<u4").astype(np.float64) / 2**32).reshape(shape)


def draw_shifts(key: bytes, names: Iterable[tuple[str, str]], height: int, width: int) -> UInt16[np.ndarray, "n 2"]:
    """The cyclic shift, down and right, of each image: decided by the key and the image's class and name."""
    drawn = bytearray()
    for name in names:
        drawn += derive_subkey(key, *name)[:8]
    values = np.frombuffer(drawn, "<u4").reshape(-1, 2)
    return (values % np.array([height, width], np.uint32)).astype(np.uint16)


def draw_class_orders(key: bytes, labels: Sequence[str], count: int) -> Int64[np.ndarray, "count k"]:
    """So many orders of classes, each a row of their numbers; decided by the key and their names."""
    drawn = [np.frombuffer(hashlib.shake_256(derive_subkey(key, label)).digest(8 * count), "<u8") for label in labels]
    return np.stack(drawn, axis=1).argsort(1)


def draw_turns(
    key: bytes, names: Iterable[tuple[str, str]], last: Bool[np.ndarray, " n"], ranks: Mapping[str, int] | None = None,
    siblings: Int64[np.ndarray, " n"] | None = None,
) -> Int64[np.ndarray, " n"]:  # fmt: skip
    """The turn, from 0, in which each image loses its mask when levels rise; decided by the key, class and name.

    The images of ``last`` come after all others of their class. The first so many turns hold every class in proportion
    to its size, as evenly as whole images can; or one class after another by their ``ranks``, from 0, and only the last two
    like that, because who knows all classes but one knows that one too.

    Siblings, of each of which ``siblings`` names the first, have turns in a row: at the place of their first one, among the
    last of their class where one of them is, and behind all other images where they are of several classes.
    """
    draws, numbers, index = bytearray(), array("I"), dict[str, int]()
    for name in names:
        draws += derive_subkey(key, *name)[:8]
        numbers.append(index.setdefault(name[0], len(index)))
    drawn, classes = np.frombuffer(draws, "<u8"), np.array(numbers, np.int64)
    first = np.arange(len(classes)) if siblings is None else siblings
    divided = find_divided(first, classes)
    late = np.where(divided, 2, np.isin(first, first[last]))
    place = np.empty(len(classes))
    for label, number in index.items():
        members = np.flatnonzero(classes == number)
        units = first[members]
        within = np.lexsort((units, drawn[units], late[members])).argsort() / len(members)
        start = int.from_bytes(derive_subkey(key, label)[:8], "little") / 2**64
        turn = min(ranks[label], len(index) - 2) if ranks else 0
        place[members] = turn + within + start / len(members)
    together = np.full(len(classes), np.inf)
    np.minimum.at(together, first, np.where(divided, len(index) + drawn[first] / 2**64, place))
    return np.lexsort((first, together[first])).argsort()
