"""What is left of a call: where, for whom, and never in the way of anything."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import hideseek_cli as hs
from hideseek_cli.formats import manifest
from hideseek_cli.formats.record import Record
from hideseek_cli.images.folder_comparison import Comparison
from tests.helpers.folders import write_images
from tests.helpers.progress import Listener
from tests.helpers.releases import released

LIKE = Comparison(images=72, mse=1e-4, psnr=40.0, ssim=0.99, linf=8, worst=())


class Audited:
    """What an audit found."""

    def to_json(self) -> dict[str, Any]:
        return {"folder": "published", "attacks": []}


def kept(place: Path, command: str, result: object, **arguments: object) -> tuple[Path | None, str]:
    """Where a record lies, and what is said."""
    listener = Listener()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        path = hs.keep_record(command, result, arguments, progress=listener)
    (line,) = listener.told
    return path, line


@pytest.fixture
def road(make_folder, tmp_path, executor) -> Path:
    return released(make_folder, tmp_path, executor, pattern_sets=1)


def test_a_record_says_of_which_release_and_level_its_folder_is(road):
    release = manifest.read(road / "published").release
    write_images(road / "plain", 1, 1)
    for folder, level in (("published", "published"), ("k50", "50"), ("plain", None)):
        path, line = kept(road, "metrics", LIKE, clean=Path("data"), other=Path(folder), worst=5, labels=None)
        assert path == road / f"{folder}.metrics.json" and line == f"record: {path}"
        assert Record.read(path) == Record(
            command="metrics", date=datetime.now(UTC).date().isoformat(), release=level and release, level=level,
            arguments={"clean": "data", "other": folder, "worst": 5}, result=LIKE.to_json(), hideseek=hs.__version__,
        )  # fmt: skip
        assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("given", "mode"),
    [({"clean": None, "cleaners": ()}, 0o644), ({"clean": Path("data")}, 0o600), ({"other": Path("test")}, 0o600),
     ({"cleaners": [Path("cleaner")]}, 0o600)],
)  # fmt: skip
def test_an_audit_with_what_not_everybody_has_is_its_owners_alone(road, given, mode):
    path, line = kept(road, "audit", Audited(), folder=Path("published"), test=Path("test"), **given)
    assert path == road / "published.audit.json" and path.stat().st_mode & 0o777 == mode
    assert line.endswith(" (secret)") == (mode == 0o600)
    shown = {name: [str(one) for one in value] if isinstance(value, list) else str(value) for name, value in given.items()
             if value}  # fmt: skip
    assert Record.read(path).arguments == {"folder": "published", "test": "test", **shown}


def test_nothing_is_written_into_an_input_folder_nor_beside_its_parts(road):
    write_images(road / "all/train", 1, 1)
    write_images(road / "all/testing_set", 1, 1)
    before = sorted(road.rglob("*"))
    for clean, other in (("all", "all/train"), ("data", "data/class0"), ("data", "all/testing_set"), (".", "published")):
        path, line = kept(road, "metrics", LIKE, clean=clean, other=other)
        assert path is None and re.match("no record is left: .*metrics.json lies inside the input folder .*", line)
    path, line = kept(road, "audit", Audited(), folder="k50", test="test", other=".")
    assert path is None and line.startswith("no record is left")
    assert sorted(road.rglob("*")) == before


def test_where_it_cannot_be_written_or_is_a_strangers_a_line_says_so(road):
    place = road / "published.metrics.json"
    place.write_text("precious")
    path, line = kept(road, "metrics", LIKE, clean="data", other="published")
    assert path is None and line.startswith(f"no record is left: {place} is no record of hideseek")
    assert place.read_text() == "precious"
    place.unlink()
    place.mkdir()
    assert kept(road, "metrics", LIKE, clean="data", other="published")[0] is None
    place.rmdir()
    (road / "published/hideseek.json").write_text("{}")
    path, line = kept(road, "metrics", LIKE, clean="data", other="published")
    assert path is None and "damaged" in line and not place.exists()
    path, line = kept(road, "metrics", LIKE, clean="data", other="x" * 250)
    assert path is None and "cannot be written: File name too long" in line
    assert not [name for name in os.listdir(road) if "partial" in name or name.endswith(".metrics.json")]


def test_a_later_record_replaces_an_earlier_one(road):
    for number in (1, 2):
        path, _ = kept(road, "metrics", LIKE, clean="data", other="published", worst=number)
        assert Record.read(path).arguments["worst"] == number


def test_that_of_hide_lies_beside_the_mask_file_and_is_secret(road):
    class Hidden:
        def to_json(self) -> dict[str, Any]:
            like = {"mse": 1e-4, "ssim": 0.99, "images": 72, "classes": 3}
            return {**like, "clean_accuracy": 80.0, "published_accuracy": 12.0, "levels": [], "curve": []}

    words = {"data": "data", "masks": "masks", "out": "published", "levels": (30.0, 50.0), "prices": {30.0: 10.0}}
    path, line = kept(road, "hide", Hidden(), **words)
    assert path == road / "masks.hide.json" and line == f"record: {path} (secret)" and path.stat().st_mode & 0o777 == 0o600
    found = Record.read(path)
    assert found.release == manifest.read(road / "published").release
    assert found.arguments == {**words, "levels": [30.0, 50.0], "prices": {"30.0": 10.0}}


def test_what_is_no_command_or_lacks_its_place_is_refused():
    with pytest.raises(hs.InputError, match="unknown command 'verified': did you mean verify"):
        hs.keep_record("verified", LIKE, {}, progress=False)
    with pytest.raises(hs.InputError, match="do not say its `other`"):
        hs.keep_record("metrics", LIKE, {"clean": "data", "other": None}, progress=False)
