"""Law 4 by force: SIGKILL at any moment leaves nothing or a whole thing, and the next run ends with the same bytes.

``make test-kill`` strikes often; the ordinary suite a few times.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import write_images
from tests.integration.test_commands import FAST, contents, run

KILLS = int(os.environ.get("HIDESEEK_KILLS", "3"))
HIDE = ("hide", "data", "--levels", "55", "--max-runs", "14", "--robust", "none", "--key-file", "key", "--seed", "1", *FAST)
COMMANDS = {
    "hide": (*HIDE, "--resume"),
    "cleaner": ("cleaner", "masks.safetensors", "--all", "--overwrite"),
    "seek": ("seek", "published", "cleaner_clean.safetensors", "--resume", "--overwrite"),
}
ORDER = ("hide", "seek", "cleaner", "seek", "hide", "seek")
NEEDS = {
    "hide": ("data", "key", ".masks.safetensors.journal"),
    "cleaner": ("masks.safetensors",),
    "seek": ("published", "cleaner_clean.safetensors"),
}
FIRST = {"hide": ".published.partial", "cleaner": ".cleaner*", "seek": ".cleaned.partial"}
LAST = {"hide": "published", "cleaner": "cleaner_clean.safetensors", "seek": "cleaned"}
"""What appears with a command's first write, and with its last."""


def started(name: str, cwd: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hideseek_cli", *COMMANDS[name], "-q"]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def awaited(pattern: str, place: Path, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not any(place.glob(pattern)):
        time.sleep(0.0005)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[float, float]]]:
    """All three commands run to their ends, the journal as it was before the first write, and how long each takes to its
    first write and from there to its last."""
    place = tmp_path_factory.mktemp("finished")
    write_images(place / "data", 3, 40 if KILLS > 60 else 16)
    (place / "key").write_bytes(bytes(range(32)))
    run(*HIDE, cwd=place, code=None)
    shutil.rmtree(place / "published")
    (place / "masks.safetensors").unlink()
    times = {}
    for name in COMMANDS:
        begun = time.monotonic()
        process = started(name, place)
        awaited(FIRST[name], place, process)
        if name == "hide":
            shutil.copy(place / NEEDS["hide"][2], place / "journal")
        first = time.monotonic()
        awaited(LAST[name], place, process)
        times[name] = (first - begun, time.monotonic() - first)
        assert process.wait() in (0, 1)
    (place / "journal").rename(place / NEEDS["hide"][2])
    return place, times


def made(place: Path, name: str) -> dict[str, bytes]:
    """What a command has made that a user sees."""
    names = {"hide": ("published", "masks.safetensors"), "cleaner": ("cleaner*",), "seek": ("cleaned",)}[name]
    paths = [path for pattern in names for path in place.glob(pattern)]
    folders = {f"{path.name}/{file}": content for path in paths if path.is_dir() for file, content in contents(path).items()}
    return folders | {path.name: path.read_bytes() for path in paths if path.is_file()}


def test_a_killed_command_leaves_nothing_or_a_whole_thing_and_the_next_run_the_same_bytes(finished, tmp_path):
    whole, times = finished
    draw, struck = random.Random(0), Counter()
    for number in range(KILLS):
        name = ORDER[number % len(ORDER)]
        place = tmp_path / str(number)
        place.mkdir()
        for need in NEEDS[name]:
            (shutil.copytree if (whole / need).is_dir() else shutil.copy)(whole / need, place / need)
        before, after = times[name]
        process = started(name, place)
        if number % 15 < 12:
            awaited(FIRST[name], place, process)
            time.sleep(draw.uniform(0, 0.9 * after))
        else:
            time.sleep(draw.uniform(0, before + after))
        process.send_signal(signal.SIGKILL)
        process.wait()
        begun = any(place.glob(FIRST[name])) or made(place, name)
        struck[name, "after" if (place / LAST[name]).exists() else "while" if begun else "before"] += 1
        expected, found = made(whole, name), made(place, name)
        assert set(found.items()) <= set(expected.items()), "whatever is there is whole"
        for folder in ("published", "cleaned"):
            there = {file for file in found if file.startswith(f"{folder}/")}
            assert there in (set(), {file for file in expected if file.startswith(f"{folder}/")}), "a folder is whole or absent"
        run(*COMMANDS[name], cwd=place, code=None)
        assert made(place, name) == expected
        left = {path.name for path in place.iterdir()} - set(NEEDS[name]) - {file.split("/")[0] for file in expected}
        assert not left, "nothing is left beside"
        assert contents(place / "data") == contents(whole / "data") if name == "hide" else True, "law 5"
        shutil.rmtree(place)
    told = "; ".join(f"{name} {count} {when} it wrote" for (name, when), count in sorted(struck.items()))
    warnings.warn(f"{KILLS} times SIGKILL: {told}", stacklevel=1)
    assert KILLS < 60 or sum(count for (_, when), count in struck.items() if when == "while") >= 0.6 * KILLS
