"""The shape of the house: imports point down, the buyer's road is light, the library prints nothing."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import hideseek_cli

ROOT = Path(hideseek_cli.__file__).parent
LAYERS = [
    {"exif"},
    {
        "errors",
        "progress",
        "parallel",
        "recipe",
        "keys",
        "layers",
        "files",
        "picture",
        "carry",
        "residuals",
        "complaints",
        "scanner",
        "memory",
    },
    {"tar", "container"},
    {"entry"},
    {"packed"},
    {"mask", "listing"},
    {"layouts", "shards"},
    {"folder", "form"},
    {"manifest", "stats", "metrics", "journal", "cache"},
    {"bundle", "generator", "network", "delivery"},
    {"stack", "cluster", "cleaning"},
    {"core.lens"},
    {"core.data", "core.networks", "core.curve", "core.changes"},
    {"core.checkpoint", "core.recorded"},
    {"core.classifier", "core.calibration", "core.rules"},
    {"core.surrogate"},
    {"core.bilevel", "core.evaluator", "core.rounds", "core.noisemaker"},
    {"core.samples", "core.confounder", "core.gradients", "core.distillation"},
    {"methods"},
    {"methods.emn", "methods.noise"},
    {"methods.samplewise", "methods.confounder", "methods.ungeneralizable"},
    {"attacks"},
    {"attacks.compression"},
    {"attacks.augmentation", "attacks.matching", "attacks.denoising"},
    {"attacks.estimation", "attacks.tiers"},
    {"order", "material"},
    {"release", "intake"},
    {"trials"},
    {"levels", "plan"},
    {"hiding"},
    {"subject", "contenders"},
    {"hide", "seek", "verify", "audit", "protect", "learnable"},
    {"cli.terminal"},
    {"cli.options"},
    {"cli.protect", "cli.outcome"},
    {"cli.hide", "cli.cleaner", "cli.seek", "cli.verify", "cli.metrics", "cli.audit", "cli.network"},
    {"cli.app"},
    {"__main__"},
]
WITHIN = {"errors"}
"""What modules of the lowest layer may import from beside."""
FILES = sorted(ROOT.rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__").removesuffix("__init__")


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports."""
    modules = {name_of(file) for file in FILES}
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "hideseek_cli":
            base = node.module.removeprefix("hideseek_cli").removeprefix(".")
            for alias in node.names:
                below = f"{base}.{alias.name}".removeprefix(".")
                found.add(below if below in modules else base)
    return found - {""}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_point_down(path):
    name = name_of(path)
    if name in ("", "core", "cli"):
        assert not imports(path)
        return
    level = next((number for number, layer in enumerate(LAYERS) if name in layer), None)
    assert level is not None, f"{name} is in no layer: give it one here and in docs/architecture.md"
    allowed = set().union(*LAYERS[:level]) | WITHIN
    assert imports(path) <= allowed - {name}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_short_and_the_library_prints_nothing(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 260
    assert path.name == "__init__.py" or text.startswith('"""')
    if "cli" not in path.relative_to(ROOT).parts:
        assert not re.search(r"(^|[^.\w])print\(", text)
        assert "typer" not in text


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split())


def test_a_buyers_road_imports_no_torch_scipy_or_skimage():
    loaded = modules_after("import hideseek_cli.cli.app, hideseek_cli.seek, hideseek_cli.bundle, hideseek_cli.manifest")
    assert not {"torch", "scipy", "skimage", "torchvision"} & loaded


def test_nothing_of_a_cluster_is_imported_before_it_is_asked_for():
    loaded = modules_after("import hideseek_cli.cli.seek, hideseek_cli.cli.hide, hideseek_cli.hide, hideseek_cli.seek")
    assert not {"dask", "distributed", "cloudpickle", "hideseek_cli.cluster"} & loaded


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


def test_no_module_imports_click():
    assert not any(re.search(r"^\s*(import|from) click", path.read_text(), re.M) for path in FILES)


def test_the_diagram_names_every_module():
    text = (ROOT.parent / "docs/architecture.md").read_text()
    missing = [name for layer in LAYERS for name in layer if name != "__main__" and f"`{name.replace('.', '/')}`" not in text]
    assert not missing
