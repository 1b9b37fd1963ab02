"""Help: every command and option says what it is for, in whole sentences, under a theme."""

from __future__ import annotations

import importlib
import os
from typing import get_type_hints

import pytest
from typer.main import get_command
from typer.models import ArgumentInfo, OptionInfo
from typer.testing import CliRunner

from hideseek_cli.cli.app import COMMANDS, START, program, run

RUNNER = CliRunner()


def shown(*words: str) -> str:
    return RUNNER.invoke(program(*COMMANDS), [*words], env={"COLUMNS": "100"}).stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_has_help(command):
    function = getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command)
    for name, hint in get_type_hints(function, include_extras=True).items():
        notes = [note for note in getattr(hint, "__metadata__", ()) if isinstance(note, OptionInfo | ArgumentInfo)]
        assert name == "return" or (notes and notes[0].help and notes[0].help.endswith((".", ")"))), name


def test_the_list_of_commands_shows_whole_sentences():
    text = " ".join(shown("--help").split())
    assert "..." not in text.replace("[ARGS]...", "")
    for command in COMMANDS:
        function = getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command)
        assert " ".join(function.__doc__.split("\n\n")[0].split()) in text


def test_hide_shows_what_most_need_first_and_the_rest_by_theme():
    text = shown("hide", "-h")
    sections = [line.removesuffix(":") for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert sections[:3] == ["Arguments", "Options", "How masks are made"]
    first = text.split("Options:")[1].split("How masks are made:")[0]
    for option in ("levels", "prices", "out", "masks", "epsilon", "min-ssim", "recipe", "device", "resume", "dry-run"):
        assert f"--{option}" in first
    assert first.count("--") <= 20 and "hideseek hide data --levels" in text


def test_without_a_command_it_says_what_to_do_first(capsys):
    assert run([]) == 0
    assert capsys.readouterr().out.strip() == START.strip()


def test_paths_of_every_command_may_lie_in_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        function = getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command)
        paths = {name for name, hint in get_type_hints(function).items() if "Path" in str(hint)}
        params = [param for param in get_command(program(*COMMANDS)).commands[command].params if param.name in paths]
        assert len(params) == len(paths) > 0
        for param in params:
            found = [str(param.type.convert(word, param, None)) for word in ("~/x", "./~/x", "x")]
            assert found == [str(tmp_path / "home/x"), str(tmp_path / "~/x"), "x"]


@pytest.mark.parametrize("out", ["--out=~/net", "-o~/net", "--out=./~/net"])
def test_a_file_is_written_to_the_home_folder_and_not_to_one_called_like_it(monkeypatch, tmp_path, out):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert run(["network", "slim", out, "-q"]) == 0
    place = tmp_path / ("~" if "./" in out else "home")
    assert os.listdir(tmp_path) == [place.name] and os.listdir(place) == ["net"]


def test_completion_can_be_installed():
    assert "--install-completion" in shown("--help")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["hide", "--bogus"], "there is no option --bogus (hideseek hide --help"),
        (["hide", "data", "--levles", "30"], "there is no option --levles; did you mean --levels?"),
        (["hidd"], "Did you mean 'hide'?"),
        (["cleaner", "m"], "--level 50, --level clean, or --all"),
        (["hide", ".", "--levels", ""], "--levels is empty"),
        (["hide", ".", "--levels", "many"], "is not a list of percentages"),
        (["hide", ".", "--levels", "30", "--prices", "30"], "is not a list of level=price"),
        (["seek", "only"], "Missing argument"),
    ],
)
def test_what_is_misspelt_is_answered_with_what_was_meant(words, said, capsys):
    assert run(words) == 2
    assert said in capsys.readouterr().err
    assert run([*words, "--json"]) == 2
    written = capsys.readouterr()
    assert '"error"' in written.out and '"exit_code": 2' in written.out
