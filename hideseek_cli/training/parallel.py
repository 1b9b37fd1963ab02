"""Independent trainings side by side, on the cores of one machine or on several machines.

A small network cannot keep several cores busy, and with several its results depend on how many they are. So each
training of a round keeps to a few threads, one unless told, and as many as there are cores for stand side by side: a
round gives the same results on any number of cores. On CUDA they follow one another. Where the executor runs them elsewhere,
all of a round are handed to it at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from threading import Event, Lock, Semaphore
from typing import Generic, TypeVar

import torch

from hideseek_cli.runtime.executors import CancelledError, RemoteExecutor, count_cores, raise_if_cancelled
from hideseek_cli.training.trainer import OnStep

Result = TypeVar("Result")
Training = Callable[[OnStep], Result]
"""Trains a network, reports its steps, and returns what it measured."""


def count_parallel(executor: Executor, device: torch.device, threads: int) -> int:
    """How many trainings stand side by side."""
    if isinstance(executor, RemoteExecutor):
        return max(1, executor.slots)
    return max(1, count_cores() // threads) if device.type == "cpu" else 1


def train_in_parallel(
    trainings: Sequence[Training[Result]], executor: Executor, device: torch.device, *, threads: int, on_step: OnStep
) -> Iterator[Result]:
    """The result of each training, in their order; ``on_step`` hears of the steps of all of them, or of those that are finished
    where they run elsewhere.

    Whoever stops listening, by an exception too, stops the trainings that are under way at their next step.
    """
    if isinstance(executor, RemoteExecutor):
        yield from _elsewhere(trainings, executor, threads, on_step)
        return
    if device.type != "cpu":
        yield from (training(on_step) for training in trainings)
        return
    stop, lock, room = Event(), Lock(), Semaphore(count_parallel(executor, device, threads))
    steps, totals = [0] * len(trainings), [0] * len(trainings)

    def listening() -> None:
        if stop.is_set():
            raise CancelledError

    def work(number: int) -> Result:
        def heard(done: int, total: int) -> None:
            listening()
            with lock:
                steps[number], totals[number] = done, total
                on_step(sum(steps), max(totals) * len(trainings))

        with room:
            listening()
            torch.set_num_threads(threads)
            return trainings[number](heard)

    before = torch.get_num_threads()
    try:
        yield from executor.map(work, range(len(trainings)))
    finally:
        stop.set()
        torch.set_num_threads(before)


@dataclass(frozen=True)
class _Alone(Generic[Result]):
    """Carries out one training of a round, in whatever process this is."""

    trainings: Sequence[Training[Result]]
    threads: int

    def __call__(self, number: int) -> Result:
        torch.set_num_threads(self.threads)
        return self.trainings[number](self.heard)

    @staticmethod
    def heard(done: int, total: int) -> None:
        raise_if_cancelled()


def _elsewhere(trainings: Sequence[Training[Result]], executor: Executor, threads: int, on_step: OnStep) -> Iterator[Result]:
    work = _Alone(trainings, threads)
    futures = [executor.submit(work, number) for number in range(len(trainings))]
    try:
        for done, future in enumerate(futures, 1):
            result = future.result()
            on_step(done, len(trainings))
            yield result
    finally:
        for future in futures:
            future.cancel()
