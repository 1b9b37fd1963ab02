"""Measurements can be found and started: under their own names, by the commands that pages and docstrings give."""

import ast
import re
from pathlib import Path

import pytest

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
