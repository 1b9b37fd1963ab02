"""What can go wrong that is not a fault of ours, and how it is said: all of it at once, in grammatical English.

Each error is a sentence: what is wrong, where, what to do. Names of arguments and values to give stand between backticks,
and nothing else does, so that a caller who has other names for them can put those there.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher


class InputError(Exception):
    """A bad argument or a bad input: said in one sentence."""


class DiskError(Exception):
    """The system refused to read or write: nothing is wrong with the input, and what is finished so far is worth keeping."""


class LostError(DiskError):
    """The machines that were at work are gone; of what they finished the same holds."""


class TakenError(DiskError):
    """While a run was at work something appeared where its result belongs; of what is finished the same holds."""


class RefusalError(InputError):
    """Several things are wrong at once; all of them, by kind."""

    def __init__(self, sentences: Sequence[str], problems: dict[str, list[str]]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences, self.problems = tuple(sentences), problems


ALIKE = 0.6
"""From which ratio on, 0 to 1, two spellings are near each other."""


def count(number: int, noun: str) -> str:
    """So many of something.

    >>> count(1, "level"), count(2, "level"), count(0, "class")
    ('1 level', '2 levels', '0 classes')
    """
    return f"{number} {noun}{'' if number == 1 else 'es' if noun.endswith('s') else 's'}"


WAYS_OUT = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), "free space there"),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), "choose a place where you may write"),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "close some, or let more be open at once (ulimit -n)"),
    errno.EFBIG: "files of that size are more than the system takes there; choose another place",
}  # fmt: skip
"""What to do where nothing can be written."""


def unwritable(place: object, error: OSError) -> DiskError:
    """The error for a place where the system refuses to write, with what helps against that.

    >>> unwritable("out", OSError(errno.ENOSPC, "No space left on device"))
    DiskError('out cannot be written: No space left on device; free space there')
    >>> unwritable("out", OSError(errno.EIO, "Input/output error"))
    DiskError('out cannot be written: Input/output error; check the disk or choose another place')
    """
    way = WAYS_OUT.get(error.errno or 0, "check the disk or choose another place")
    return DiskError(f"{place} cannot be written: {error.strerror or error}; {way}")


def name_some(names: Sequence[str], most: int, between: str = ", ") -> str:
    """The first so many of several, and how many there are besides.

    >>> name_some(["a", "b", "c"], 2), name_some(["a", "b", "c"], 1, "; "), name_some(["a", "b"], 2)
    ('a, b and 1 more', 'a; and 2 more', 'a, b')
    """
    more = f"{between.rstrip(', ')} and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that there is not: what was meant, or all that there are where nothing is spelt like it.

    >>> str(unknown("attack", "grayscale", ["none", "greyscale", "cutout"]))
    "unknown attack 'grayscale': did you mean greyscale?"
    >>> str(unknown("recipe", "x", ["quick", "paper"]))
    "unknown recipe 'x': choose quick or paper"
    """
    names, plain = {_normalise(one): one for one in known}, _normalise(name)
    alike = {spelt: SequenceMatcher(None, plain, one).ratio() for one, spelt in names.items()}
    near = [spelt for spelt, ratio in alike.items() if ratio >= max(ALIKE, max(alike.values()) - 0.1)]
    advice = f"did you mean {_either(near)}?" if near else f"choose {_either(names.values())}"
    return InputError(f"unknown {kind} {name!r}: {advice}")


def _normalise(name: str) -> str:
    """A name in British spelling, in small letters, its words joined by hyphens."""
    return name.strip().lower().replace("gray", "grey").replace("color", "colour").replace("_", "-").replace(" ", "-")


def _either(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


NAMES = "images have names with control characters, backslashes or more than 240 bytes, or classes with slashes; rename them"
CLASHES = "images would get the same name once the suffix is .png; rename one of each"
UNUSABLE = "images cannot be used"
Problems = dict[str, list[str]]
"""What is wrong -> where."""


def raise_for(offenders: list[str], why: str) -> None:
    """Raise one InputError for all offenders, naming up to ten. ``why``: what is said of several; of one it says the kind."""
    if offenders:
        many = f"{len(offenders)} " if len(offenders) > 1 else ""
        raise InputError(f"{many}{why}: {name_some(offenders, 10, '; ')}")


def raise_for_all(problems: Problems) -> None:
    """Raise one RefusalError for offenders of every kind."""
    found: list[str] = []
    for why, offenders in problems.items():
        try:
            raise_for(offenders, why)
        except InputError as error:
            found.append(offenders[0] if why == UNUSABLE and len(offenders) == 1 else str(error))
    if found:
        raise RefusalError(found, {why: offenders for why, offenders in problems.items() if offenders})
