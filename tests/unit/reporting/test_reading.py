"""Records as findings."""

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.reporting.gathering import gather
from hideseek_cli.reporting.reading import read_findings
from tests.helpers.records import audited, compared, hidden, keep, keep_all, make_release, measured, verified


def read(published):
    return read_findings(gather(published, (), None), public=False)


def test_tiers_stand_from_the_published_folder_to_the_clean_images(tmp_path):
    found = read(keep_all(tmp_path))
    assert [one.name for one in found.tiers] == ["published", "30", "50", "70", "90", "clean"]
    assert [one.price for one in found.tiers] == [None, 15.0, 25.0, 35.0, 45.0, None]
    assert [one.masked_share for one in found.tiers] == [1.0, 0.8, 0.5, 0.2, 0.01, 0.0]
    assert [one.name for one in found.existing] == ["published", "30", "50", "70", "clean"]
    assert len(found.curve) == 21 and found.curve[1].share == 0.05


def test_verify_counts_before_calibration_and_metrics_before_hide(tmp_path):
    found = read(keep_all(tmp_path))
    level = found.levels[1]
    assert level.measured is level.verified[0] and level.accuracy == 51.0 and level.calibrated.accuracy == 48.9
    assert found.published.likeness.ssim == 0.95 and found.clean.accuracy == 88.7
    assert [one.name for one in found.published.worst] == ["cat/000000", "dog/000001"]
    assert [one.name for one in found.published.most_visible] == ["dog/000009"]


def test_attacks_stand_in_order_of_what_they_recover_and_failed_ones_last(tmp_path):
    (only,) = read(keep_all(tmp_path)).audited
    assert [one.name for one in only.attacks] == ["blur", "a | b", "greyscale", "none", "mean"]
    assert only.best.accuracy == 84.0


@pytest.mark.parametrize(
    ("command", "result"),
    [
        ("hide", {"levels": [measured(50.0, level=50.0, masked_share=7.0)]}),
        ("hide", {"visibility": "faint"}),
        ("hide", {"outlives": {"gaussian": 101.0}}),
        ("hide", {"outlives": ["gaussian"]}),
        ("verify", {"more_runs": -1}),
        ("verify", {"tested": "all"}),
        ("hide", {"curve": [{"share": -1.0, "accuracy": 1.0, "runs": 1}]}),
        ("verify", {"recipe": None}),
        ("verify", {"runs": 0}),
        ("metrics", {"worst": [{"mse": 1.0}]}),
        ("metrics", {"most_visible": "all"}),
    ],
)  # fmt: skip
def test_a_record_that_says_what_none_does_is_refused_by_name(tmp_path, command, result):
    published = make_release(tmp_path)
    whole = {"hide": hidden(tmp_path), "verify": verified(1.0, 2.0, "pass", {}), "metrics": compared()}[command]
    path = keep(tmp_path / "masks.safetensors" if command == "hide" else published, command, whole | result, level="published")
    with pytest.raises(InputError, match=rf"{path} is damaged \(.+\); run `{command}` again"):
        read(published)


def test_folders_and_mask_file_are_named_as_they_are_or_not_at_all(tmp_path):
    published = keep_all(tmp_path)
    found = read(published)
    assert found.folders == {"published": str(published), "50": str(tmp_path / "cleaned_k50")}
    assert found.masks == str(tmp_path / "masks.safetensors")
    public = read_findings(gather(published, (), None), public=True)
    assert (public.folders, public.masks) == ({"published": "published"}, "masks.safetensors")


def test_an_audit_of_a_level_is_one_of_its_own(tmp_path):
    published = keep_all(tmp_path)
    keep(tmp_path / "cleaned_k50", "audit", audited(), level="50")
    assert {one.tier for one in read(published).audited} == {"published", "50"}
