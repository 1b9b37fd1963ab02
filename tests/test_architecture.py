"""The shape of the house: imports point down, the buyer's road is light, the library prints nothing and knows no option."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hideseek_cli

ROOT = Path(hideseek_cli.__file__).parent
PACKAGES = (
    "errors", "recipe", "runtime", "images", "masks", "formats", "cards", "training", "core", "methods", "attacks", "cleaning",
    "inspection", "publishing", "evaluation", "reporting", "api", "cli",
)  # fmt: skip
"""From the bottom up: a package imports those before it and none behind it."""
FILES = sorted(ROOT.rglob("*.py"))
OUTSIDE_CLI = [path for path in FILES if path.relative_to(ROOT).parts[0] not in ("cli", "__main__.py")]


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__").removesuffix("__init__")


MODULES = {name_of(path) for path in FILES}


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "hideseek_cli":
            base = node.module.removeprefix("hideseek_cli").removeprefix(".")
            below = [f"{base}.{alias.name}".removeprefix(".") for alias in node.names]
            found |= {one if one in MODULES else base for one in below}
    return found - {""}


GRAPH = {name_of(path): imports(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path):
    own = name_of(path).split(".")[0]
    if own in ("", "__main__"):
        return
    allowed = PACKAGES[: PACKAGES.index(own) + 1]
    assert {name.split(".")[0] for name in GRAPH[name_of(path)]} <= set(allowed)


def test_no_module_imports_itself_by_way_of_others():
    def reached(name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [*GRAPH[name]]
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += GRAPH[one]
        return seen

    assert [name for name in GRAPH if name in reached(name)] == []


def test_few_files_lie_beside_the_packages():
    assert len([path for path in ROOT.iterdir() if path.is_file()]) <= 5


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_and_functions_are_short(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 250
    assert path.name == "__init__.py" or text.startswith('"""')
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert {node.name: length(node) for node in functions if length(node) > 50} == {}


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function's code, without what it says of itself: parameters and docstring."""
    first = node.body[1 if ast.get_docstring(node) is not None and len(node.body) > 1 else 0]
    return (node.end_lineno or 0) - first.lineno + 1


@pytest.mark.parametrize("path", OUTSIDE_CLI, ids=name_of)
def test_the_library_prints_nothing_and_names_no_option(path):
    text = path.read_text()
    assert not re.search(r"(^|[^.\w])print\(", text)
    assert "typer" not in text
    assert re.findall(r"(?<![\w-])--[a-z][a-z-]+", text) == []


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_a_buyers_road_imports_no_torch_scipy_or_skimage_and_no_flip():
    loaded = modules_after(
        "import hideseek_cli.cli.app\nfrom hideseek_cli.api import card, cleaner, export, inspect, report, seek"
    )
    assert not {"torch", "scipy", "skimage", "torchvision", "flip_evaluator", "pyarrow"} & loaded


@pytest.mark.slow
def test_nothing_of_a_cluster_and_no_flip_is_imported_before_it_is_asked_for():
    loaded = modules_after("import hideseek_cli.api.seek, hideseek_cli.api.hide, hideseek_cli.publishing.pipeline")
    assert not {"dask", "distributed", "cloudpickle", "hideseek_cli.runtime.dask_executor", "flip_evaluator"} & loaded


@pytest.mark.parametrize("words", ["hide gone --levels 30", "verify gone --test gone", "audit gone --test gone"])
def test_a_folder_that_is_not_there_is_refused_before_torch_is_loaded(words):
    script = f"""
import sys
from hideseek_cli.cli import app
sys.argv = ["hideseek", *{words.split()}]
try:
    app.main()
except SystemExit as left:
    print(left.code, "torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"] and "gone is not a folder" in done.stderr


@pytest.mark.parametrize("path", sorted((ROOT / "api").glob("*.py")), ids=name_of)
def test_the_public_face_knows_the_home_folder_in_every_argument(path):
    """By ``as_path``, where ``Path`` would make a folder called ``~``."""
    for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Path"]
        assert not [ast.unparse(call) for call in calls if any(isinstance(one, ast.Name) for one in call.args)]


def test_no_module_imports_click():
    assert not any(re.search(r"^\s*(import|from) click", path.read_text(), re.M) for path in FILES)


TESTS = Path(__file__).parent
OF_NO_MODULE = {"training/test_golden.py"}
"""Tests of a package that speak of several of its modules."""


@pytest.mark.parametrize("path", sorted((TESTS / "unit").rglob("test_*.py")), ids=lambda path: path.stem)
def test_unit_tests_lie_as_the_modules_lie_that_they_test(path):
    """A package's own file, ``__init__.py``, is tested under the name of the package."""
    where, module = path.relative_to(TESTS / "unit").parent, path.stem.removeprefix("test_")
    if path.relative_to(TESTS / "unit").as_posix() not in OF_NO_MODULE:
        assert module == where.name or (ROOT / where / f"{module}.py").exists()


def test_no_test_imports_another():
    for path in TESTS.rglob("*.py"):
        assert not re.search(r"^from tests\.(\w+\.)*(test_\w+|conftest)\b", path.read_text(), re.M), path
