"""The commands on a real scheduler and two workers, one of which is killed on the way: the same bytes as on one machine."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from hideseek_cli.errors import DiskError, InputError, LostError
from hideseek_cli.evaluation.verify import VerifyConfig, verify
from hideseek_cli.images.notes import NO_NOTES
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.stored import Raster
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.publishing import pipeline
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import AT_ONCE, ordered_map
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.parallel import train_in_parallel
from tests.helpers.commands import FAST, contents, run
from tests.helpers.folders import write_images

pytest.importorskip("distributed", reason="needs the cluster extra: pip install 'hideseek[cluster]'")

from hideseek_cli.runtime import dask_executor, remote_calls

HIDE = ("hide", "data", "--levels", "55", "--max-runs", "13", "--robust", "none", "--key-file", "key", *FAST)
SEEK = ("seek", "published", "cleaner_clean.safetensors")


class Machines:
    """A scheduler and workers, each a process, as ``dask scheduler`` and ``dask worker`` start them."""

    def __init__(self, place: Path) -> None:
        self.place, self.workers = place, list[subprocess.Popen[bytes]]()
        self.scheduler = self._started(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(place / "where")
        )
        waited(lambda: (place / "where").exists() and (place / "where").read_text().endswith("}"))
        self.address = json.loads((place / "where").read_text())["address"]

    def _started(self, what: str, *options: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", what, *options, "--no-dashboard"]
        return subprocess.Popen(command, cwd=self.place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def up_to(self, count: int) -> None:
        """Start workers until there are so many."""
        from distributed import Client

        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.place))
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        self.workers += [self._started("worker", self.address, *options) for _ in range(count - len(self.workers))]
        with Client(self.address, set_as_default=False) as client:
            waited(lambda: len(client.nthreads()) == count)

    def kill(self) -> None:
        """One worker, without a word."""
        worker = self.workers.pop()
        worker.send_signal(signal.SIGKILL)
        worker.wait()

    def stop(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()


def waited(there: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        assert time.monotonic() < end, "in vain"
        time.sleep(0.001)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    machines = Machines(tmp_path_factory.mktemp("machines"))
    yield machines
    machines.stop()


@pytest.fixture
def machines(started: Machines) -> Machines:
    started.up_to(2)
    return started


@pytest.fixture
def workers(machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Executor]:
    monkeypatch.chdir(tmp_path)
    with dask_executor.connect(machines.address) as executor:
        yield executor


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands make on one machine."""
    place = tmp_path_factory.mktemp("alone")
    write_images(place / "data/train", 3, 30, mode="mixed")
    write_images(place / "data/test", 3, 8, mode="mixed")
    (place / "key").write_bytes(bytes(range(32)))
    run(*HIDE, cwd=place, code=None)
    run("cleaner", "masks.safetensors", "--level", "clean", cwd=place)
    run(*SEEK, cwd=place)
    return place


def begun(machines: Machines, place: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "hideseek_cli", *arguments, "--engine", machines.address]
    return subprocess.Popen(
        command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # background jobs of a shell ignore it
    )  # fmt: skip


