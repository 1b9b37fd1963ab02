"""Writing reports: where, for whom, in place of what."""

import importlib
import json
import stat
import subprocess
import sys

import pytest

import hideseek_cli as hs
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from tests.helpers.commands import contents, inside
from tests.helpers.records import draw_sheet, keep, keep_all, make_release, verified


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_report_is_for_its_owner_alone_unless_it_is_public(tmp_path):
    published = keep_all(tmp_path)
    formats = "html,md,svg,png"
    mine = hs.report(published, out=tmp_path / "mine.html", formats=formats)
    theirs = hs.report(published, out=tmp_path / "theirs.html", formats=formats, public=True)
    assert {mode(path) for path, _ in mine.written} == {0o600}
    assert {mode(path) for path, _ in theirs.written} == {0o644}
    assert "Keep this report secret" in (tmp_path / "mine.html").read_text()
    assert {path.name for path, _ in theirs.written} < {path.name.replace("mine", "theirs") for path, _ in mine.written}


def test_figures_and_markdown_lie_beside_the_page_or_in_a_folder(tmp_path):
    published = keep_all(tmp_path)
    (tmp_path / "figures").mkdir()
    hs.report(published, out=tmp_path / "figures", formats=["md", "svg"])
    names = {"curve", "folders", "levels", "recall", "changes", "attacks-published"}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "report.md", *(f"report.{name}.svg" for name in names)
    }  # fmt: skip
    text = (tmp_path / "figures/report.md").read_text()
    assert all(f"(report.{name}.svg)" in text for name in names)


def test_the_same_records_give_the_same_bytes(tmp_path):
    published = keep_all(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        hs.report(published, out=tmp_path / name / "report.html", formats="html,md,svg,png")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_what_lies_there_is_replaced_with_leave_and_only_if_it_is_a_report(tmp_path):
    published, out = keep_all(tmp_path), tmp_path / "report.html"
    hs.report(published, out=out, formats="html,md,svg,png")
    with pytest.raises(InputError, match="exists already; choose another place, or replace it with `overwrite=True`"):
        hs.report(published, out=out)
    hs.report(published, out=out, formats="html,md,svg,png", overwrite=True)
    for strange in (out, tmp_path / "report.md", tmp_path / "report.curve.png"):
        kept = strange.read_bytes()
        strange.write_text("mine")
        before = contents(tmp_path)
        with pytest.raises(InputError, match=f"{strange} is no report of hideseek's"):
            hs.report(published, out=out, formats="html,md,svg,png", overwrite=True)
        assert contents(tmp_path) == before
        strange.write_bytes(kept)


def test_nothing_is_written_into_a_published_folder(tmp_path):
    published = keep_all(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(InputError, match="would lie inside"):
        hs.report(published, out=published / "report.html", public=True)
    assert contents(tmp_path) == before


def test_a_format_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(InputError, match="unknown `formats` 'htm': did you mean html"):
        hs.report(make_release(tmp_path), out=tmp_path / "report.html", formats="htm")


def test_the_command_says_what_was_found_in_words_and_in_json(tmp_path):
    keep_all(tmp_path)
    said = inside("report", "published", cwd=tmp_path)
    assert "blur, of what was tried" in said.stdout
    assert "--public makes one for everyone" in said.stderr and "not measured: What fresh networks" in said.stderr
    told = json.loads(inside("report", "published", "--public", "-o", "x.html", "--json", cwd=tmp_path).stdout)
    assert told["files"][0]["path"] == "x.html" and told["statements"][0]["answer"].startswith("yes, from plain training")
    assert "--overwrite" in inside("report", "published", cwd=tmp_path, code=2).stderr


def test_without_the_libraries_a_sentence_says_how_to_install_them(tmp_path, monkeypatch):
    make_release(tmp_path)
    for name in [name for name in sys.modules if name.startswith("hideseek_cli.reporting")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = inside("report", "published", cwd=tmp_path, code=2).stderr
    assert "needs matplotlib; install it with: pip install 'hideseek[report]'" in said


def test_matplotlib_waits_until_a_report_is_made():
    code = "import hideseek_cli as hs, hideseek_cli.cli.report; hs.report, hs.ReportResult; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"matplotlib", "jinja2", "torch"} & {*loaded}
    assert importlib.import_module("hideseek_cli.reporting.pipeline")


@pytest.mark.slow
def test_many_images_in_many_classes_stay_below_ten_megabytes(tmp_path):
    classes = tuple(f"class {number:04}" for number in range(1000))
    published = make_release(tmp_path, images=5_000, classes=classes)
    recall = {name: number / 10 for number, name in enumerate(classes)}
    keep(published, "verify", verified(34.5, 33.3, "pass", recall), level="published")
    draw_sheet(tmp_path, manifest.read(published).release, side=1600, noise=True)
    hs.report(published, out=tmp_path / "report.html", masks=tmp_path / "masks.safetensors")
    assert 3_000_000 < (tmp_path / "report.html").stat().st_size < 10_000_000
