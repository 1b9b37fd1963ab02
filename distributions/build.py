"""Build the two distributions, each as a wheel and as an sdist: ``python distributions/build.py dist``.

hideseek-seek is all code, and the libraries that a buyer needs. hideseek holds no code: it asks for hideseek-seek of the same
version and for its extra ``whole``. So no file belongs to both, and pip installs and removes them in any order.
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

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SHARED = ("README.md", "LICENSE")
SEEK, WHOLE = "hideseek-seek", "whole"
"""The small distribution, and the extra of it that hideseek has at once; other extras both have."""
KEPT = ("description", "readme", "requires-python", "license", "license-files", "keywords", "classifiers")
"""What both distributions say of themselves."""


def describe_seek(tree: dict[str, Any]) -> str:
    """The pyproject.toml of hideseek-seek: that of the tree, whose heavy libraries are the extra ``whole``."""
    project, tools = tree["project"], tree["tool"]
    heavy = [one for one in project["dependencies"] if Requirement(one).name in tools["hideseek"]["heavy"]]
    light = [one for one in project["dependencies"] if one not in heavy]
    return write_toml({
        "build-system": tree["build-system"],
        "project": {"name": SEEK, "dynamic": ["version"], "dependencies": light} | {key: project[key] for key in KEPT},
        "project.optional-dependencies": project["optional-dependencies"] | {WHOLE: heavy},
        "project.scripts": project["scripts"],
        "tool.setuptools.packages.find": tools["setuptools"]["packages"]["find"],
        "tool.setuptools.package-data": tools["setuptools"]["package-data"],
        "tool.setuptools.dynamic.version": tools["setuptools"]["dynamic"]["version"],
    })  # fmt: skip


def describe_whole(tree: dict[str, Any], version: str) -> str:
    """The pyproject.toml of hideseek, which asks for hideseek-seek of that version."""
    project = tree["project"]

    def ask(extra: str) -> list[str]:
        return [f"{SEEK}[{extra}]=={version}"]

    return write_toml({
        "build-system": tree["build-system"],
        "project": {"name": "hideseek", "version": version, "dependencies": ask(WHOLE)} | {key: project[key] for key in KEPT},
        "project.optional-dependencies": {name: ask(name) for name in project["optional-dependencies"]},
        "tool.setuptools": {"packages": []},
    })  # fmt: skip


def write_toml(tables: dict[str, dict[str, Any]]) -> str:
    """Tables of text and lists of text, in which JSON is TOML."""
    return "\n".join(
        f"[{name}]\n" + "".join(f"{json.dumps(key)} = {json.dumps(value)}\n" for key, value in table.items())
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
        (seek / "pyproject.toml").write_text(describe_seek(tree))
        shutil.copytree(ROOT / "hideseek_cli", seek / "hideseek_cli", ignore=shutil.ignore_patterns("__pycache__"))
        version = build(seek, out).name.split("-")[1]
        (whole / "pyproject.toml").write_text(describe_whole(tree, version))
        build(whole, out)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
