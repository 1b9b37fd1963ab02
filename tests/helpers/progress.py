"""Progress that remembers."""

from __future__ import annotations

from hideseek_cli.runtime.progress import Silent


class Listener(Silent):
    """Keeps what it is told, and interrupts when it has been told so much."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.told = most, list[str]()

    def say(self, line: str) -> None:
        self.told.append(line)
        if len(self.told) == self.most:
            raise KeyboardInterrupt
