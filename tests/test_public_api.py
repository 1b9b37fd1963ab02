"""The public face: light to import, spelt as the commands are, documented."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import hideseek_cli as hs
from hideseek_cli.cli.app import COMMANDS

FUNCTIONS = [name for name in hs.__all__ if inspect.isfunction(getattr(hs, name)) and name != "preset"]
FACE = {"card": "write_card", "cleaner": "make_cleaner", "network": "make_network"}
"""Functions that are not named as their commands are, which are nouns."""
SHOWN = {"json", "junit", "style", "quiet", "verbose"}
"""How a command shows its result."""
OWN = {
    "cleaner": {"every"},
    "audit": {"max_accuracy"},
    "hide": {"dry_run"},
    "seek": {"dry_run"},
    "export": {"dry_run"},
    "verify": {"per_class"},
}  # fmt: skip
"""What a command does with a result, or with several calls."""


def test_importing_the_package_takes_no_torch():
    script = "import hideseek_cli, sys; dir(hideseek_cli); print('torch' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


@pytest.mark.parametrize("name", ["seek", "inspect", "make_cleaner", "make_network", "write_card", "export", "report"])
def test_what_trains_nothing_takes_no_torch(name):
    script = f"import hideseek_cli as hs, sys; hs.{name}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_every_name_is_there_and_no_other():
    assert all(getattr(hs, name) is not None for name in hs.__all__)
    assert set(hs.__all__) <= set(dir(hs))
    with pytest.raises(AttributeError, match="has no attribute 'bury'"):
        _ = hs.bury


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_argument_is_documented(name):
    function = getattr(hs, name)
    text = inspect.getdoc(function) or ""
    if "otherwise as ``make_cleaner``" in text:
        return
    assert "Args:" in text and "Raises:" in text
    said = {
        word for line in text.partition("Args:")[2].splitlines() if ": " in line for word in line.split(": ")[0].split(", ")
    }
    assert {word.strip() for word in said} >= set(inspect.signature(function).parameters)


@pytest.mark.parametrize("command", COMMANDS)
def test_arguments_are_the_words_of_the_command(command):
    words = inspect.signature(getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command)).parameters
    own = set(inspect.signature(getattr(hs, FACE.get(command, command))).parameters)
    assert set(words) - SHOWN - OWN.get(command, set()) == own - {"progress"}
