"""Independent trainings side by side on the cores of one machine.

A small network cannot keep several cores busy, and with several its results depend on how many they are. So each
training of a round keeps to a few threads, one unless told, and as many as there are cores for stand side by side: a
round gives the same results on any number of cores. On CUDA they follow one another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from threading import Event, Lock
from typing import TypeVar

import torch

from hideseek_cli.core.classifier import Tick
from hideseek_cli.parallel import cores

Result = TypeVar("Result")
Training = Callable[[Tick], Result]
"""Trains a network, reports its steps, and returns what it measured."""


class _AbandonedError(Exception):
    """Raised inside a training whose result nobody waits for any more."""


def side_by_side(
    trainings: Sequence[Training[Result]], executor: Executor, device: torch.device, *, threads: int, tick: Tick
) -> Iterator[Result]:
    """The result of each training, in their order; ``tick`` hears of the steps of all of them.

    Whoever stops listening, by an exception too, stops the trainings that are under way at their next step.
    """
    if device.type != "cpu":
        yield from (training(tick) for training in trainings)
        return
    stop, lock = Event(), Lock()
    steps, totals = [0] * len(trainings), [0] * len(trainings)

    def work(number: int) -> Result:
        torch.set_num_threads(threads)

        def heard(done: int, total: int) -> None:
            if stop.is_set():
                raise _AbandonedError
            with lock:
                steps[number], totals[number] = done, total
                tick(sum(steps), max(totals) * len(trainings))

        return trainings[number](heard)

    hands = max(1, cores() // threads)
    before = torch.get_num_threads()
    try:
        for first in range(0, len(trainings), hands):
            yield from executor.map(work, range(len(trainings))[first : first + hands])
    finally:
        stop.set()
        torch.set_num_threads(before)
