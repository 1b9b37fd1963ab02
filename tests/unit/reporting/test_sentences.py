"""The answers at the top of a report."""

import pytest

from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.reading import read_findings
from hideseek_cli.reporting.sentences import describe_time, make_statements
from tests.helpers.records import audited, hidden, keep, keep_all, make_release, verified


def found(published):
    return read_findings(gather(published, (), None), public=False)


def answers(published):
    return [one.answer for one in make_statements(found(published))]


def test_nothing_on_record_is_not_measured(tmp_path):
    published = make_release(tmp_path)
    assert answers(published) == [
        "not measured", "yes, 0 of 3 verified", "not measured",
        "the published folder to everyone, the cleaner of a level to its buyer",
    ]  # fmt: skip
    assert describe_time(found(published)).startswith("Nothing is recorded")


PLAIN = "from plain training of a network (slim, 5 epochs)"


@pytest.mark.parametrize(
    ("verdict", "answer"),
    [("pass", f"yes, {PLAIN}; blur gives back 84.0 %"), ("fail", "no"), ("inconclusive", "not settled")],
)
def test_hiding_is_what_verify_says(tmp_path, verdict, answer):
    published = keep_all(tmp_path)
    keep(published, "verify", verified(44.4, 33.3, verdict, {}), level="published")
    first, *_ = make_statements(found(published))
    assert first.answer == answer and "44.4 % (95 % interval 41.4 to 47.4, 4 runs)" in first.sentence


@pytest.mark.parametrize(
    ("hides", "answer"),
    [(True, f"yes, unverified, {PLAIN}; blur gives back 80.1 %; attacks are not tested"), (False, "no, unverified")],
)
def test_and_what_hide_says_where_verify_was_not_run(tmp_path, hides, answer):
    published = make_release(tmp_path)
    keep(tmp_path / "masks.safetensors", "hide", hidden(tmp_path, published_at_chance=hides), level="published")
    assert answers(published)[0] == answer


def test_of_several_networks_the_worst_verdict_counts(tmp_path):
    published = make_release(tmp_path)
    both = [verified(34.0, 33.3, "pass", {}), verified(60.0, 33.3, "fail", {})]
    keep(published, "verify", both, level="published")
    assert answers(published)[0] == "no"


def test_levels_are_told_by_how_they_were_measured(tmp_path):
    _, levels, *_ = make_statements(found(keep_all(tmp_path)))
    assert levels.answer == "no" and levels.sentence == " ".join(levels.lines) and levels.lines == (
        "Level 50, by verify: measured 51.0 % (95 % interval 48.0 to 54.0, 4 runs), promised 50 ± 8 points (usual: 4): yes.",
        "Level 30, by calibration alone: measured 28.9 % (95 % interval 25.9 to 31.9, 4 runs).",
        "Level 70, by calibration alone: measured 68.9 % (95 % interval 65.9 to 71.9, 4 runs).",
        "Level 90, not reached: the nearest found is 88.9 % (95 % interval 85.9 to 91.9, 4 runs).",
    )  # fmt: skip


@pytest.mark.parametrize(("verdict", "answer"), [("pass", "yes"), ("fail", "no"), ("inconclusive", "not settled")])
def test_a_level_holds_where_verify_says_so(tmp_path, verdict, answer):
    published = make_release(tmp_path)
    for level in (30.0, 50.0, 70.0):
        keep(tmp_path / f"cleaned_k{level:g}", "verify", verified(level, level, "pass", {}), level=f"{level:g}")
    keep(tmp_path / "cleaned_k50", "verify", verified(58.0, 50.0, verdict, {}), level="50")
    assert answers(published)[1] == answer


def test_what_undoes_it_is_the_best_attack_on_the_published_folder(tmp_path):
    published = make_release(tmp_path)
    keep(tmp_path / "cleaned_k50", "audit", audited(), level="50")
    assert answers(published)[2] == "not measured"
    keep(published, "audit", audited(), level="published")
    last = make_statements(found(published))[2]
    assert last.answer == "blur, of what was tried"
    assert last.sentence == (
        "Of 5 attacks blur gives most, 84.0 %; clean images give 86.0 % that way, and chance is 33.3 %. "
        "JPEG, blur and greyscale: not measured by hide."
    )


def test_what_hide_tried_is_told_where_there_is_no_audit(tmp_path):
    published = make_release(tmp_path)
    keep(tmp_path / "masks.safetensors", "hide", hidden(tmp_path), level="published")
    for public in (False, True):
        told = make_statements(read_findings(gather(published, (), None), public=public))[2]
        assert told.answer == "blur, of what hide tried; attacks are not tested"
        assert "blur gives back 80.1 %, JPEG of quality 50 gives back 36.0 %; clean images give 88.7 %" in told.sentence


def test_the_owner_is_told_what_to_hand_out_and_nobody_else(tmp_path):
    published = keep_all(tmp_path)
    last = make_statements(found(published))[3]
    assert last.question == "What do I hand to whom?" and "Secret stay the key, the mask file" in last.sentence
    assert len(make_statements(read_findings(gather(published, (), None), public=True))) == 3


def test_the_newest_and_the_oldest_day_are_told(tmp_path):
    published = keep_all(tmp_path)
    keep(published, "audit", audited(), level="published", date="2026-12-01")
    assert describe_time(found(published)).startswith(
        "As of 2026-12-01 (the oldest record is of 2026-11-28), by hideseek 0.1.0"
    )
