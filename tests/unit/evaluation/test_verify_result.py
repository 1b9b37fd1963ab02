"""What ``verify`` found, as a table, as a document and in words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hideseek_cli.evaluation.verify_result import Verification, VerifyResult
from hideseek_cli.recipe import preset
from hideseek_cli.training.accuracy_stats import estimate


def verification(**options: Any) -> Verification:
    usual = {
        "found": estimate([50.0, 51.0], 1000), "accuracies": (50.0, 51.0), "level": 50.0, "tolerance": 4.0, "one_sided": False,
        "verdict": "pass", "more": None, "needed": None, "recipe": preset("quick"), "seed": 3, "images": 60,
        "tested": 1000, "kind": "",
    }  # fmt: skip
    return Verification(**{**usual, **options})


def result(*networks: Verification) -> VerifyResult:
    return VerifyResult(folder=Path("cleaned_k50"), networks=networks)


def test_one_network_is_a_document_and_several_are_a_list():
    assert result(verification()).to_json()["verdict"] == "pass"
    both = json.loads(json.dumps(result(verification(), verification(kind="distilled", level=None, verdict=None)).to_json()))
    assert [one["kind"] for one in both] == [None, "distilled"]


def test_the_worst_verdict_counts():
    assert result(verification(verdict="inconclusive"), verification(verdict="fail"), verification()).verdict == "fail"
    assert result(verification(level=None, verdict=None)).verdict is None


def test_a_row_says_what_was_promised():
    promises = [
        verification(), verification(one_sided=True, level=33.3), verification(level=None, verdict=None, kind="authorized"),
    ]  # fmt: skip
    rows = result(*promises).rows()
    assert [row["promised %"] for row in rows] == ["50 ± 4", "at most chance, 33.3 + 4", "none"]
    assert rows[2]["network"] == "slim, authorized" and rows[2]["verdict"] == "nothing promised"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"more": 1}, "about 1 more run would settle it"),
        ({"more": 5}, "about 5 more runs would settle it"),
        ({}, "no number of runs on these 1000 test images would settle it: the mean lies where the tolerance ends"),
        ({"tested": 1, "needed": 9}, "no number of runs on this 1 test image would settle it; 9 test images would"),
    ],
)
def test_what_would_settle_it_is_said(options, words):
    found = result(verification(verdict="inconclusive", **options))
    assert found.remarks()[-1].endswith(words) and str(found).endswith(words)
