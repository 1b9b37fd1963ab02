"""Calls that run side by side: so many items under way at a time, their results in the order of the items.

An executor may run its calls on other machines (``RemoteExecutor``). What is handed to it is then pickled, and a call that
takes long calls ``raise_if_cancelled`` from time to time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar, runtime_checkable

Item = TypeVar("Item")
Result = TypeVar("Result")

AT_ONCE = 256
"""Items under way unless told otherwise, whatever the number of workers: bounds memory."""

is_wanted: ContextVar[Callable[[], bool]] = ContextVar("is_wanted", default=lambda: True)
"""Says whether somebody still waits for the call that is being made; set by whoever makes calls for others."""


class CancelledError(Exception):
    """Ends a call whose result nobody waits for any more: raised in it, unlike ``concurrent.futures.CancelledError``."""


@runtime_checkable
class RemoteExecutor(Protocol):
    """An executor whose calls run in other processes, on machines that see the same files."""

    slots: int
    """Calls that it runs at once."""


def raise_if_cancelled() -> None:
    """Raises CancelledError where nobody waits any longer for the call that is being made; costs little at every step."""
    if not is_wanted.get()():
        raise CancelledError


def count_cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def thread_pool(workers: int) -> Iterator[Executor]:
    """The default executor: threads, since decoding, encoding and hashing release the interpreter lock."""
    executor = ThreadPoolExecutor(workers)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def ordered_map(
    executor: Executor, work: Callable[[Item], Result], items: Iterable[Item], at_once: int = AT_ONCE
) -> Iterator[Result]:  # fmt: skip
    """``work`` of every item, in the order of the items. Where one fails, or nobody asks for more, nothing goes on behind.

    ``at_once``: items that are under way, or done and waiting for those before them, at most. Calls that run elsewhere take
    several of them, a few calls for every slot.
    """
    size = max(1, at_once // (4 * executor.slots)) if isinstance(executor, RemoteExecutor) else 1
    source, each = iter(items), _Each(work)
    calls: deque[Future[list[Result]]] = deque()
    try:
        while some := list(islice(source, size)):
            calls.append(executor.submit(each, some))
            if len(calls) * size >= at_once:
                yield from _take_first(calls)
        while calls:
            yield from _take_first(calls)
    finally:
        wait([call for call in calls if not call.cancel()])  # nobody need be left to say that a call was cancelled


def _take_first(calls: deque[Future[list[Result]]]) -> list[Result]:
    """The first call's results, once it is done; who is interrupted while waiting leaves it among the calls."""
    results = calls[0].result()
    calls.popleft()
    return results


@dataclass(frozen=True)
class _Each(Generic[Item, Result]):
    """One call's items, one after the other."""

    work: Callable[[Item], Result]

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        found: list[Result] = []
        for item in items:
            raise_if_cancelled()
            found.append(self.work(item))
        return found
