"""Commands as a user types them, in a process of their own or in this one, and what they leave on the disk."""

from __future__ import annotations

import contextlib
import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from hideseek_cli.cli.app import main

FAST = ["--epochs", "1", "--batch-size", "8", "--passes", "2", "--threads", "1", "--min-ssim", "0.5", "--tolerance", "45"]
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
    before, threads = signal.getsignal(signal.SIGTERM), torch.get_num_threads()
    command = ["hideseek", *map(str, arguments)]
    try:
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.chdir(cwd)
            patch.setattr(sys, "argv", command)
            with pytest.raises(SystemExit) as ended:
                main()
    finally:
        signal.signal(signal.SIGTERM, before)
        torch.set_num_threads(threads)
    found = int(ended.value.code or 0)
    assert code in (None, found), err.getvalue() + out.getvalue()
    return subprocess.CompletedProcess(command, found, out.getvalue(), err.getvalue())


def contents(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
