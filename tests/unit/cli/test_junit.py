"""``verify --junit``: a report on success and failure, at a place that was tried before."""

from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pytest

import hideseek_cli as hs
from hideseek_cli.evaluation.verify_result import VerifyResult
from tests.helpers.commands import inside
from tests.helpers.verdicts import verification


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Folders to verify, and a way to say what comes of it."""
    for name in ("k50", "test"):
        (tmp_path / name).mkdir()

    def answer(*verdicts: str | None) -> None:
        found = VerifyResult(folder=Path("k50"), networks=tuple(verification(verdict=one, seconds=2.0) for one in verdicts))
        monkeypatch.setattr(hs, "verify", lambda *_, **__: found)

    return answer


VERIFY = ("verify", "k50", "--test", "test", "--junit")


@pytest.mark.parametrize(
    ("verdict", "code", "tag"), [("pass", 0, None), ("fail", 1, "failure"), ("inconclusive", 3, "skipped")]
)
def test_each_verdict_is_a_test_case(answered, tmp_path, verdict, code, tag):
    answered("pass", verdict)
    done = inside(*VERIFY, "reports/k50.xml", "--json", cwd=tmp_path, code=code)
    assert json.loads(done.stdout)[1]["verdict"] == verdict
    cases = ElementTree.parse(tmp_path / "reports/k50.xml").findall("testsuite/testcase")
    assert [child.tag for child in cases[0]] == ["properties"] and cases[1].get("time") == "2.000"
    told = {one.get("name"): one.get("value") for one in cases[1].findall("properties/property")}
    assert told["accuracy"] == "50.5000" and told["verdict"] == verdict and float(told["low"]) < 50.5 < float(told["high"])
    if tag is not None:
        message = cases[1].find(tag).get("message")
        assert message.startswith(f"{verdict}: accuracy 50.50 %") and "promised 50 ± 4, 2 runs" in message


def test_what_stops_it_is_an_error_in_the_words_of_the_command(tmp_path):
    (tmp_path / "test").mkdir()
    inside(*VERIFY, "report.xml", cwd=tmp_path, code=2)
    assert "k50 is not a folder" in ElementTree.parse(tmp_path / "report.xml").find("testsuite/testcase/error").get("message")
    (tmp_path / "k50").mkdir()
    inside(*VERIFY, "report.xml", "--tolerance", "200", cwd=tmp_path, code=2)
    error = ElementTree.parse(tmp_path / "report.xml").find("testsuite/testcase/error")
    assert error.get("message").startswith("--tolerance 200 is out of range")


def test_a_place_that_is_taken_is_refused_before_anything_is_trained(monkeypatch, tmp_path):
    for name in ("k50", "test"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.xml").write_text("mine")
    monkeypatch.setattr(hs, "verify", lambda *_, **__: pytest.fail("it was asked"))
    for place, words in (
        ("notes.xml", "no JUnit report"),
        ("k50/report.xml", "lies inside"),
        ("test/report.xml", "lies inside"),
    ):
        assert words in inside(*VERIFY, place, cwd=tmp_path, code=2).stderr
    assert (tmp_path / "notes.xml").read_text() == "mine" and sorted(os.listdir(tmp_path)) == ["k50", "notes.xml", "test"]
