"""What can go wrong that is not a fault of ours. Each error is a sentence: what is wrong, where, what to do."""

from __future__ import annotations


class InputError(Exception):
    """A bad option or a bad input: said in one sentence, exit code 2."""


class DiskError(Exception):
    """The system refused to read or write: nothing is wrong with the input, and what is finished so far is worth keeping."""


class LostError(DiskError):
    """The machines that were at work are gone; of what they finished the same holds."""


class RefusalError(InputError):
    """Several things are wrong at once; all of them, by kind."""

    def __init__(self, message: str, complaints: dict[str, list[str]]) -> None:
        super().__init__(message)
        self.complaints = complaints
