"""What ``hide`` found, as a table, as a document and in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.images.folder_comparison import Comparison
from hideseek_cli.publishing.accuracy_curve import Evaluation
from hideseek_cli.publishing.attempts import AttemptOutcome
from hideseek_cli.publishing.config import HideConfig
from hideseek_cli.publishing.level_result import LevelResult
from hideseek_cli.publishing.release import Release
from hideseek_cli.publishing.remedies import Remedy
from hideseek_cli.publishing.result import STRONGER, HideResult
from hideseek_cli.publishing.strength import BOUNDS, Strength
from hideseek_cli.recipe import preset
from hideseek_cli.training.accuracy_stats import Estimate, estimate

LIKE = Comparison(images=70, mse=2e-4, psnr=37.0, ssim=0.99, linf=8, worst=(), visibility=0.031, judged=70)
CLASSES = tuple(f"class{number}" for number in range(7))
IMAGES = tuple(((name, str(number)), "0" * 64) for name in CLASSES for number in range(10))


def reached(percent: float) -> Estimate:
    return estimate([percent, percent], 1000)


def level(number: float, share: float, **options: Any) -> LevelResult:
    usual = {"cleaned": dict.fromkeys(CLASSES[:6], 1.0), "known": share, "reachable": True, "jump": None, "similarity": LIKE}
    return LevelResult(level=number, masked_share=share, found=reached(number), **{**usual, **options})


HIDDEN_AT = 20.0


def attempt(name: str, accuracy: float, *robust: str, shared: bool = False) -> AttemptOutcome:
    return AttemptOutcome(name=name, robust=robust, shared=shared, accuracy=accuracy, hides=accuracy <= HIDDEN_AT)


def remedy(option: str, value: Any, accuracy: float, *, hides: bool) -> Remedy:
    return Remedy(option=option, value=value, accuracy=accuracy, hides=hides)


PLAIN, GREY = attempt("plain masks", 15.0), attempt("masks that outlive greyscale", 34.0, "greyscale")


def result(
    *levels: LevelResult, runs: int = 12, hidden: bool = True, bound: str = "ssim",
    attempts: tuple[AttemptOutcome, ...] = (PLAIN,), outlives: dict[str, float] | None = None,
    remedies: tuple[Remedy, ...] = (), **options: Any,
) -> HideResult:  # fmt: skip
    config = HideConfig(data="data", levels=[one.level for one in levels], out="out", masks="m", recipe=preset("quick"),
                        prices={one.level: 10 for one in levels}, **options)  # fmt: skip
    manifest = Manifest(
        level="published", release="0" * 64, classes=CLASSES, chance=14.3, epsilon=8, size=None, recipe=preset("quick"),
        offers=(), images=IMAGES,
    )  # fmt: skip
    return HideResult(
        config=config, release=Release(manifest, {"published": LIKE}), clean=reached(80.0), published=reached(15.0),
        hidden=hidden, attempts=attempts, remedies=remedies, outlives=outlives or {}, allowed=None, levels=levels,
        curve=(Evaluation(0.0, 81.0), Evaluation(0.0, 79.0), Evaluation(0.7, 50.0)),
        strength=Strength(0.55, bound), visibility_limit=0.04, runs=runs, trained=70, recipe=preset("quick"),
        generator=None, seconds=12.34,
    )  # fmt: skip


def test_a_document_tells_the_masked_share_from_the_strength():
    found = json.loads(json.dumps(result(level(50.0, 0.7)).to_json()))
    (one,) = found["levels"]
    assert (one["strength"], one["masked_share"], one["price"], one["level"]) == (0.55, 0.7, 10, 50.0)
    assert (found["published"], found["seconds"], found["images"], found["classes"]) == ("out", 12.3, 70, 7)
    assert found["sheet"] == "m.sheet.png" and found["release"] == "0" * 64


def test_a_document_has_every_run_of_calibration_and_last_the_published_folder():
    assert json.loads(json.dumps(result(level(50.0, 0.7)).to_json()))["curve"] == [
        {"share": 0.0, "accuracy": 81.0, "runs": 1}, {"share": 0.0, "accuracy": 79.0, "runs": 1},
        {"share": 0.7, "accuracy": 50.0, "runs": 1}, {"share": 1.0, "accuracy": 15.0, "runs": 2},
    ]  # fmt: skip


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
    assert result(level(50.0, 0.7), runs=runs).remarks()[1] == f"wrote out (to publish) and m and m.sheet.png (secret) {words}"


@pytest.mark.parametrize(
    ("bound", "words"),
    [
        ("ssim", "a lower `min_ssim`, which keeps masks from being stronger"),
        ("visibility", "a higher `max_visibility`, which keeps masks from being stronger"),
        ("strongest", "neither a lower `min_ssim` nor a higher `max_visibility` would change anything"),
    ],
)
def test_what_may_help_is_the_limit_that_binds(bound, words):
    assert remark("not tried", result(level(50.0, 0.7), hidden=False, bound=bound)).endswith(words)
    assert set(STRONGER) == set(BOUNDS)


def test_visibility_stands_beside_what_is_allowed():
    found = result(level(50.0, 0.7), bound="visibility")
    assert [row["visibility"] for row in found.rows()] == ["0.0310", "0.0310", ""]
    document = found.to_json()
    assert [document[name] for name in ("visibility", "visibility_limit", "limit")] == [0.031, 0.04, "visibility"]
    assert document["levels"][0]["visibility"] == 0.031 and document["levels"][0]["strength"] == 0.55
    assert remark("visibility: FLIP", found).endswith(
        "70 images evenly spread; at most 0.0400, what a JPEG of quality 75 has; masks are as strong as the eye "
        "(`max_visibility`) allows"
    )
    assert "JPEG" not in remark("visibility: FLIP", result(level(50.0, 0.7), max_visibility=0.04))


def test_a_folder_that_still_teaches_is_told_what_was_tried_and_what_would_hide_it():
    twice, plain = remedy("min_ssim", 0.9, 33.0, hides=False), remedy("robust", (), 14.0, hides=True)
    found = result(level(50.0, 0.7), hidden=False, attempts=(GREY, PLAIN), remedies=(twice, plain))
    assert remark("still trains to", found).endswith("masks that outlive greyscale left 34.0 %; plain masks left 15.0 %")
    said = "`min_ssim=0.9` would leave 33.0 %; `robust='none'` would leave 14.0 %, which counts as hidden"
    assert remark("min_ssim=0.9", found) == said
    assert json.loads(json.dumps(found.to_json()["remedies"])) == [
        {"option": "min_ssim", "value": 0.9, "accuracy": 33.0, "hides": False},
        {"option": "robust", "value": [], "accuracy": 14.0, "hides": True},
    ]
    alone = result(level(50.0, 0.7), hidden=False, remedies=(twice,))
    assert remark("would leave", alone) == "`min_ssim=0.9` would leave 33.0 %; none of these would hide it"
    untried = remark("not tried", result(level(50.0, 0.7), hidden=False))
    assert untried.endswith("was not tried, such as a lower `min_ssim`, which keeps masks from being stronger")


def test_what_was_given_up_to_hide_is_said():
    found = result(attempts=(GREY, PLAIN))
    assert "34.0 %; plain ones are published, which left 15.0 %" in remark("not made to outlive it", found)
    assert not [line for line in result(attempts=(GREY,)).remarks() if "not made to outlive" in line]
    shared = result(level(30.0, 0.9, known=0.0), attempts=(attempt("plain", 34.0), attempt("plain", 12.0, shared=True)))
    assert "34.0 % is left, with shared ones 12.0 %" in remark("all levels share one pattern of a class", shared)
    assert "can reach every level" in remark("who buys level 30", shared)


def test_what_changes_of_the_published_images_give_back_is_said_and_documented():
    found = result(outlives={"greyscale": 31.2, "gaussian": 14.0, "jpeg-50": 50.0})
    assert found.to_json()["outlives"] == {"greyscale": 31.2, "gaussian": 14.0, "jpeg-50": 50.0}
    assert remark("gives back", found).endswith(
        "greyscale gives back 31.2 %, blur 14.0 %, JPEG of quality 50 50.0 % (clean: 80.0 %)"
    )
    assert not [line for line in result().remarks() if "gives back" in line]


def test_every_attempt_is_documented():
    assert json.loads(json.dumps(result(attempts=(GREY, PLAIN)).to_json()))["attempts"] == [
        {"name": "masks that outlive greyscale", "robust": ["greyscale"], "shared": False, "accuracy": 34.0, "hides": False},
        {"name": "plain masks", "robust": [], "shared": False, "accuracy": 15.0, "hides": True},
    ]


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


OVERLAP = "level 30 (22 to 39) is no better than what everyone has (17 to 33)"


def test_the_first_line_is_a_verdict_on_all():
    missed = level(90.0, 0.1, reachable=False, similarity=None)
    found = result(level(30.0, 0.9, overlap=OVERLAP), level(50.0, 0.7), level(70.0, 0.5), missed)
    said = "Hidden: a network learns 15.0 % from it, chance is 14.3. 2 levels hold: 50, 70. 1 level is no product: 30. "
    assert found.remarks()[0] == found.to_json()["verdict"] == found.verdict == f"{said}1 level was not reached: 90"
    assert result(hidden=False).verdict == "Not hidden: a network learns 15.0 % from it, chance is 14.3"
    assert result(level(50.0, 0.7)).verdict.endswith("1 level holds: 50")


def test_a_level_that_cannot_be_told_from_others_is_no_product():
    levels = [level(30.0, 0.9, overlap=OVERLAP), level(50.0, 0.7), level(70.0, 0.5, reachable=False, similarity=None)]
    found = result(*levels)
    assert [one["product"] for one in found.to_json()["levels"]] == [False, True, False]
    assert remark(OVERLAP, found).endswith("it is not offered (`offer_anyway=True` would), though its cleaner can be made")
    assert remark(OVERLAP, result(*levels, offer_anyway=True)).endswith("it is offered all the same (`offer_anyway`)")
