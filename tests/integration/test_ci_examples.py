"""The examples of continuous integration: what they run is what there is, and they fail where they should."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from typer.main import get_command

from hideseek_cli.cli.app import COMMANDS, program
from tests.helpers.folders import write_images
from tests.helpers.releases import released

CI = Path(__file__).parents[2] / "examples/ci"


def read_steps(name: str) -> list[str]:
    """The scripts of a workflow or job, in their order."""
    document: dict[str, Any] = yaml.safe_load((CI / name).read_text())
    if "jobs" in document:
        return [step["run"] for job in document["jobs"].values() for step in job["steps"] if "run" in step]
    return [line for job in document.values() for line in (*job["before_script"], *job["script"])]


def put_on_path(place: Path, name: str, script: str) -> None:
    place.mkdir(exist_ok=True)
    (place / name).write_text(f"#!/bin/sh\n{script}\n")
    (place / name).chmod(0o755)


def run_script(script: str, road: Path, *words: str, shell: str = "sh", **variables: str) -> subprocess.CompletedProcess[str]:
    """Run with what was put into ``bin`` first on the path."""
    environment = {**os.environ, "PATH": f"{road / 'bin'}:{os.environ['PATH']}", **variables}
    command = [shell, "-e", "-c", script, *words] if shell == "bash" else [shell, script, *words]
    return subprocess.run(command, cwd=road, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_every_command_of_a_job_is_one_that_there_is(name):
    lines = [line for step in read_steps(name) for line in step.splitlines() if line.startswith("hideseek ")]
    commands = get_command(program(*COMMANDS)).commands  # type: ignore[attr-defined]
    seen = set()
    for line in lines:
        _, command, *words = shlex.split(line.split(" >> ")[0])
        commands[command].make_context(command, words)
        seen.add(command)
    assert seen == {"inspect", "verify", "audit"}


@pytest.mark.parametrize("name", ["github.yml", "gitlab.yml"])
def test_a_job_runs_until_a_command_fails(tmp_path, name):
    put_on_path(tmp_path / "bin", "pip", "")
    put_on_path(tmp_path / "bin", "hideseek", 'echo "$1" >> log; [ "$1" != verify ]')
    codes = [run_script(step, tmp_path, shell="bash", GITHUB_STEP_SUMMARY="summary").returncode for step in read_steps(name)]
    assert codes == [0, 0, 1, 0] and (tmp_path / "log").read_text().split() == ["inspect", "verify", "audit"]


def test_what_a_job_keeps_is_what_its_commands_write():
    job = yaml.safe_load((CI / "gitlab.yml").read_text())["protects"]
    assert job["artifacts"]["reports"]["junit"] == "reports/*.xml" and job["artifacts"]["when"] == "always"
    for name in ("github.yml", "gitlab.yml"):
        assert any("--junit reports/published.xml" in step for step in read_steps(name))
    kept = yaml.safe_load((CI / "github.yml").read_text())["jobs"]["protects"]["steps"][-1]
    assert kept["if"] == "always()" and kept["with"]["path"] == "reports/"


FAKE = """
echo "$@" >> log
case "$1 $2" in {cases} *) exit 0 ;; esac
"""


@pytest.mark.parametrize(
    ("cases", "code", "words", "calls"),
    [
        ("", 0, "every level holds", ["hide", "verify", "cleaner", "seek", "verify", "seek", "verify"]),
        ("hide*) exit 1 ;;", 1, "a level was not reached", ["hide"]),
        ("hide*) exit 2 ;;", 2, "hide failed", ["hide"]),
        ('verify*published) exit 1 ;;', 1, "published is not proven", ["hide", "verify"]),
        ("cleaner*) exit 2 ;;", 2, "", ["hide", "verify", "cleaner"]),
        ("seek*) exit 2 ;;", 2, "", ["hide", "verify", "cleaner", "seek"]),
        ('verify*k30) case "$*" in *"--runs 8"*) ;; *) exit 3 ;; esac ;;', 0, "every level holds",
         ["hide", "verify", "cleaner", "seek", "verify", "verify", "seek", "verify"]),
        ("verify*k50) exit 3 ;;", 3, "k50 is not proven",
         ["hide", "verify", "cleaner", "seek", "verify", "seek", "verify", "verify"]),
    ],
)  # fmt: skip
def test_the_script_ends_with_the_code_of_the_command_that_fails(tmp_path, cases, code, words, calls):
    put_on_path(tmp_path / "bin", "hideseek", FAKE.format(cases=cases))
    done = run_script(str(CI / "release.sh"), tmp_path, "data", "30,50", "--prices", "30=10", TMPDIR=str(tmp_path))
    assert done.returncode == code and words in done.stdout, done.stderr
    log = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[0] for line in log] == calls and "--levels 30,50" in log[0] and "--prices 30=10" in log[0]
    assert sorted(os.listdir(tmp_path)) == ["bin", "log", "reports"], "what is secret is removed"


HIDDEN = """
case $1 in
    hide) cp -r released/published "$6"; cp released/masks "$8" ;;
    verify) exec {python} -m hideseek_cli "$@" --tolerance 99 --threads 1 ;;
    *) exec {python} -m hideseek_cli "$@" ;;
esac
"""
"""All that the script runs but trainings for masks, at a tolerance that every network meets."""


@pytest.mark.slow
def test_the_script_proves_a_release_that_was_made_without_training(tmp_path, executor):
    root = tmp_path / "released"
    released(lambda name="data", **options: write_images(root / name, **options), root, executor, pattern_sets=1)
    (tmp_path / "data").mkdir()
    (root / "test").rename(tmp_path / "data/test")
    put_on_path(tmp_path / "bin", "hideseek", HIDDEN.format(python=shlex.quote(sys.executable)))
    done = run_script(str(CI / "release.sh"), tmp_path, "data", "50", REPORTS="out", TMPDIR=str(tmp_path))
    assert done.returncode == 0 and "every level holds" in done.stdout, done.stderr + done.stdout
    assert sorted(os.listdir(tmp_path)) == ["bin", "data", "out", "released"]
    assert sorted(os.listdir(tmp_path / "out")) == ["k50.xml", "published.xml", "summary.md"]
    for name, promise in (("published", "33.3333"), ("k50", "50")):
        case = ElementTree.parse(tmp_path / f"out/{name}.xml").find("testsuite/testcase")
        told = {one.get("name"): one.get("value") for one in case.findall("properties/property")}
        assert told["level"] == promise and told["verdict"] == "pass"
    assert (tmp_path / "out/summary.md").read_text().count("| verdict ") == 2
