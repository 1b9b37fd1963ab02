"""Measurements can be found and started: under their own names, by the commands that pages and docstrings give."""

import ast
import json
import re
import shutil
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
import torchvision.models as zoo
from safetensors.torch import save_file

import hideseek_cli as hs
from bench.levels import worth
from hideseek_cli.images.codec import decode
from tests.helpers.folders import MakeFolder
from tests.helpers.releases import released

ROOT = Path(__file__).parent.parent
BENCH = ROOT / "bench"
MODULES = sorted(path for path in BENCH.rglob("*.py") if path.name != "__init__.py")
SCRIPTS = [path for path in MODULES if '__name__ == "__main__"' in path.read_text()]
THEMES = {"performance", "levels", "protection", "methods"}


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def test_themes_have_a_folder_each():
    assert {path.parent.name for path in SCRIPTS} == THEMES


def test_no_script_bears_the_name_of_a_module_of_the_package():
    assert not {path.stem for path in MODULES} & {path.stem for path in (ROOT / "hideseek_cli").rglob("*.py")}


@pytest.mark.parametrize("path", MODULES, ids=dotted)
def test_docstrings_name_commands_that_there_are(path):
    text = path.read_text()
    commands = re.findall(r"bench(?:\.[a-z_]+)+", text)
    assert {name for name in commands if not (ROOT / f"{name.replace('.', '/')}.py").exists()} == set()
    for name in re.findall(r"bench/[\w/]+\.(?:py|sh)", text):
        assert (ROOT / name).exists(), name
    if path in SCRIPTS:
        assert f"python -m {dotted(path)}" in (ast.get_docstring(ast.parse(text)) or "")


def test_the_table_lists_every_script_and_no_other():
    table = (BENCH / "README.md").read_text()
    listed = set(re.findall(r"`((?:performance|levels|protection|methods)\.\w+)", table))
    assert listed == {dotted(path).removeprefix("bench.") for path in SCRIPTS}
    assert all((ROOT / name).exists() for name in re.findall(r"bench/[\w/]+\.sh", table))


def test_figures_name_scripts_that_there_are():
    names = set(re.findall(r"^\|.*?`(\w+\.py)", (ROOT / "docs/results/README.md").read_text(), re.MULTILINE))
    assert names and not names - {path.name for path in SCRIPTS}


@pytest.mark.slow
def test_what_levels_are_worth_is_measured_once(
    make_folder: MakeFolder, tmp_path: Path, executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a release that is there already."""
    released(make_folder, tmp_path, executor, pattern_sets=1)
    place = tmp_path / "out" / "classes-0"
    shutil.copytree(tmp_path / "published", place / "published")
    shutil.copy(tmp_path / "masks", place / "masks.safetensors")
    levels = [{"level": 50.0, "reachable": True}, {"level": 70.0, "reachable": False}]
    (place / "hide.json").write_text(json.dumps({"levels": levels}))
    save_file(zoo.shufflenet_v2_x0_5(weights=None).state_dict(), tmp_path / "weights")
    options = f"--ways classes --runs 1 --arch lenet --attacks greyscale --backbone shufflenet_v2_x0_5:{tmp_path}/weights"
    monkeypatch.setattr("sys.argv", ["worth", str(tmp_path), str(tmp_path / "out"), *options.split()])
    worth.main()
    text = (tmp_path / "out" / "worth.json").read_bytes()
    rows = json.loads(text)
    assert [one["level"] for one in rows] == ["published", "50", "clean"]
    assert all(one.keys() > worth.MEASURES.keys() for one in rows)
    assert all(one["attacks"].keys() == {"greyscale", "probe", "knn"} for one in rows)
    assert all(np.array_equal(decode(path), decode(tmp_path / "data" / path.relative_to(place / "clean")))
               for path in (place / "clean").rglob("*.png"))  # fmt: skip
    assert "recall" in (tmp_path / "out" / "worth.md").read_text()

    asked: list[object] = []
    verify = hs.verify
    monkeypatch.setattr(hs, "verify", lambda folder, *rest, **more: asked.append(more) or verify(folder, *rest, **more))
    monkeypatch.setattr(hs, "audit", None)
    monkeypatch.setattr(hs, "hide", None)
    worth.main()
    assert (tmp_path / "out" / "worth.json").read_bytes() == text and not asked
    kept = json.loads((place / "50.json").read_bytes())
    (place / "50.json").write_text(json.dumps({name: one for name, one in kept.items() if name != "longer"}))
    worth.main()
    assert (tmp_path / "out" / "worth.json").read_bytes() == text
    assert [one["recipe"].epochs for one in asked] == [4 * 2]
