"""What is wrong with an input, by kind, and how all of it is said at once."""

from __future__ import annotations

from hideseek_cli.errors import InputError, RefusalError

NAMES = "have names with control characters, backslashes or more than 240 bytes; rename them"
CLASHES = "would get the same name once the suffix is .png; rename one of each"
PICTURES = "pictures cannot be used"
Complaints = dict[str, list[str]]
"""What is wrong -> where."""


def refuse(offenders: list[str], why: str) -> None:
    """Raise one InputError for all offenders, naming up to ten."""
    if offenders:
        shown = "; ".join(offenders[:10]) + (f"; and {len(offenders) - 10} more" if len(offenders) > 10 else "")
        raise InputError(f"{len(offenders)} {why}: {shown}")


def refuse_all(complaints: Complaints) -> None:
    """Raise one RefusalError for offenders of every kind."""
    found: list[str] = []
    for why, offenders in complaints.items():
        try:
            refuse(offenders, why)
        except InputError as error:
            found.append(offenders[0] if why == PICTURES and len(offenders) == 1 else str(error))
    if found:
        raise RefusalError("\n".join(found), {why: offenders for why, offenders in complaints.items() if offenders})
