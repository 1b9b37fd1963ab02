"""What can go wrong that is not a fault of ours, and how all of it is said at once.

Each error is a sentence: what is wrong, where, what to do.
"""

from __future__ import annotations


class InputError(Exception):
    """A bad option or a bad input: said in one sentence, exit code 2."""


class DiskError(Exception):
    """The system refused to read or write: nothing is wrong with the input, and what is finished so far is worth keeping."""


class LostError(DiskError):
    """The machines that were at work are gone; of what they finished the same holds."""


class RefusalError(InputError):
    """Several things are wrong at once; all of them, by kind."""

    def __init__(self, message: str, problems: dict[str, list[str]]) -> None:
        super().__init__(message)
        self.problems = problems


NAMES = "have names with control characters, backslashes or more than 240 bytes; rename them"
CLASHES = "would get the same name once the suffix is .png; rename one of each"
UNUSABLE = "images cannot be used"
Problems = dict[str, list[str]]
"""What is wrong -> where."""


def raise_for(offenders: list[str], why: str) -> None:
    """Raise one InputError for all offenders, naming up to ten."""
    if offenders:
        shown = "; ".join(offenders[:10]) + (f"; and {len(offenders) - 10} more" if len(offenders) > 10 else "")
        raise InputError(f"{len(offenders)} {why}: {shown}")


def raise_for_all(problems: Problems) -> None:
    """Raise one RefusalError for offenders of every kind."""
    found: list[str] = []
    for why, offenders in problems.items():
        try:
            raise_for(offenders, why)
        except InputError as error:
            found.append(offenders[0] if why == UNUSABLE and len(offenders) == 1 else str(error))
    if found:
        raise RefusalError("\n".join(found), {why: offenders for why, offenders in problems.items() if offenders})
