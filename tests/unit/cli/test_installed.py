"""A buyer's installation: commands that run without PyTorch are there, and each other says how it is had."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

import hideseek_cli
from hideseek_cli.cli import installed
from hideseek_cli.cli.app import COMMANDS, run
from hideseek_cli.cli.installed import HEAVY, LIGHT, describe_absent, list_installed

SOURCE = Path(hideseek_cli.__file__).parent
OTHERS = sorted(set(COMMANDS) - LIGHT)


@pytest.fixture
def buyers(monkeypatch):
    """An installation that lacks one of the heavy modules."""
    monkeypatch.setattr(installed, "HEAVY", ("json", "no_such_module"))


def test_the_whole_has_all_commands_and_says_nothing_of_others():
    assert list_installed(COMMANDS) == list(COMMANDS) and describe_absent(COMMANDS) == ""


def test_light_commands_are_commands():
    assert set(COMMANDS) > LIGHT >= {"seek"}


def test_help_lists_what_is_there_and_how_the_rest_is_had(buyers, capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert {name for name in COMMANDS if re.search(rf"^  {name}  ", text, re.M)} == LIGHT
    assert re.search(r"without hide, .*audit\. For these: pip install hideseek ", " ".join(text.split()))


def test_without_a_command_it_says_how_the_rest_is_had(buyers, capsys):
    assert run([]) == 0
    assert capsys.readouterr().out.strip().endswith(describe_absent(COMMANDS))


@pytest.mark.parametrize("command", OTHERS)
def test_a_command_that_is_not_there_says_how_it_is_had(buyers, capsys, command):
    assert run([command, "--help", "--json"]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"hideseek: {command} needs PyTorch") and "pip install hideseek " in shown.err
    assert json.loads(shown.out)["exit_code"] == 2


@pytest.mark.parametrize("command", sorted(LIGHT))
def test_a_light_command_is_there(buyers, capsys, command):
    assert run([command, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: hideseek {command} ")


@pytest.mark.parametrize("command", sorted(LIGHT))
def test_a_light_command_and_what_it_calls_load_where_nothing_heavy_is(command):
    called = sorted(set(re.findall(r"\bhs\.(\w+)", (SOURCE / f"cli/{command}.py").read_text())))
    script = f"""
import sys
sys.modules.update(dict.fromkeys({HEAVY}))
import hideseek_cli as hs, hideseek_cli.cli.{command}, hideseek_cli.cli.terminal
print(len([getattr(hs, name) for name in {called}]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.strip() == str(len(called)) != "0", done.stderr


def test_heavy_are_the_modules_that_the_small_distribution_leaves_out():
    heavy = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text())["tool"]["hideseek"]["heavy"]
    found = packages_distributions()
    assert {found[module][0] for module in HEAVY} == set(heavy)
