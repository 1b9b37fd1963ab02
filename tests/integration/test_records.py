"""What commands leave beside what they were about."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest

import hideseek_cli as hs
from hideseek_cli.formats.record import Record
from tests.helpers.commands import inside
from tests.helpers.releases import released


@pytest.fixture
def road(make_folder, tmp_path, executor) -> Path:
    return released(make_folder, tmp_path, executor, pattern_sets=1)


def test_metrics_leaves_what_it_printed_and_the_function_nothing(road):
    before = {*os.listdir(road)}
    assert hs.metrics(road / "data", road / "k50", progress=False).images == 72
    assert {*os.listdir(road)} == before
    done = inside("metrics", "data", "k50", "--worst", "2", "--json", cwd=road)
    found = Record.read(road / "k50.metrics.json")
    assert found.result == json.loads(done.stdout) and found.command == "metrics" and found.level == "50"
    given = {"clean": "data", "other": "k50", "worst": 2, "gradients": False, "split": "auto", "device": "auto", "workers": 0}
    assert found.arguments == given
    assert done.stderr.splitlines()[-1] == f"record: {road / 'k50.metrics.json'}"
    assert {*os.listdir(road)} == before | {"k50.metrics.json"}


def test_verify_leaves_a_result_of_each_network_and_prints_classes_when_asked(road):
    options = ["--test", "test", "--runs", "2", "--threads", "1"]
    done = inside("verify", "k50", *options, "--arch", "slim,lenet", "--per-class", "--format", "csv", cwd=road, code=None)
    assert done.returncode in (0, 1, 3)
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [(row["network"], row["class"]) for row in rows] == [
        (network, f"class{label}") for network in ("slim", "lenet") for label in range(3)
    ]
    found = Record.read(road / "k50.verify.json")
    assert [one["recipe"]["arch"] for one in found.results] == ["slim", "lenet"] and found.arguments["per_class"]
    assert [f"{one:.2f}" for network in found.results for one in network["recall"].values()] == [
        row["recall %"] for row in rows
    ]
    assert done.stderr.count("standard deviation") == 2
    quiet = inside("verify", "k50", *options, "-q", "--json", cwd=road, code=None)
    assert quiet.stderr == "" and Record.read(road / "k50.verify.json").result == json.loads(quiet.stdout)


def test_an_audit_with_originals_leaves_a_secret(road):
    options = ["--test", "test", "--attacks", "none", "--threads", "1"]
    inside("audit", "published", *options, cwd=road)
    place = road / "published.audit.json"
    assert place.stat().st_mode & 0o077 == 0o044 and Record.read(place).arguments["runs"] == 1
    done = inside("audit", "published", *options, "--clean", "data", "--max-accuracy", "1", "--json", cwd=road, code=1)
    assert place.stat().st_mode & 0o777 == 0o600 and Record.read(place).result == json.loads(done.stdout)
    assert Record.read(place).arguments["clean"] == "data" and done.stderr.endswith("published.audit.json (secret)\n")


def test_a_command_that_cannot_leave_a_record_does_all_else(road):
    (road / "k50.metrics.json").write_text("mine")
    done = inside("metrics", "data", "k50", "--json", cwd=road)
    assert json.loads(done.stdout)["images"] == 72 and (road / "k50.metrics.json").read_text() == "mine"
    assert done.stderr.count("no record is left: ") == 1
