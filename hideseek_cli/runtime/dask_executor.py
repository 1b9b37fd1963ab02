"""Calls on the machines of a dask.distributed cluster, behind the interface of every other executor.

What is called goes through files that all machines see (``remote_calls``): so the scheduler passes on little but their names,
any worker can make any call, and where one dies another makes its calls again.

Kept by hand, since the futures of ``distributed.Client.get_executor`` wait for ever once the last worker is gone, and count as
cancelled while their call still writes (test_when_all_workers_are_gone_nobody_waits_for_ever,
test_nothing_goes_on_behind_a_failure).
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

import distributed

from hideseek_cli.errors import InputError, LostError
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.remote_calls import check_worker, list_versions, pickle_absolute, run_call, write_function

P = ParamSpec("P")
Result = TypeVar("Result")

ADDRESS = re.compile(r"(tcp|tls)://[^/\s]+:\d+")
PATIENCE = 60.0
"""Seconds without any worker, or without the scheduler, after which nobody waits any longer."""
GREETING = 10.0
"""Seconds that the scheduler has to answer, and as many for a first worker to join."""


class _RemoteFuture(Future[Any]):
    """The result of a call that may be under way at any time, so that it is never cancelled before it has ended."""

    def __init__(self, function: Path) -> None:
        super().__init__()
        self.function = function
        self.set_running_or_notify_cancel()

    def cancel(self) -> bool:
        """Ask all calls of the function to end: none is begun any more, and those under way hear of it when they ask."""
        if not self.done():
            self.function.unlink(missing_ok=True)
        return False


class DaskExecutor(Executor):
    """Makes calls on the workers of a client; ``folder`` is one that all of them see."""

    def __init__(self, client: distributed.Client, folder: Path) -> None:
        self.client, self.folder = client, folder
        self.slots = sum(client.nthreads().values())
        self._numbers = count()
        self._last: tuple[Any, Path] | None = None
        """The function that was called last, and its file."""
        self._waiting: set[_RemoteFuture] = set()
        client.loop.add_callback(self._watch_workers)

    def submit(self, work: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs) -> Future[Result]:
        function = self._share(work)
        future = _RemoteFuture(function)
        self._waiting.add(future)
        key = f"{function.name}-{uuid4().hex}"
        sent = self.client.submit(run_call, str(function), pickle_absolute((args, kwargs)), key=key, pure=False)
        self.client.loop.add_callback(self._await_result, sent, future)
        return future

    def _share(self, work: Any) -> Path:
        """The file of a function, the same for calls that follow one another."""
        if self._last is None or self._last[0] is not work or not self._last[1].exists():
            function = self.folder / f"function{next(self._numbers)}"
            write_function(work, function)
            self._last = work, function
        return self._last[1]

    async def _await_result(self, sent: distributed.Future, future: _RemoteFuture) -> None:
        result = None
        try:
            error = await sent.exception()
            if error is None:
                result = await sent.result()
        except (concurrent.futures.CancelledError, asyncio.CancelledError):
            error = self._lost_error()
        if isinstance(error, distributed.KilledWorker):
            error = LostError("several workers died over the same call, perhaps for want of memory; see what they logged")
        self._resolve(future, result, error)

    async def _watch_workers(self) -> None:
        """Give up where nobody is left to wait for."""
        heard = time.monotonic()
        while self.client.status != "closed":
            await asyncio.sleep(min(1.0, PATIENCE / 4))
            try:
                there = await asyncio.wait_for(self.client.nthreads(), GREETING)
            except (OSError, TimeoutError):
                there = {}
            heard = time.monotonic() if there else heard
            if time.monotonic() - heard > PATIENCE:
                for future in tuple(self._waiting):
                    self._resolve(future, None, self._lost_error())

    def _resolve(self, future: _RemoteFuture, result: Any, error: BaseException | None) -> None:
        self._waiting.discard(future)
        if not future.done():
            future.set_result(result) if error is None else future.set_exception(error)

    def _lost_error(self) -> LostError:
        address = self.client.scheduler.address if self.client.scheduler else "there"
        return LostError(
            f"the scheduler at {address} is gone, or all of its workers are; see what they logged and start them again"
        )


def _check_workers(client: distributed.Client, address: str, folder: Path) -> None:
    """Raise InputError where no worker is there, or one that cannot help."""
    try:
        client.wait_for_workers(1, timeout=GREETING)
    except TimeoutError as error:
        raise InputError(f"no worker has joined the scheduler at {address}; start some: dask worker {address}") from error
    token = folder / "token"
    write_whole(token, b"", secret=True)
    for worker, found in client.run(check_worker, str(token), list_versions(), on_error="return").items():
        if isinstance(found, ImportError | AttributeError):
            raise InputError(f"worker {worker} cannot import hideseek ({found}); install the same on all machines")
        if found is not None:
            raise InputError(f"worker {worker} cannot help: {found}")


@contextmanager
def connect(address: str) -> Iterator[Executor]:
    """The workers of a scheduler as an executor, for as long as it is needed.

    Raises InputError where there is no scheduler, no worker, or one that has other versions or does not see the current
    folder. Should all workers be lost for ``PATIENCE`` seconds, calls raise LostError.
    """
    if not ADDRESS.fullmatch(address):
        raise InputError(f"`engine` {address!r} is no address of a scheduler; give one such as tcp://10.0.0.1:8786")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of versions, which are compared below
            client = distributed.Client(address, timeout=GREETING, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(f"no scheduler answers at {address} ({error}); start one, or give another `engine`") from error
    try:
        with _make_shared_folder() as folder:
            _check_workers(client, address, folder)
            yield DaskExecutor(client, folder)
    finally:
        client.close()


@contextmanager
def _make_shared_folder() -> Iterator[Path]:
    """A folder in the current one that only its owner may read, while it is needed."""
    try:
        made = TemporaryDirectory(prefix=".hideseek-", dir=Path.cwd(), ignore_cleanup_errors=True)
    except OSError as error:
        raise InputError(
            f"{Path.cwd()} cannot be written: {error.strerror}; run in a folder that all machines share"
        ) from error
    with made as name:
        yield Path(name)
