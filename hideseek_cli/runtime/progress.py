"""How the library reports what it does: it calls back, and prints nothing itself."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Progress(Protocol):
    """What a caller may hand in to hear how far a piece of work is."""

    def step(self, task: str, done: int, total: int) -> None:
        """``done`` of ``total`` units of ``task`` are finished. Called often; must return at once."""

    def say(self, message: str) -> None:
        """One line worth reading, such as a decision or a measured figure."""


class Silent:
    """The progress of those who do not listen."""

    def step(self, task: str, done: int, total: int) -> None:
        pass

    def say(self, message: str) -> None:
        pass