def test_hide_makes_the_same_bytes_though_a_worker_is_killed_under_a_training(machines, alone, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "place"
    place.mkdir()
    shutil.copytree(alone / "data", place / "data")
    shutil.copy(alone / "key", place)
    process = begun(machines, place, *HIDE)
    journal = place / ".masks.safetensors.journal"
    waited(lambda: process.poll() is not None or (journal.exists() and b"run 0" in journal.read_bytes()))
    machines.kill()
    assert process.poll() is None, "it was killed on the way"
    _, errors = process.communicate(timeout=300)
    assert process.returncode in (0, 1), errors
    assert contents(place / "published") == contents(alone / "published")
    for secret in ("masks.safetensors", "masks.sheet.png"):
        assert (place / secret).read_bytes() == (alone / secret).read_bytes()
    assert sorted(os.listdir(place)) == ["data", "key", "masks.hide.json", "masks.safetensors", "masks.sheet.png", "published"]
    assert contents(place / "data") == contents(alone / "data")


def halfway(machines: Machines, place: Path) -> subprocess.Popen[str]:
    """A ``seek`` that has written its first image."""
    process = begun(machines, place, *SEEK, "-o", "out", "-q")
    waited(lambda: process.poll() is not None or any(place.glob(".out.*.partial/content/*/*.png")))
    assert process.poll() is None
    return process


@pytest.fixture
def bought(alone: Path, tmp_path: Path) -> Path:
    shutil.copytree(alone / "published", tmp_path / "published")
    shutil.copy(alone / SEEK[2], tmp_path)
    return tmp_path


def test_seek_makes_the_same_bytes_though_a_worker_is_killed_under_its_images(machines, alone, bought):
    process = halfway(machines, bought)
    machines.kill()
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0 and "exact" in out, errors
    assert contents(bought / "out") == contents(alone / "cleaned")
    assert sorted(os.listdir(bought)) == [SEEK[2], "out", "published"]


def test_an_interrupted_command_ends_here_and_there_and_goes_on(machines, alone, bought):
    process = halfway(machines, bought)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    left = contents(bought)
    time.sleep(0.2)
    assert contents(bought) == left
    (stage,) = bought.glob(".out.*.partial")
    assert sorted(os.listdir(bought)) == sorted([stage.name, ".out.seek", SEEK[2], "published"])
    run(*SEEK, "-o", "out", "--resume", "--engine", machines.address, cwd=bought)
    assert contents(bought / "out") == contents(alone / "cleaned")
    assert sorted(os.listdir(bought)) == [SEEK[2], "out", "published"]


def test_verify_measures_the_same(machines, executor, alone):
    recipe = replace(preset("quick"), name="custom", epochs=1, batch_size=8)
    config = VerifyConfig(folder=alone / "data", test=alone / "data/test", recipe=recipe, runs=2, seed=3, fallback=recipe)
    (here,) = verify(config, torch.device("cpu"), executor, Silent()).networks
    options = ("--test", "data/test", "--runs", "2", "--seed", "3", "--json", "--threads", "1", *FAST[:4])
    done = run("verify", "data", *options, "--engine", machines.address, cwd=alone)
    assert json.loads(done.stdout)["accuracies"] == list(here.accuracies)


def test_bad_images_are_named_as_by_one_machine(machines, bought):
    (bought / "published/class1/003.png").write_bytes((bought / "published/class1/004.png").read_bytes())
    before = contents(bought)
    done = run(*SEEK, "--engine", machines.address, cwd=bought, code=2)
    assert "published/class1/003.png is not as it was published" in done.stderr and contents(bought) == before


def test_no_scheduler_is_said_in_a_sentence(bought):
    before = contents(bought)
    for address, words in (("127.0.0.1", "is no address of a scheduler"), ("tcp://127.0.0.1:9", "no scheduler answers at")):
        done = run(*SEEK, "--engine", address, cwd=bought, code=2)
        assert words in done.stderr and len(done.stderr.splitlines()) == 1 and contents(bought) == before


def test_no_worker_other_versions_and_an_unseen_folder_are_refused(machines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = remote_calls.list_versions()
    monkeypatch.setattr(dask_executor, "list_versions", lambda: {**here, "torch": "0.1"})
    with pytest.raises(InputError, match=f"it has torch {here['torch']}, not 0.1; install the same"):
        dask_executor.connect(machines.address).__enter__()
    assert "does not see /absent/a" in str(remote_calls.check_worker("/absent/a/b/token", here))
    monkeypatch.setattr(dask_executor, "GREETING", 1.0)
    while machines.workers:
        machines.kill()
    with pytest.raises(InputError, match="no worker has joined"):
        dask_executor.connect(machines.address).__enter__()
    assert os.listdir(tmp_path) == []


def test_when_all_workers_are_gone_nobody_waits_for_ever(machines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dask_executor, "PATIENCE", 1.0)
    with dask_executor.connect(machines.address) as executor:
        futures = [executor.submit(time.sleep, 60) for _ in range(3)]
        while machines.workers:
            machines.kill()
        with pytest.raises(LostError, match="all of its workers are"):
            futures[2].result(30)
    assert os.listdir(tmp_path) == []


def test_new_workers_make_the_calls_of_the_dead(machines, workers, tmp_path):
    """Also where nobody is left who has the arrays that the calls are about."""
    large = np.arange(2**18)

    def work(number: int) -> int:
        (tmp_path / f"begun{number}").touch()
        time.sleep(1)
        return int(large[number])

    futures = [workers.submit(work, number) for number in range(3)]
    waited(lambda: len(list(tmp_path.glob("begun*"))) == 2)
    while machines.workers:
        machines.kill()
    machines.up_to(1)
    assert [future.result(60) for future in futures] == [0, 1, 2]


def test_a_worker_that_joins_late_with_other_code_is_refused(workers, monkeypatch):
    """Versions are compared again with each function that a worker is given."""
    here = remote_calls.list_versions()
    monkeypatch.setattr(remote_calls, "list_versions", lambda: {**here, "hideseek": "0.1.0 (0000)"})
    with pytest.raises(InputError, match=r"worker on .* it has hideseek .*, not 0.1.0 \(0000\); install the same"):
        workers.submit(abs, -1).result(30)


def test_shards_are_filled_from_elsewhere(workers, executor, tmp_path):
    """Large images wait on the disk, small ones in memory."""
    random = np.random.default_rng(0)
    images = [random.integers(0, 256, (side, side, 3), np.uint8) for side in (8, 700, 9)]
    for name, hands in (("here", executor), ("there", workers)):
        with StagedFolder(tmp_path / name) as stage, OutputFormat(shard=2).open_writer(stage, ["a"]) as (write, finish):

            def work(number: int) -> object:
                return write(("a", str(number)), Raster(images[number], NO_NOTES))

            for held in ordered_map(hands, work, range(3)):
                finish(held)
    assert contents(tmp_path / "here") == contents(tmp_path / "there")
    assert not list(tmp_path.glob(".*.partial"))


@pytest.mark.parametrize(("error", "said"), [(LostError, DiskError), (InputError, InputError)])
def test_hide_keeps_what_is_finished_where_machines_are_lost(make_folder, executor, tmp_path, monkeypatch, error, said):
    config = HideConfig(data=make_folder(), levels=(50.0,), out=tmp_path / "out", masks=tmp_path / "masks",
                        recipe=preset("quick"), method=ClassWise())  # fmt: skip

    def broken(*_: object) -> None:
        raise error("deliberate")

    monkeypatch.setattr(pipeline, "measure_clean", broken)
    with pytest.raises(said, match="deliberate"):
        pipeline.hide(config, torch.device("cpu"), executor, Silent())
    assert config.journal.exists() == (said is DiskError)


def test_trainings_that_nobody_waits_for_stop(workers, tmp_path):
    def endless(on_step: Callable[[int, int], None]) -> float:
        while True:
            on_step(1, 10)
            (tmp_path / "alive").touch()
            time.sleep(0.05)

    def broken(on_step: Callable[[int, int], None]) -> float:
        while not (tmp_path / "alive").exists():
            time.sleep(0.05)
        raise ArithmeticError("deliberate")

    with pytest.raises(ArithmeticError, match="deliberate"):
        list(train_in_parallel([broken, endless], workers, torch.device("cpu"), threads=1, on_step=lambda *_: None))
    time.sleep(1.5)
    (tmp_path / "alive").unlink()
    time.sleep(0.5)
    assert not (tmp_path / "alive").exists()


def test_nothing_goes_on_behind_a_failure(workers, tmp_path):
    def work(number: int) -> None:
        time.sleep(0.01)
        if number == 3:
            raise KeyError(number)
        (tmp_path / f"done{number}").touch()

    with pytest.raises(KeyError):
        list(ordered_map(workers, work, range(10_000)))
    done = len(os.listdir(tmp_path))
    time.sleep(0.3)
    assert len(os.listdir(tmp_path)) == done < AT_ONCE // 2, "what was not begun is not"


def test_progress_counts_finished_trainings_and_large_arrays_travel_once(workers, tmp_path):
    heard: list[tuple[int, int]] = []
    large = np.arange(2**18)
    for first in (0, 10):
        trainings = [lambda on_step, number=number: int(large[number]) for number in range(first, first + 3)]
        found = train_in_parallel(trainings, workers, torch.device("cpu"), threads=1, on_step=lambda *step: heard.append(step))
        assert list(found) == [first, first + 1, first + 2]
    assert heard == [(1, 3), (2, 3), (3, 3)] * 2
    sizes = [path.stat().st_size for path in tmp_path.glob(".hideseek-*/*")]
    assert sizes.count(large.nbytes) == 1 and sum(sizes) < large.nbytes + 50_000
    assert next(tmp_path.glob(".hideseek-*")).stat().st_mode & 0o777 == 0o700


def test_relative_paths_mean_the_same_to_a_worker(workers, tmp_path):
    (tmp_path / "a").write_text("here")
    assert workers.submit(Path.read_text, Path("a")).result(30) == "here"
