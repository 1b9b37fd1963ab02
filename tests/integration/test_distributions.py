"""hideseek-seek and hideseek as they are released: what is in them, what a buyer gets, and that neither breaks the other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from PIL import Image

from hideseek_cli import __version__
from hideseek_cli.cli.app import COMMANDS
from hideseek_cli.cli.installed import LIGHT
from tests.helpers.commands import contents
from tests.helpers.environments import Environment, find_python, list_needed
from tests.helpers.releases import released

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
TREE = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = TREE["project"]
LIBRARIES = [one for one in PROJECT["dependencies"] if Requirement(one).name not in TREE["tool"]["hideseek"]["heavy"]]
OLD = ROOT / "tests/data/release-format1"
CODE = {
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "hideseek_cli").rglob("*")
    if path.suffix in (".py", ".md", ".html", ".css", ".typed")
}
SMALL, WHOLE = f"hideseek_seek-{__version__}", f"hideseek-{__version__}"
MOST = 150e6
"""Bytes of a buyer's environment, without pip."""
PYTHONS = ("3.11", "3.12", "3.13")
HAD = ("cards", "cleaning", "formats", "images", "inspection", "masks", "runtime")
"""Packages that a buyer runs."""


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("built")
    before = {path.name for path in ROOT.iterdir()}
    quiet = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # it draws a warning
    command = [sys.executable, str(ROOT / "distributions/build.py"), str(place)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=quiet)
    assert done.returncode == 0, done.stdout
    assert not re.search(r"warning|deprecat", done.stdout, re.IGNORECASE), done.stdout
    assert {path.name for path in ROOT.iterdir()} == before
    return place


@pytest.fixture(scope="module")
def buyer(built, tmp_path_factory) -> Environment:
    """hideseek-seek, and of what is installed here the distributions that it asks for."""
    environment = Environment(tmp_path_factory.mktemp("buyer") / "venv")
    environment.copy(list_needed(LIBRARIES))
    environment.install(wheel(built, SMALL))
    return environment


@pytest.fixture(scope="module", params=PYTHONS)
def anywhere(request, built, tmp_path_factory) -> Environment:
    """hideseek-seek as pip installs it for that Python, and what its tests need."""
    python = find_python(request.param)
    if python is None:
        pytest.skip(f"Python {request.param} is not here")
    environment = Environment(tmp_path_factory.mktemp("anywhere") / "venv", python)
    try:
        environment.fetch("beartype", "hypothesis", "pytest")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"pip reaches no index: {error.stderr[-200:]}")
    environment.fetch(wheel(built, SMALL))
    return environment


def wheel(built: Path, name: str) -> Path:
    return built / f"{name}-py3-none-any.whl"


def of_wheel(built: Path, name: str) -> set[str]:
    with zipfile.ZipFile(wheel(built, name)) as opened:
        return set(opened.namelist())


def of_sdist(built: Path, name: str) -> set[str]:
    with tarfile.open(built / f"{name}.tar.gz") as opened:
        return {one.name.removeprefix(f"{name}/") for one in opened if one.isfile()}


def listed(environment: Environment) -> set[str]:
    """Commands that help shows."""
    shown = environment.run("--help").stdout
    return {name for name in COMMANDS if re.search(rf"^  {name}  ", shown, re.MULTILINE)}


def about(names: set[str]) -> set[str]:
    """What is no file of setuptools' own."""
    return {name for name in names if ".egg-info/" not in name and name not in ("PKG-INFO", "setup.cfg")}


def test_all_code_is_in_the_one_and_none_in_the_other(built):
    assert len(list(built.iterdir())) == 4
    for name, code in (SMALL, CODE), (WHOLE, set()):
        notes = {f"{name}.dist-info/{file}" for file in ("METADATA", "RECORD", "WHEEL", "top_level.txt", "licenses/LICENSE")}
        assert of_wheel(built, name) - {f"{name}.dist-info/entry_points.txt"} == code | notes
        assert about(of_sdist(built, name)) == code | {"LICENSE", "README.md", "pyproject.toml"}
    assert f"{WHOLE}.dist-info/entry_points.txt" not in of_wheel(built, WHOLE)


def test_the_whole_asks_for_the_small_one_of_its_version_with_all_extras(built):
    with zipfile.ZipFile(wheel(built, WHOLE)) as opened:
        notes = message_from_bytes(opened.read(f"{WHOLE}.dist-info/METADATA"))
    extras = set(PROJECT["optional-dependencies"])
    asked = {f'hideseek-seek[{name}]=={__version__}; extra == "{name}"' for name in extras}
    assert set(notes.get_all("Requires-Dist")) == {f"hideseek-seek[whole]=={__version__}"} | asked
    assert set(notes.get_all("Provides-Extra")) == extras
    assert (notes["Requires-Python"], notes["License-Expression"]) == (PROJECT["requires-python"], PROJECT["license"])


