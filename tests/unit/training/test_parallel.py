"""Trainings side by side: in order, the same on any number of cores, and gone when nobody waits."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
import torch

from hideseek_cli.recipe import preset
from hideseek_cli.training import parallel
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.trainer import OnStep
from tests.helpers.toys import toy

CPU = torch.device("cpu")
TINY = replace(preset("quick"), name="custom", epochs=3, batch_size=16)


def silent(done: int, total: int) -> None:
    pass


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order_and_do_not_depend_on_how_many_stand_train_in_parallel(workers, monkeypatch):
    monkeypatch.setattr(parallel, "count_cores", lambda: workers)
    data = toy()
    noise = replace(data, images=torch.randint(0, 256, (72, 3, 16, 16), dtype=torch.uint8))
    trainings = [partial(retrain, data, noise, TINY, seed=seed) for seed in range(5)]
    with ThreadPoolExecutor(workers) as executor:
        found = list(train_in_parallel(trainings, executor, CPU, threads=1, on_step=silent))
    assert found == [training(silent) for training in trainings] and len(set(found)) > 1


def test_every_training_keeps_to_its_threads_and_the_caller_to_his(monkeypatch):
    monkeypatch.setattr(parallel, "count_cores", lambda: 8)
    lock, now, most, seen = threading.Lock(), [0], [0], []

    def training(on_step: OnStep) -> float:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        seen.append(torch.get_num_threads())
        threading.Event().wait(0.05)
        with lock:
            now[0] -= 1
        return 0.0

    before = torch.get_num_threads()
    with ThreadPoolExecutor(8) as executor:
        list(train_in_parallel([training] * 6, executor, CPU, threads=4, on_step=silent))
    assert seen == [4] * 6 and most[0] <= 2 and torch.get_num_threads() == before


def test_a_long_training_does_not_hold_up_the_others(monkeypatch):
    monkeypatch.setattr(parallel, "count_cores", lambda: 2)
    last = threading.Event()

    def long(on_step: OnStep) -> float:
        assert last.wait(60)
        return 0.0

    def ends(on_step: OnStep) -> float:
        last.set()
        return 2.0

    with ThreadPoolExecutor(2) as executor:
        assert list(train_in_parallel([long, lambda on_step: 1.0, ends], executor, CPU, threads=1, on_step=silent)) == [
            0.0,
            1.0,
            2.0,
        ]


FREED = """
import resource, torch
from concurrent.futures import ThreadPoolExecutor
from hideseek_cli.api.machine import choose_device
from hideseek_cli.training.parallel import train_in_parallel

def training(on_step):
    kept = torch.ones(2**18)
    for _ in range(50):
        [torch.ones(2**20) for _ in range(8)]

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

device = choose_device("cpu", 1)
with ThreadPoolExecutor(2) as executor:
    before = faults()
    list(train_in_parallel([training] * 2, executor, device, threads=1, on_step=lambda done, total: None))
    print(faults() - before)
"""
"""A hundred steps of 32 MiB."""


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="the C library is not glibc")
def test_what_a_step_frees_is_there_for_the_next_one():
    found = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert int(found.stdout) * 4096 < 25 * 2**25


def test_progress_counts_the_steps_of_all():
    heard = []
    data = toy()
    trainings = [partial(retrain, data, data, TINY, seed=seed) for seed in (0, 1)]
    with ThreadPoolExecutor(2) as executor:
        list(train_in_parallel(trainings, executor, CPU, threads=1, on_step=lambda *step: heard.append(step)))
    steps = TINY.epochs * 5
    assert [done for done, _ in heard] == list(range(1, 2 * steps + 1)) and heard[-1] == (2 * steps, 2 * steps)


def test_trainings_that_nobody_waits_for_stop_at_their_next_step(monkeypatch):
    monkeypatch.setattr(parallel, "count_cores", lambda: 2)
    running, failed = threading.Event(), threading.Event()

    def endless(on_step: OnStep) -> float:
        running.set()
        while True:
            try:
                on_step(1, 10)
            except Exception:
                failed.set()
                raise

    def broken(on_step: OnStep) -> float:
        running.wait(10)
        raise RuntimeError("deliberate")

    with ThreadPoolExecutor(2) as executor, pytest.raises(RuntimeError, match="deliberate"):
        list(train_in_parallel([broken, endless], executor, CPU, threads=1, on_step=silent))
    assert failed.wait(10)
