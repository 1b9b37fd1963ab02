"""Environments of their own: made from what is installed here, or by pip from its index, for any Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def find_python(version: str) -> Path | None:
    """A Python of that version, ``3.12``, of pyenv or on the path; None where there is none that runs."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    named = shutil.which(f"python{version}")
    for python in [*sorted(home.glob(f"versions/{version}.*/bin/python")), *([Path(named)] if named else [])]:
        says = subprocess.run(
            [python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True, text=True
        )
        if says.stdout.strip() == version:
            return python
    return None


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

    def __init__(self, place: Path, python: Path | str = sys.executable) -> None:
        self.place = place
        subprocess.run([python, "-m", "venv", "--without-pip", str(place)], check=True, env=_bare())
        (self.packages,) = place.glob("lib/python*/site-packages")

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

    def fetch(self, *requirements: str | Path) -> None:
        """Install what is built for it, from the index that pip knows."""
        self.pip("install", "--only-binary", ":all:", "--no-compile", *requirements)

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

    def test(self, *words: str, cwd: Path) -> str:
        """What pytest says last, as that environment has it; it must pass."""
        command = [self.place / "bin/python", "-m", "pytest", "-q", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=_bare())
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.splitlines()[-1]


def _bare() -> dict[str, str]:
    """The variables of this process, without those that lead to other packages."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
