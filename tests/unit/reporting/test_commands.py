"""Commands in a report can be typed as they stand there."""

import importlib
import shlex

import pytest

from hideseek_cli.cli.wording import options_of
from hideseek_cli.reporting.commands import PLACED, list_gaps, repeat, spell
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.reading import read_findings
from tests.helpers.records import audited, hidden, keep, keep_all, make_release, verified


def found(published, public=False):
    return read_findings(gather(published, (), None), public=public)


USED = {"cleaner": {"masks", "level"}, "seek": {"published", "cleaner"}, "report": {"release", "masks"}}
"""Words of commands of which there are no records."""


@pytest.mark.parametrize("command", PLACED)
def test_words_are_spelt_as_the_command_line_spells_them(command):
    options = options_of(getattr(importlib.import_module(f"hideseek_cli.cli.{command}"), command))
    told = {name: option for name, option in options.items() if name not in ("json", "style", "quiet", "verbose")}
    told = {name: option for name, option in told.items() if name in USED.get(command, told)}
    for name, option in told.items():
        words = shlex.split(spell(command, {name: "x y"}))
        assert words[2:] == (["x y"] if not option.startswith("--") else [option, "x y"]), (name, option)


def test_several_values_are_options_again_and_a_yes_stands_alone():
    words = spell("audit", {"folder": "a", "cleaners": ["b", "c d"], "resume": True, "runs": 0, "attacks": ""})
    assert words == "hideseek audit a --cleaner b --cleaner 'c d' --resume --runs 0"


def test_what_is_on_record_is_no_gap(tmp_path):
    gaps = list_gaps(found(keep_all(tmp_path)))
    assert [one.what.split()[-1] for one in gaps] == ["30", "70"]
    assert gaps[0].commands[-1] == "hideseek verify cleaned_k30 --test data/test"


def test_of_a_release_without_records_everything_is_a_gap(tmp_path):
    gaps = " ".join(line for one in list_gaps(found(make_release(tmp_path))) for line in one.commands)
    for command in ("report", "metrics", "verify", "audit", "seek", "cleaner"):
        assert f"hideseek {command} " in gaps
    assert f"hideseek verify {tmp_path}/cleaned_k50 --test TEST" in gaps


@pytest.mark.parametrize(
    ("settling", "what", "command"),
    [
        ({"more_runs": 6}, "about 6 more runs would settle it", "--test data/test --runs 10 --tolerance 8"),
        ({"test_images_needed": 900}, "900 images would", "--test MORE_TEST_IMAGES --tolerance 8"),
        ({}, "near the end of what is allowed", "--test MORE_TEST_IMAGES --tolerance 8"),
    ],
)  # fmt: skip
def test_what_is_not_settled_is_a_gap_with_what_would_settle_it(tmp_path, settling, what, command):
    published = keep_all(tmp_path)
    keep(published, "verify", verified(40.0, 33.3, "inconclusive", {"cat": 1.0}) | settling, level="published")
    gap = list_gaps(found(published))[0]
    assert gap.what.startswith("Whether published holds; ") and what in gap.what
    assert gap.commands == (f"hideseek verify {published} {command}",)


def test_changes_that_nobody_tried_are_a_gap(tmp_path):
    published = make_release(tmp_path)
    keep(tmp_path / "masks.safetensors", "hide", hidden(tmp_path, outlives={}), level="published")
    told = [line for one in list_gaps(found(published)) for line in one.commands]
    assert f"hideseek audit {published} --test data/test --attacks greyscale,gaussian,jpeg-50" in told
    keep(published, "audit", audited(), level="published")
    assert not any("--attacks" in line for one in list_gaps(found(published)) for line in one.commands)


def test_recall_that_is_not_on_record_is_a_gap(tmp_path):
    published = keep_all(tmp_path)
    keep(published, "verify", verified(34.0, 33.3, "pass", {}), level="published")
    assert any("Recall" in one.what for one in list_gaps(found(published)))


def test_an_audit_without_clean_images_is_half_a_one(tmp_path):
    published = keep_all(tmp_path)
    attacks = [{**one, "clean_accuracy": None} for one in audited()["attacks"]]
    keep(published, "audit", audited(attacks=attacks), level="published")
    assert any("clean images" in one.what for one in list_gaps(found(published)))


def test_what_was_run_is_told_to_the_owner_and_in_general_words_to_everyone(tmp_path):
    published = keep_all(tmp_path)
    assert "hideseek hide data/train --test data/test" in repeat(found(published))
    assert repeat(found(published, public=True)) == [
        "hideseek verify cleaned_k50 --test TEST", "hideseek verify published --test TEST",
        "hideseek audit published --test TEST",
    ]  # fmt: skip
