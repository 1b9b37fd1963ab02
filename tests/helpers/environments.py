"""Environments of their own, made from what is installed here: nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

VERSION = "python{}.{}".format(*sys.version_info)


def list_needed(requirements: list[str]) -> set[str]:
    """Names of the distributions that those requirements ask for, and that these ask for in turn; no extras."""
    found: set[str] = set()
    waiting = [*requirements]
    while waiting:
        asked = Requirement(waiting.pop())
        if asked.name not in found and (asked.marker is None or asked.marker.evaluate({"extra": ""})):
            found.add(asked.name)
            waiting += distribution(asked.name).requires or []
    return found


class Environment:
    """An environment without pip, on which the pip that is here works."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.packages = place / "lib" / VERSION / "site-packages"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)

    def copy(self, names: set[str]) -> None:
        """Put distributions there as they are here."""
        for name in names:
            for file in distribution(name).files or []:
                if ".." not in file.parts and file.suffix != ".pyc":
                    (self.packages / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file.locate(), self.packages / file)

    def install(self, wheel: Path, *options: str) -> None:
        """Install from that file and no index."""
        self.pip("install", "--no-index", "--no-compile", *options, wheel)

    def pip(self, *arguments: str | Path) -> str:
        """What pip says of that environment."""
        command = [sys.executable, "-m", "pip", "--python", str(self.place), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=_bare()).stdout

    def run(self, *words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        """``hideseek``, as that environment has it."""
        command = [str(self.place / "bin/hideseek"), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.place, env=_bare())
        assert done.returncode == code, done.stderr + done.stdout
        return done


def _bare() -> dict[str, str]:
    """The variables of this process, without those that lead to other packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
