"""Build the two distributions, each as a wheel and as an sdist: ``python packaging/build.py dist``.

hideseek-seek is this tree: all code, and the libraries that a buyer needs. hideseek holds no code: it asks for hideseek-seek
of the same version and for its extra ``whole``. So no file belongs to both, and pip installs and removes them in any order.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SHARED = ("README.md", "LICENSE")
WHOLE = "whole"
"""The extra that hideseek has at once; the others it has too, under their names."""
KEPT = ("description", "readme", "requires-python", "license", "license-files", "keywords", "classifiers")
"""What both distributions say of themselves."""


def describe_whole(tree: dict[str, Any], version: str) -> str:
    """The pyproject.toml of hideseek, from that of hideseek-seek and its version."""
    project = tree["project"]

    def ask(extra: str) -> list[str]:
        return [f"{project['name']}[{extra}]=={version}"]

    tables = {
        "build-system": tree["build-system"],
        "project": {"name": "hideseek", "version": version, "dependencies": ask(WHOLE)} | {key: project[key] for key in KEPT},
        "project.optional-dependencies": {name: ask(name) for name in project["optional-dependencies"] if name != WHOLE},
        "tool.setuptools": {"packages": []},
    }
    return "\n".join(
        f"[{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )


def build(place: Path, out: Path) -> Path:
    """The wheel that ``place`` makes, by way of its sdist; both are left in ``out``."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(place)]
    subprocess.run(command, cwd=place, check=True)
    return max(out.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime_ns)


def main(out: Path) -> None:
    """Build both beside the tree, in which nothing is written."""
    tree = tomllib.loads((ROOT / "pyproject.toml").read_text())
    with tempfile.TemporaryDirectory() as scratch:
        seek, whole = Path(scratch, "seek"), Path(scratch, "whole")
        for place in (seek, whole):
            place.mkdir()
            for name in SHARED:
                shutil.copy(ROOT / name, place)
        shutil.copy(ROOT / "pyproject.toml", seek)
        shutil.copytree(ROOT / "hideseek_cli", seek / "hideseek_cli", ignore=shutil.ignore_patterns("__pycache__"))
        version = build(seek, out).name.split("-")[1]
        (whole / "pyproject.toml").write_text(describe_whole(tree, version))
        build(whole, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
