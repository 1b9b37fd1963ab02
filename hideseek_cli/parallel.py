"""Work for several hands: out in rounds of fixed size, back in the order it was sent."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

ROUND = 256
"""Items under way at once, whatever the number of workers: bounds memory and keeps the order of effects."""


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pool(workers: int) -> Iterator[Executor]:
    """The default executor: threads, since decoding, encoding and hashing release the interpreter lock."""
    executor = ThreadPoolExecutor(workers)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)


def in_order(executor: Executor, work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """``work`` of every item, in the order of the items. Where one fails, or nobody asks for more, nothing goes on behind."""
    source = iter(items)
    while part := [executor.submit(work, item) for item in itertools.islice(source, ROUND)]:
        try:
            for future in part:
                yield future.result()
        finally:
            for future in part:
                future.cancel()
            wait(part)
