"""Two runs at one place: one ends well, with all of its files, and the other with a sentence.

The second comes while the first is stopped in the middle of its work, or at any moment; with locks, and on a system that
has none. ``make test-kill`` lets them meet often; the ordinary suite a few times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers.commands import contents
from tests.robustness.struck import HIDE, KILLS, NEEDS, RECORD, made

SEEK = ("seek", "published", "cleaner_clean.safetensors", "-j", "1")
OFTEN = pytest.mark.skipif(KILLS < 60, reason="make test-kill runs these")
STOPPING = """
import os, signal
from hideseek_cli.runtime.atomic import StagedFolder
write = StagedFolder.write
def stop(self, *given):
    StagedFolder.write = write
    os.kill(os.getpid(), signal.SIGSTOP)
    write(self, *given)
StagedFolder.write = stop
"""
"""Stops a run in its own tracks where it begins to write, however busy the machine is."""
UNLOCKED = """
import errno, fcntl
def refuse(handle, how): raise OSError(errno.ENOLCK, "No locks available")
fcntl.flock = refuse
"""


def prepared(whole: Path, name: str, place: Path) -> Path:
    place.mkdir()
    for need in NEEDS[name]:
        (shutil.copytree if (whole / need).is_dir() else shutil.copy)(whole / need, place / need)
    return place


def begun(place: Path, *arguments: str, locks: bool, first: str = "") -> subprocess.Popen[str]:
    code = f"{'' if locks else UNLOCKED}\n{first}\nfrom hideseek_cli.cli.app import main; main()"
    command = [sys.executable, "-c", code, *arguments, "-q"]
    return subprocess.Popen(command, cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, errors = process.communicate(timeout=300)
    assert process.returncode in (0, 1, 2), errors
    return process.returncode, out, errors


@contextmanager
def stopped(place: Path, *arguments: str, locks: bool) -> Iterator[subprocess.Popen[str]]:
    """A run that stands still in the middle of its writing, until that is left."""
    process = begun(place, *arguments, locks=locks, first=STOPPING)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)


def check(place: Path, expected: dict[str, bytes], name: str, refused: tuple[int, str, str], *words: str) -> None:
    """All files of one run lie there, and the other said why it did not write them."""
    code, _, errors = refused
    assert code == 2 and errors.startswith("hideseek: ") and errors.count("\n") == 1, errors
    for word in words:
        assert word in errors
    assert made(place, name) == expected


@pytest.mark.parametrize(
    ("name", "first", "second", "busy"),
    [
        ("seek", SEEK, SEEK, "cleaned"),
        ("seek", SEEK, (*SEEK, "--resume", "--overwrite"), "cleaned"),
        ("hide", (*HIDE, "--resume"), HIDE, "published"),
        pytest.param("hide", (*HIDE, "--resume"), (*HIDE, "--masks", "m", "--resume"), "published", marks=OFTEN),
        ("hide", (*HIDE, "--resume"), (*HIDE, "-o", "elsewhere"), "masks.safetensors"),
        pytest.param(
            "hide", (*HIDE, "--resume"), ("protect", "data", "--generator", "g", "-o", "published"), "published", marks=OFTEN
        ),
    ],
)
def test_the_second_hears_that_the_place_is_busy(name, first, second, busy, finished, tmp_path):
    whole, _ = finished
    place = prepared(whole, name, tmp_path / "both")
    if second[0] == "protect":
        make_generator(place / "g")
    with stopped(place, *first, locks=True) as process:
        given = contents(place)
        refused = ended(begun(place, *second, locks=True))
        assert contents(place) == given, "the first loses nothing"
    code, out, errors = ended(process)
    assert code in (0, 1) and (name == "hide" or "exact" in out), errors
    check(place, made(whole, name), name, refused, f"{busy} is busy: another run", "wait for it to end, or choose another")
    left = {path.name for path in place.iterdir()} - {*NEEDS[name], *made_names(name), "g"}
    assert not left, "nothing is left beside"


def make_generator(path: Path) -> None:
    """One whose weights nobody comes to."""
    import numpy as np

    from hideseek_cli.formats.generator import Generator

    Generator(method="confounder", epsilon=8, strength=1.0, classes=("a",), release="0" * 64, size=(16, 16),
              weights={"a": np.zeros(1, np.float32)}).save(path)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "first", "words"),
    [("seek", SEEK, "taken while this ran: cleaned is not empty"), ("hide", (*HIDE, "--resume"), "taken while this ran: ")],
)
def test_without_locks_who_ends_first_keeps_the_place(name, first, words, finished, tmp_path):
    whole, _ = finished
    place = prepared(whole, name, tmp_path / "both")
    with stopped(place, *first, locks=False) as process:
        code, out, errors = ended(begun(place, *first, locks=False))
        assert code in (0, 1) and (name == "hide" or "exact" in out), errors
    check(place, made(whole, name), name, ended(process), words)


@pytest.mark.parametrize(
    ("name", "there", "again"),
    [
        ("seek", "cleaned/theirs.txt", (*SEEK, "--resume")),
        pytest.param("hide", "published/theirs.txt", (*HIDE, "--resume"), marks=OFTEN),
        ("hide", "published/theirs.txt", (*HIDE, "--resume", "-o", "elsewhere")),
        ("hide", "masks.safetensors", (*HIDE, "--resume")),
    ],
)
def test_neither_what_appears_while_a_run_is_at_work_nor_its_work_is_lost(name, there, again, finished, tmp_path):
    whole, _ = finished
    place = prepared(whole, name, tmp_path / "both")
    with stopped(place, *(SEEK if name == "seek" else (*HIDE, "--resume")), locks=True) as process:
        (place / there).parent.mkdir(exist_ok=True)
        (place / there).write_bytes(b"theirs")
    code, _, errors = ended(process)
    assert code == 2 and "taken while this ran" in errors and "is kept, go on with --resume" in errors, errors
    assert (place / there).read_bytes() == b"theirs"
    if "elsewhere" not in again:
        assert ended(begun(place, *again, locks=True))[0] == 2, "it is refused before anything is done"
        (place / there).unlink()
    assert ended(begun(place, *again, locks=True))[0] in (0, 1)
    if "elsewhere" in again:
        shutil.rmtree(place / "published")
        (place / "elsewhere").rename(place / "published")
    assert made(place, name) == made(whole, name)
    assert {path.name for path in place.iterdir()} == {*NEEDS[name], *made_names(name)} - {".masks.safetensors.journal"}


def made_names(name: str) -> set[str]:
    return {"cleaned"} if name == "seek" else {"published", "masks.safetensors", "masks.sheet.png", RECORD}


@pytest.mark.parametrize("locks", [True, False], ids=["locks", "none"])
def test_whenever_they_meet_what_says_that_it_is_exact_is(locks, finished, tmp_path):
    whole, _ = finished
    expected, draw = made(whole, "seek"), random.Random(int(locks))
    for number in range(KILLS):
        place = prepared(whole, "seek", tmp_path / str(number))
        how = ((), ("--resume",))[number % 2]
        first = begun(place, *SEEK, *how, locks=locks)
        time.sleep(draw.uniform(0, 0.3))
        ends = [ended(one) for one in (first, begun(place, *SEEK, *how, locks=locks))]
        exact = [end for end in ends if end[0] == 0 and "exact" in end[1]]
        assert exact, ends
        assert made(place, "seek") == expected, ends
        for code, _, errors in ends:
            assert code == 0 or errors.count("\n") == 1, errors
        shutil.rmtree(place)
