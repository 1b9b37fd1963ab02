"""What ``hide`` found, as a table, as a document and in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.images.similarity import Comparison
from hideseek_cli.publishing.accuracy_curve import Evaluation
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.release import Release
from hideseek_cli.publishing.result import HideResult, LevelResult
from hideseek_cli.recipe import preset
from hideseek_cli.training.accuracy_stats import Estimate, estimate

LIKE = Comparison(images=70, mse=2e-4, psnr=37.0, ssim=0.99, linf=8, worst=())
CLASSES = tuple(f"class{number}" for number in range(7))
IMAGES = tuple(((name, str(number)), "0" * 64) for name in CLASSES for number in range(10))


def reached(percent: float) -> Estimate:
    return estimate([percent, percent], 1000)


def level(number: float, share: float, **options: Any) -> LevelResult:
    usual = {"cleaned": dict.fromkeys(CLASSES[:6], 1.0), "known": share, "reachable": True, "jump": None, "similarity": LIKE}
    return LevelResult(level=number, masked_share=share, found=reached(number), **{**usual, **options})


def result(*levels: LevelResult, runs: int = 12, hidden: bool = True, **options: Any) -> HideResult:
    config = HideConfig(data="data", levels=[one.level for one in levels], out="out", masks="m", recipe=preset("quick"),
                        prices={one.level: 10 for one in levels}, **options)  # fmt: skip
    manifest = Manifest(
        level="published", release="0" * 64, classes=CLASSES, chance=14.3, epsilon=8, size=None, recipe=preset("quick"),
        offers=(), images=IMAGES,
    )  # fmt: skip
    return HideResult(
        config=config, release=Release(manifest, {"published": LIKE}), clean=reached(80.0), published=reached(15.0),
        hidden=hidden, allowed=None, levels=levels, strength=0.55, runs=runs, trained=70, recipe=preset("quick"),
        generator=None, seconds=12.34,
    )  # fmt: skip


def test_a_document_tells_the_masked_share_from_the_strength():
    found = json.loads(json.dumps(result(level(50.0, 0.7)).to_json()))
    (one,) = found["levels"]
    assert (one["strength"], one["masked_share"], one["price"], one["level"]) == (0.55, 0.7, 10, 50.0)
    assert (found["published"], found["seconds"], found["images"], found["classes"]) == ("out", 12.3, 70, 7)
    assert found["sheet"] == "m.sheet.png"


def test_a_table_has_a_row_for_every_level_between_published_and_clean():
    rows = result(level(30.0, 0.9), level(50.0, 0.7, reachable=False, similarity=None)).rows()
    assert [row["level"] for row in rows] == ["published", "30", "50 (not reached)", "clean"]
    assert {type(value) for row in rows for value in row.values()} == {str}
    assert rows[1]["price"] == "10" and rows[2]["SSIM"] == ""


def test_printed_it_is_the_table_and_the_remarks():
    found = result(level(50.0, 0.7))
    assert str(found).endswith("\n".join(found.remarks())) and str(found).startswith("level")


def remark(words: str, found: HideResult) -> str:
    (line,) = (line for line in found.remarks() if words in line)
    return line


def test_all_classes_of_a_level_are_named():
    assert remark("level 50 cleans", result(level(50.0, 0.7))).endswith(
        "cleans class0, class1, class2, class3, class4, class5; other classes stay masked"
    )
    parts = level(50.0, 0.7, cleaned={"class0": 0.25, **dict.fromkeys(CLASSES[1:], 1.0)})
    line = remark("level 50 cleans", result(parts))
    assert line.endswith("class6, 25 % of class0; their other images stay masked")
    assert remark("level 50 cleans", result(level(50.0, 0.0, cleaned=dict.fromkeys(CLASSES, 1.0)))).endswith("class6")


@pytest.mark.parametrize(("runs", "words"), [(1, "after 1 retraining"), (12, "after 12 retrainings")])
def test_counts_are_grammatical(runs, words):
    assert result(level(50.0, 0.7), runs=runs).remarks()[0] == f"wrote out (to publish) and m and m.sheet.png (secret) {words}"


def test_a_folder_that_still_teaches_is_told_what_may_help_in_the_order_in_which_it_does():
    assert "try `robust='none'` first" in remark("still trains to", result(level(50.0, 0.7), hidden=False))
    plain = remark("still trains to", result(level(50.0, 0.7), hidden=False, robust=()))
    assert plain.endswith("raise `epsilon` or lower `min_ssim`")


def test_a_level_that_was_not_reached_says_why_and_what_else_to_try():
    jump = Evaluation(0.5, 62.0), Evaluation(0.6, 31.0)
    found = result(level(50.0, 0.7, reachable=False, similarity=None, jump=jump))
    assert not found.complete
    assert "level 50 was not reached" in remark("not written", found)
    assert "between 50 and 60 % of the images masked, accuracy jumps from 62.0 to 31.0 %" in remark("jumps", found)
    assert remark("may be with", found).endswith("`unmask='images'`")


def test_a_buyer_who_can_reach_more_is_named():
    found = result(level(30.0, 0.9, known=0.6), level(50.0, 0.7), level(70.0, 0.2, known=0.0))
    assert "can reach at least level 50" in remark("who buys level 30", found)
    assert "can reach every level" in remark("who buys level 70", found)
