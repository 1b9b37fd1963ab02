"""What ``verify`` found, as a table, as a document and in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hideseek_cli.evaluation.verify_result import Verification, VerifyResult
from tests.helpers.verdicts import verification


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


def test_class_by_class_it_says_each_recall_the_spread_and_the_verdict():
    found = result(verification(), verification(kind="authorized", level=None, verdict=None))
    shown = found.by_class()
    assert [row["class"] for row in shown.rows()] == ["cat", "dog", "emu"] * 2
    assert shown.rows()[1] == {"network": "slim", "class": "dog", "test images": "500", "recall %": "60.00"}
    assert shown.rows()[3]["network"] == "slim, authorized"
    spread, judged, _, other, *rest = shown.remarks()
    assert spread == "slim: recall from 20.0 % (cat) to 70.0 % (emu), standard deviation 21.6 points"
    assert judged.startswith("slim: 50.50 % of all, 95 % interval ") and judged.endswith(", promised 50 ± 4: pass")
    assert other.startswith("slim, authorized: 50.50 %") and other.endswith(", nothing promised")
    assert rest == found.remarks() and shown.to_json() == found.to_json()
    assert str(shown).startswith("network") and str(shown).endswith(rest[-1])
    assert found.to_json()[0]["recall"] == {"cat": 20.0, "dog": 60.0, "emu": 70.0}


def test_a_test_case_says_what_was_measured_and_what_was_promised():
    failed = verification(verdict="fail", seconds=3.0, kind="distilled")
    both = result(failed, verification(verdict=None, level=None)).cases()
    assert [one.outcome for one in both] == ["failure", None] and both[1].properties["verdict"] == "nothing promised"
    assert both[0].group == "cleaned_k50" and both[0].name == failed.label and both[0].seconds == 3.0
    assert both[0].message.startswith("fail: accuracy 50.50 %, 95 % interval") and "promised 50 ± 4" in both[0].message
