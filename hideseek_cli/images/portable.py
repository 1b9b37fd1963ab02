"""Names that files may have on every system. Whoever publishes on Linux has buyers on Windows and macOS, where some names
cannot be written and others are one and the same.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from itertools import accumulate, groupby

from hideseek_cli.errors import Problems
from hideseek_cli.images.index import Key

RESERVED = frozenset({
    "con", "prn", "aux", "nul", "conin$", "conout$",
    *(f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"),
})  # fmt: skip
"""Of Windows, with any suffix."""
FORBIDDEN = frozenset('<>:"|?*')
UNPORTABLE = (
    'names cannot be written on Windows (aux and its like, <>:"|?*, blanks or dots at an end); rename them, so that every '
    "buyer can"
)
ALIKE = "names are one and the same on Windows or macOS (capitals, accents); rename one of each"
UNDER_IMAGE = "images would lie in a folder that has the name of another image's file; rename one of each"
OURS = "classes have the name of a file of hideseek's; rename them"


def is_portable(key: Key) -> bool:
    """Whether a class and a name can be written on every system."""
    return all(
        not FORBIDDEN & {*part} and part == part.strip(" ").rstrip(".") and part.split(".")[0].rstrip().lower() not in RESERVED
        for part in (key[0], *key[1].split("/"))
    )


def find_unportable(keys: Iterable[Key], suffixes: Sequence[str], ours: Iterable[str] = ()) -> Problems:
    """What of classes and names, in order, some buyer could not write, or would write over something else.

    ``suffixes``: those that images may get, without a dot. ``ours``: files that lie beside the classes.
    """
    problems: Problems = {}
    classes: dict[str, str] = {}
    for label, images in groupby(keys, lambda key: key[0]):
        before = classes.setdefault(_fold(label), label)
        if before != label:
            problems.setdefault(ALIKE, []).append(f"{before}/ and {label}/")
        if _fold(label) in map(_fold, ours):
            problems.setdefault(OURS, []).append(f"{label}/")
        names = [name for _, name in images]
        problems.setdefault(UNPORTABLE, []).extend(f"{label}/{name}" for name in names if not is_portable((label, name)))
        _find_clashes(label, names, suffixes, problems)
    return {why: offenders for why, offenders in problems.items() if offenders}


def _find_clashes(label: str, names: list[str], suffixes: Sequence[str], problems: Problems) -> None:
    """Names of one class that are alike, or the file of one of which is the folder of another."""
    files = set[bytes]()
    for name in names:
        folded = [_digest(f"{name}.{suffix}") for suffix in suffixes]
        if folded[0] in files:
            problems.setdefault(ALIKE, []).append(f"{label}/{name}.{suffixes[0]}")
        files.update(folded)
    for name in names:
        folders = accumulate(name.split("/")[:-1], "{}/{}".format)
        if any(_digest(folder) in files for folder in folders):
            problems.setdefault(UNDER_IMAGE, []).append(f"{label}/{name}.{suffixes[0]}")


def _fold(name: str) -> str:
    """The same for names that some system takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _digest(name: str) -> bytes:
    """The same, in little memory."""
    return blake2b(_fold(name).encode("utf-8", "surrogatepass"), digest_size=12).digest()
