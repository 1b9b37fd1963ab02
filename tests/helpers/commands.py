"""Commands as a user types them, in a process of their own or in this one, and what they leave on the disk."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import pty
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from hideseek_cli.cli.app import main

FAST = ["--epochs", "1", "--batch-size", "8", "--passes", "2", "--threads", "1", "--min-ssim", "0.5", "--tolerance", "45",
        "--max-visibility", "1"]  # fmt: skip
"""Options of `hide` that make it quick and let it reach its levels on small images."""


def run(*arguments: object, cwd: Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hideseek_cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    if code is not None:
        assert done.returncode == code, done.stderr + done.stdout
    return done


def inside(*arguments: object, cwd: Path, code: int | None = 0) -> subprocess.CompletedProcess[str]:
    """The same in this process: most of a short command is its imports."""
    out, err = io.StringIO(), io.StringIO()
    command = ["hideseek", *map(str, arguments)]
    with (
        _keep_settings(),
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        patch.chdir(cwd)
        patch.setattr(sys, "argv", command)
        with pytest.raises(SystemExit) as ended:
            main()
    found = int(ended.value.code or 0)
    assert code in (None, found), err.getvalue() + out.getvalue()
    return subprocess.CompletedProcess(command, found, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _keep_settings() -> Iterator[None]:
    """A command handles a signal of the whole process, and sets the threads of PyTorch, where that is installed."""
    before = signal.getsignal(signal.SIGTERM)
    torch = importlib.import_module("torch") if find_spec("torch") else None
    threads = torch.get_num_threads() if torch else 0
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if torch:
            torch.set_num_threads(threads)


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def on_terminal(*arguments: object, cwd: Path) -> tuple[int, bytes]:
    """The same on a terminal that draws nothing: exit code, and every byte that it got."""
    master, slave = pty.openpty()
    got = bytearray()

    def listen() -> None:
        with contextlib.suppress(OSError):
            while some := os.read(master, 65_536):
                got.extend(some)

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        with (
            _keep_settings(),
            os.fdopen(slave, "w", buffering=1, errors="strict") as screen,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.chdir(cwd)
            patch.setenv("TERM", "dumb")
            patch.setattr(sys, "argv", ["hideseek", *map(str, arguments)])
            patch.setattr(sys, "stdout", screen)
            patch.setattr(sys, "stderr", screen)
            with pytest.raises(SystemExit) as ended:
                main()
            screen.flush()
    finally:
        listener.join()
        os.close(master)
    return int(ended.value.code or 0), bytes(got)
