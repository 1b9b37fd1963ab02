"""How a function gets to workers on other machines, and what a worker does with it.

All machines see one file system. A function lies there in a file, pickled once for all of its calls, and its large arrays in
files of their own, which later functions share where they need the same. A function's file is there for as long as somebody
waits for its calls. Paths are made absolute on the way.

Kept by hand, since what ``distributed.Client.scatter`` hands out is lost with the last worker that holds it, and
``Client.get_versions`` knows neither our source code nor workers that join later (test_new_workers_make_the_calls_of_the_dead,
test_a_worker_that_joins_late_with_other_code_is_refused).
"""

from __future__ import annotations

import hashlib
import io
import pickle
import socket
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cloudpickle

from hideseek_cli import __version__
from hideseek_cli.errors import InputError
from hideseek_cli.runtime.atomic import write_whole
from hideseek_cli.runtime.cache import digest_code
from hideseek_cli.runtime.executors import CancelledError, is_wanted

LARGE = 2**18
"""Bytes from which on an array gets a file of its own."""
VERSIONS = ("torch", "numpy", "pillow", "scikit-image", "flip-evaluator", "distributed", "cloudpickle")
"""Packages that decide over bytes, or over whether machines understand each other."""


@cache
def list_versions() -> dict[str, str]:
    """What must be the same on all machines, and what it is on this one."""
    root = Path(__file__).parents[1]
    code = digest_code(*sorted({path.parent for path in root.rglob("*.py")}))
    found = {"Python": "{}.{}".format(*sys.version_info), "hideseek": f"{__version__} ({code[:8]})"}
    return found | {name: version(name) for name in VERSIONS}


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    def reducer_override(self, thing: Any) -> Any:
        return (Path, (str(thing.absolute()),)) if isinstance(thing, Path) else super().reducer_override(thing)


def pickle_absolute(thing: Any, aside: Callable[[pickle.PickleBuffer], bool] = lambda _: True) -> bytes:
    """Bytes that mean the same on a worker. ``aside`` may keep an array's bytes out of them: it then returns False."""
    stream = io.BytesIO()
    _Pickler(stream, 5, buffer_callback=aside).dump(thing)
    return stream.getvalue()


def write_function(work: Callable[..., Any], place: Path) -> None:
    """Write a function's file at a place, and beside it those arrays that are not there yet. Raises DiskError."""
    names: list[str] = []

    def aside(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes < LARGE:
            return True
        names.append(hashlib.sha256(raw).hexdigest())
        array = place.with_name(names[-1])
        if not array.exists():
            write_whole(array, bytes(raw), secret=True)
        return False

    stream = pickle_absolute(work, aside)
    write_whole(place, pickle.dumps((list_versions(), stream, names)), secret=True)


_LAST: dict[str, Callable[..., Any]] = {}
"""On a worker, the function that was called last, by its file."""


def run_call(function: str, arguments: bytes) -> Any:
    """On a worker: call the function of a file with pickled arguments.

    Raises CancelledError where the file is gone, and InputError where this worker has other versions.
    """
    place = Path(function)
    if not place.exists():
        raise CancelledError
    work = _LAST.get(function)
    if work is None:
        expected, stream, names = pickle.loads(place.read_bytes())
        if other := _describe_difference(expected):
            raise InputError(f"worker on {socket.gethostname()}: {other}")
        work = pickle.loads(stream, buffers=[(place.parent / name).read_bytes() for name in names])
        _LAST.clear()
        _LAST[function] = work
    args, kwargs = pickle.loads(arguments)
    token = is_wanted.set(_FileWatch(place))
    try:
        return work(*args, **kwargs)
    finally:
        is_wanted.reset(token)


class _FileWatch:
    """Whether a file is there, looked up once a second."""

    def __init__(self, place: Path) -> None:
        self.place, self.there, self.next = place, True, 0.0

    def __call__(self) -> bool:
        if time.monotonic() > self.next:
            self.there, self.next = self.place.exists(), time.monotonic() + 1
        return self.there


def _describe_difference(expected: Mapping[str, str]) -> str | None:
    """In what this machine differs, in words."""
    other = [f"{name} {found}, not {expected[name]}" for name, found in list_versions().items() if expected.get(name) != found]
    return f"it has {', '.join(other)}; install the same on all machines" if other else None


def check_worker(token: str, expected: Mapping[str, str]) -> str | None:
    """On a worker: why it cannot help, if it cannot."""
    if not Path(token).is_file():
        return f"it does not see {Path(token).parent.parent}; run in a folder that all machines see, as the same user"
    return _describe_difference(expected)
