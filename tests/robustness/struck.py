"""Three commands on a small folder, which are killed and whose disk fails: what they need, write and leave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.helpers.commands import FAST, contents

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
FIRST = {"hide": ".published*.partial/content", "cleaner": ".cleaner*", "seek": ".cleaned*.partial/content"}
LAST = {"hide": "published", "cleaner": "cleaner_clean.safetensors", "seek": "cleaned"}
"""What appears with a command's first write, and with its last."""
RECORD = "masks.hide.json"
"""What ``hide`` leaves besides; it says how long it took."""


def started(name: str, cwd: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hideseek_cli", *COMMANDS[name], "-q"]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def awaited(pattern: str, place: Path, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None and not any(place.glob(pattern)):
        time.sleep(0.0005)


def made(place: Path, name: str) -> dict[str, bytes]:
    """What a command has made that a user sees."""
    names = {"hide": ("published", "masks.s*"), "cleaner": ("cleaner*",), "seek": ("cleaned",)}[name]
    paths = [path for pattern in names for path in place.glob(pattern)]
    folders = {f"{path.name}/{file}": content for path in paths if path.is_dir() for file, content in contents(path).items()}
    return folders | {path.name: path.read_bytes() for path in paths if path.is_file()}
