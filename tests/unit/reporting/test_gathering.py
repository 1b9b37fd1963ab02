"""Records that belong to a release, and those that do not."""

from pathlib import Path

import numpy as np
import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.formats import container, manifest
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.inventory import list_files
from tests.helpers.records import audited, draw_sheet, hidden, keep, keep_all, make_release, verified

OTHER = "ab" * 32


def test_records_levels_mask_file_and_sheet_are_found_beside_the_folder(tmp_path):
    found = gather(keep_all(tmp_path), (), None)
    assert {(one.record.command, one.subject) for one in found.records} == {
        ("hide", "published"), ("verify", "published"), ("verify", "50"), ("metrics", "published"), ("audit", "published"),
    }  # fmt: skip
    assert found.levels == {"50": tmp_path / "cleaned_k50"} and found.remarks == ()
    assert (found.masks, found.sheet) == (tmp_path / "masks.safetensors", tmp_path / "masks.sheet.png")


def test_cleaners_beside_the_folder_are_those_that_say_so(tmp_path):
    published = keep_all(tmp_path)
    mine = manifest.read(published).release
    for name, kind, release, level in (
        ("k50", "cleaner", mine, "50"), ("k70", "cleaner", OTHER, "70"), ("k30", "mask", mine, "30"),
        ("x", "cleaner", mine, "/x"),
    ):  # fmt: skip
        header = {"kind": kind, "release": release, "level": level}
        container.write(tmp_path / f"cleaner_{name}.safetensors", header, {"a": np.zeros(1, np.uint8)})
    (tmp_path / "cleaner_text.safetensors").write_text("none")
    found = gather(published, (), None)
    assert found.cleaners == {"50": tmp_path / "cleaner_k50.safetensors"}
    whom = {Path(one.name).name: one.whom for one in list_files(found, public=False)}
    assert whom["cleaner_k50.safetensors"] == whom["cleaned_k50"] == "buyer of level 50"
    assert whom["published"] == "everyone" and whom["masks.safetensors"] == whom["masks.hide.json"] == "you alone"
    assert whom["published.audit.json"] == whom["masks.sheet.png"] == "you alone"
    assert whom["published.verify.json"] == whom["published.metrics.json"] == "everyone; names paths of this machine"
    assert whom["cleaned_k50.verify.json"] == "buyer of level 50; names paths of this machine"
    assert [one.name for one in list_files(found, public=True)] == ["published"]


def test_a_record_of_another_release_is_passed_over_with_a_sentence_and_refused_where_it_is_given(tmp_path):
    published = make_release(tmp_path)
    path = keep(published, "audit", audited(), level="published", release=OTHER)
    found = gather(published, (), None)
    assert found.records == () and len(found.remarks) == 1 and "another release" in found.remarks[0]
    with pytest.raises(InputError, match=f"{path} is the record of another release; give one of"):
        gather(published, (path,), None)


def test_what_only_has_the_name_of_a_record_is_passed_over_with_a_sentence(tmp_path):
    published = make_release(tmp_path)
    (tmp_path / "notes.verify.json").write_text("{}")
    found = gather(published, (), None)
    assert found.records == () and "notes.verify.json" in found.remarks[0]


def test_of_several_records_of_a_folder_the_newest_counts_wherever_it_lies(tmp_path):
    published = make_release(tmp_path)
    keep(published, "verify", verified(34.0, 33.3, "pass", {}), level="published", date="2026-11-02")
    elsewhere = make_release(tmp_path / "elsewhere")
    for date, newest in (("2026-11-03", True), ("2026-11-01", False)):
        given = keep(elsewhere, "verify", verified(60.0, 33.3, "fail", {}), level="published", date=date)
        (only,) = gather(published, (given,), None).records
        assert (only.record.date == date) == newest


def test_a_mask_file_elsewhere_brings_its_record_and_its_sheet(tmp_path):
    published = make_release(tmp_path / "public")
    make_release(tmp_path)
    keep(tmp_path / "masks.safetensors", "hide", hidden(tmp_path), level="published")
    draw_sheet(tmp_path, manifest.read(published).release)
    assert gather(published, (), None).records == ()
    found = gather(published, (), tmp_path / "masks.safetensors")
    assert [one.record.command for one in found.records] == ["hide"] and found.sheet == tmp_path / "masks.sheet.png"


def test_a_sheet_of_another_release_is_passed_over(tmp_path):
    published = keep_all(tmp_path)
    draw_sheet(tmp_path, OTHER)
    found = gather(published, (), None)
    assert found.sheet is None and "the sheet of another release" in found.remarks[0]


def test_a_level_is_no_release(tmp_path):
    make_release(tmp_path)
    with pytest.raises(InputError, match="is the folder of level 50; give the published folder"):
        gather(tmp_path / "cleaned_k50", (), None)
    with pytest.raises(InputError, match="is not a folder"):
        gather(Path("gone"), (), None)
