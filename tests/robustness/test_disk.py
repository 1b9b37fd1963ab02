"""A disk that is full, read-only or gone, and too few file handles: one sentence, nothing half-written, and the next run
ends with the same bytes.

A hook of the interpreter hears of every file that is opened, made, renamed or listed, and raises what a failing disk would.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.commands import contents, inside
from tests.robustness.struck import COMMANDS, NEEDS, RECORD, made

ERRORS = (errno.ENOSPC, errno.EROFS, errno.EMFILE, errno.ESTALE, errno.EIO, errno.EACCES)
EVENTS = {"open", "os.mkdir", "os.rename", "os.listdir", "os.scandir"}
KEPT = re.compile(r"\.cleaned\.([0-9a-f]{8}\.partial|seek)")
"""What seek goes on with."""
STRIKES = 8
"""Failures of each command, evenly spread over what it does with the disk."""


class FailingDisk:
    """Counts what is done below a folder; from the event ``when`` on, all of it fails with ``error``."""

    place: str | None = None
    when, error, events = -1, errno.ENOSPC, 0

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.place is None or event not in EVENTS:
            return
        path = arguments[0]
        if not isinstance(path, str | os.PathLike) or not str(Path.cwd() / path).startswith(self.place):
            return
        self.events += 1
        if 0 <= self.when < self.events:
            raise OSError(self.error, os.strerror(self.error), str(path))


DISK = FailingDisk()


@pytest.fixture(scope="module", autouse=True)
def hook() -> None:
    sys.addaudithook(DISK)


def program(name: str, place: Path, *, when: int = -1, error: int = 0) -> subprocess.CompletedProcess[str]:
    """A command in this process, on a disk that fails from that event on."""
    DISK.place, DISK.when, DISK.error, DISK.events = str(place), when, error, 0
    try:
        return inside(*COMMANDS[name], "-q", cwd=place, code=None)
    finally:
        DISK.place = None


def names(place: Path) -> set[str]:
    """What lies there besides what seek goes on with."""
    return {path.name for path in place.iterdir() if not KEPT.fullmatch(path.name)}


def prepared(whole: Path, name: str, place: Path) -> Path:
    place.mkdir()
    for need in NEEDS[name]:
        (shutil.copytree if (whole / need).is_dir() else shutil.copy)(whole / need, place / need)
    return place


@pytest.mark.parametrize("name", COMMANDS)
def test_a_failing_disk_ends_with_a_sentence_and_the_next_run_with_the_same_bytes(name, finished, tmp_path):
    whole, _ = finished
    expected = made(whole, name)
    assert program(name, prepared(whole, name, tmp_path / "counted")).returncode in (0, 1)
    events = DISK.events
    for number in range(STRIKES):
        place = prepared(whole, name, tmp_path / str(number))
        given = contents(place)
        error = ERRORS[number % len(ERRORS)]
        done = program(name, place, when=number * events // STRIKES, error=error)
        told = done.stderr
        found = made(place, name)
        assert set(found.items()) <= set(expected.items()), "whatever is there is whole"
        if found != expected:
            assert done.returncode == 2, told
            assert told.startswith("hideseek: "), told
            assert told.count("\n") == 1, told
            assert os.strerror(error) in told, told
        assert given.items() <= contents(place).items() or found == expected, "what was finished before is kept"
        assert program(name, place).returncode in (0, 1)
        assert made(place, name) == expected
        left = {path.name for path in place.iterdir()} - set(NEEDS[name]) - {RECORD, *(file.split("/")[0] for file in expected)}
        assert not left, "nothing is left beside"


def test_a_folder_appears_with_its_contact_sheet_or_not_at_all(finished, tmp_path, monkeypatch):
    whole, _ = finished
    place = prepared(whole, "hide", tmp_path / "there")
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if target.name == "masks.sheet.png":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    with monkeypatch.context() as full:
        full.setattr(Path, "replace", failing)
        done = program("hide", place)
    assert done.returncode == 2
    assert done.stderr.startswith("hideseek: masks.sheet.png cannot be written: No space left on device; free space there; ")
    assert names(place) == {*NEEDS["hide"], "masks.safetensors"}
    assert program("hide", place).returncode in (0, 1)
    assert made(place, "hide") == made(whole, "hide")


def test_what_a_folder_held_comes_back_where_the_new_one_cannot_appear(finished, tmp_path, monkeypatch):
    whole, _ = finished
    place = prepared(whole, "seek", tmp_path / "there")
    assert program("seek", place).returncode == 0
    before = contents(place / "cleaned")
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.name == "content":
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    done = program("seek", place)
    assert done.returncode == 2
    assert os.strerror(errno.EIO) in done.stderr
    assert contents(place / "cleaned") == before
    assert names(place) == {*NEEDS["seek"], "cleaned"}


@pytest.mark.parametrize("limit, asked", [(resource.RLIMIT_NOFILE, 10), (resource.RLIMIT_FSIZE, 2_000)])
def test_the_system_itself_says_no(limit, asked, finished, tmp_path):
    """Too few file handles, and files that may not grow: limits of the system, in a process of its own."""
    whole, _ = finished
    place = prepared(whole, "seek", tmp_path / "limited")
    code = (
        "import resource, hideseek_cli.cleaning.pipeline, hideseek_cli.cli.seek; from hideseek_cli.cli.app import main\n"
        f"resource.setrlimit({limit}, ({asked}, {asked})); main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *COMMANDS["seek"], "-j", "16"],
        cwd=place, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("hideseek: ") == 1
    assert "Traceback" not in done.stderr
    assert names(place) == set(NEEDS["seek"])