def test_a_buyer_gets_little_and_cleans_exactly(buyer, tmp_path):
    assert "No broken requirements" in buyer.pip("check")
    assert "torch" not in buyer.pip("list")
    assert sum(path.stat().st_size for path in buyer.place.rglob("*") if path.is_file() and not path.is_symlink()) < MOST
    before = contents(OLD)
    assert "exact" in buyer.run("seek", OLD / "published", OLD / "cleaner_clean.safetensors", "-o", tmp_path / "clean").stdout
    assert len(list((tmp_path / "clean").rglob("*.png"))) == 12 and contents(OLD) == before
    made = buyer.run("cleaner", OLD / "masks.safetensors", "--level", "65", "-o", tmp_path / "cleaner").stdout
    assert "cleaner" in made
    buyer.run("seek", OLD / "published", tmp_path / "cleaner", "-o", tmp_path / "k65")
    assert contents(tmp_path / "k65").keys() == contents(tmp_path / "clean").keys()


def test_a_buyer_of_jpegs_hears_what_is_lacking_and_cleans_with_it(buyer, make_folder, tmp_path, executor):
    root = released(make_folder, tmp_path, executor, pattern_sets=1, jpeg=True)
    words = ("seek", root / "published", root / "cleaner", "-o", tmp_path / "out")
    assert "72 jpg" in buyer.run("inspect", root / "published").stdout
    said = buyer.run(*words, code=2).stderr.splitlines()
    assert [line for line in said if "hideseek-seek[jpeg]" in line] == said[-1:] and not (tmp_path / "out").exists()
    (extra,) = PROJECT["optional-dependencies"]["jpeg"]
    assert extra in PROJECT["dependencies"]
    buyer.copy(list_needed([extra]) - list_needed(LIBRARIES))
    assert "exact" in buyer.run(*words).stdout and contents(tmp_path / "out") == contents(root / "k50")


def test_a_buyers_help_shows_what_is_there_and_the_rest_says_how_it_is_had(buyer):
    assert listed(buyer) == LIGHT
    for words in ("hide", "data", "--levels", "50"), ("verify", "cleaned", "--test", "test"):
        assert "pip install hideseek " in buyer.run(*words, code=2).stderr


def code_of(environment: Environment) -> set[str]:
    place = environment.packages / "hideseek_cli"
    return {f"hideseek_cli/{name}" for name in contents(place) if not name.endswith(".pyc")}


def install_both(built: Path, place: Path, *names: str) -> Environment:
    both = Environment(place)
    for name in names:
        both.install(wheel(built, name), "--no-deps")
    libraries = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    (both.packages / "here.pth").write_text("\n".join(libraries))
    assert listed(both) == set(COMMANDS)
    (both.packages / "here.pth").unlink()  # or pip would see what lies there
    return both


def test_the_whole_comes_second_and_goes_alone(built, tmp_path):
    both = install_both(built, tmp_path / "venv", SMALL, WHOLE)
    both.pip("uninstall", "--yes", "hideseek")
    assert code_of(both) == CODE and (both.place / "bin/hideseek").exists()


def test_the_whole_comes_first_and_the_small_one_goes_and_comes_back(built, tmp_path):
    both = install_both(built, tmp_path / "venv", WHOLE, SMALL)
    both.pip("uninstall", "--yes", "hideseek-seek")
    assert code_of(both) == set() and not (both.place / "bin/hideseek").exists()
    both.install(wheel(built, SMALL), "--no-deps")
    assert code_of(both) == CODE and (both.place / "bin/hideseek").exists()


def pixels(folder: Path) -> dict[str, np.ndarray]:
    """Of all images of a folder."""
    return {path.relative_to(folder).as_posix(): np.asarray(Image.open(path)) for path in folder.rglob("*.png")}


def test_the_buyers_road_on_every_python(anywhere, make_folder, tmp_path, executor):
    root = released(make_folder, tmp_path, executor, pattern_sets=1)
    before = contents(root)
    assert "72" in anywhere.run("inspect", root / "published").stdout
    assert "level 50" in anywhere.run("inspect", root / "cleaner").stdout
    anywhere.run("cleaner", root / "masks", "--level", "clean", "-o", tmp_path / "whole")
    for cleaner, expected in ((root / "cleaner", root / "k50"), (tmp_path / "whole", root / "data")):
        out = tmp_path / f"of {cleaner.name}"
        assert "exact" in anywhere.run("seek", root / "published", cleaner, "-o", out).stdout
        bought, wanted = pixels(out), pixels(expected)
        assert bought.keys() == wanted.keys() and len(bought) == 72
        assert all(np.array_equal(bought[name], wanted[name]) for name in wanted)
    assert before.items() <= contents(root).items()
    assert listed(anywhere) == LIGHT and "torch" not in anywhere.pip("list")
    assert "pip install hideseek " in anywhere.run("verify", root / "k50", "--test", root / "test", code=2).stderr


def test_unit_tests_of_what_a_buyer_runs_on_every_python(anywhere, tmp_path):
    """Beside a copy, for in the tree its own package would be tested."""
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    options = ["-p", "tests.helpers.left_out", "-m", "not slow", "--hypothesis-profile", "quick"]
    hides = "--ignore=tests/unit/runtime/test_exposure.py"
    said = anywhere.test(*options, hides, *(f"tests/unit/{name}" for name in HAD), cwd=tmp_path)
    found = re.search(r"(\d+) passed", said)
    assert found and int(found[1]) > 600, said
