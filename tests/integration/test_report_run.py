"""`report --run` measures what is not on record, and only that."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import hideseek_cli as hs
from hideseek_cli.api import missing
from hideseek_cli.formats import manifest
from hideseek_cli.formats.manifest import Offer
from hideseek_cli.formats.record import Record
from tests.helpers.commands import inside
from tests.helpers.progress import Listener
from tests.helpers.releases import released

OFFER = Offer(level=50.0, price=None, accuracy=49.0, low=45.0, high=53.0, runs=3, clean_classes=1)
RECORDS = {"published.metrics.json", "published.verify.json", "cleaned_k50.verify.json", "published.audit.json"}
RUN = {"run": True, "attacks": "none"}


@pytest.fixture
def sold(make_folder, tmp_path, executor, monkeypatch) -> Path:
    """A release that offers level 50, of which nothing lies beside it but the mask file."""
    root = released(make_folder, tmp_path, executor, pattern_sets=1, offers=(OFFER,))
    (root / "masks").rename(root / "masks.safetensors")
    (root / "cleaner").rename(root / "cleaner_k50.safetensors")
    (root / "k50").rename(root / "bought")
    (root / "shop").mkdir()
    for name in ("published", "masks.safetensors"):
        (root / name).rename(root / "shop" / name)
    monkeypatch.chdir(root)
    return root / "shop"


def test_what_is_missing_is_made_once_and_the_page_has_it(sold):
    words = ["--run", "--clean", "data", "--test", "test", "--masks", "shop/masks.safetensors", "--attacks", "none"]
    said = inside("report", "shop/published", *words, "-o", "a.html", cwd=sold.parent).stderr
    assert {*os.listdir(sold)} == RECORDS | {"published", "masks.safetensors"}
    assert [f"{number} of 4: " in said for number in (1, 2, 3, 4)] == [True] * 4
    found = Record.read(sold / "cleaned_k50.verify.json")
    assert (found.level, found.release) == ("50", manifest.read(sold / "published").release)
    assert Record.read(sold / "published.audit.json").arguments["attacks"] == "none"
    assert found.arguments["folder"] == str(sold / "cleaned_k50") and found.arguments["test"] == "test"
    assert [one["attack"] for one in Record.read(sold / "published.audit.json").results[0]["attacks"]] == ["none"]
    missing = [line for line in said.splitlines() if line.startswith("not measured: ")]
    assert not any(word in line for line in missing for word in ("fresh networks", "differ most", "What attacks"))
    assert f"{Record.read(sold / 'published.metrics.json').result['worst'][0]['ssim']:.4f}" in Path("a.html").read_text()
    before = {path: path.read_bytes() for path in sold.glob("*.json")}
    again = Listener()
    hs.report("shop/published", out="b.html", clean="data", test="test", progress=again, **RUN)
    assert again.told == [] and {path: path.read_bytes() for path in sold.glob("*.json")} == before


def test_what_lacks_an_argument_is_named_in_one_sentence(sold):
    hears = Listener()
    found = hs.report("shop/published", out="page.html", progress=hears, **RUN)
    assert hears.told == [
        "left out: metrics of published for want of `clean`, verify of published for want of `test`, verify of level 50 for "
        "want of `test` and `masks`, audit of published for want of `test`"
    ]
    assert found.written and not list(sold.glob("*.json"))
    hears = Listener()
    hs.report("shop/published", out="page.html", overwrite=True, clean="data", progress=hears, **RUN)
    assert hears.told[0] == "1 of 1: metrics of published" and "`clean`" not in hears.told[-1]
    assert [path.name for path in sold.glob("*.json")] == ["published.metrics.json"]


def test_a_level_that_lies_there_is_used_and_stays(sold):
    (sold.parent / "bought").rename(sold / "bought")
    hs.report("shop/published", out="page.html", test="test", progress=False, **RUN)
    assert (sold / "bought/hideseek.json").exists() and (sold / "bought.verify.json").exists()
    assert not (sold / "cleaned_k50").exists()


def test_nothing_is_trained_where_a_record_or_the_page_could_not_be_written(sold):
    def refused(why: str, test: str = "test", **more: object) -> None:
        before = sorted(sold.rglob("*"))
        with pytest.raises(hs.InputError, match=why):
            hs.report("shop/published", out="page.html", clean="data", test=test, progress=False, **RUN, **more)
        assert sorted(sold.rglob("*")) == before

    (sold.parent / "page.html").write_text("mine")
    refused("exists already")
    (sold.parent / "page.html").unlink()
    (sold / "published.audit.json").write_text("mine")
    refused("published.audit.json is no record of hideseek")
    (sold / "published.audit.json").unlink()
    (sold / "cleaned_k50").mkdir()
    refused("cleaned_k50 is in the way: level 50 is cleaned there", masks=sold / "masks.safetensors")
    refused("gone is not a folder", test="gone")


def test_a_level_that_was_cleaned_for_a_while_goes_though_training_fails(sold, monkeypatch):
    """By its cleaner, where that lies beside the published folder."""

    def fail(**words: object) -> None:
        assert words["folder"] == sold / "cleaned_k50" and (sold / "cleaned_k50/hideseek.json").exists()
        raise KeyboardInterrupt

    hs.report("shop/published", out="page.html", test="test", progress=False, **RUN)
    (sold.parent / "cleaner_k50.safetensors").rename(sold / "cleaner_k50.safetensors")
    monkeypatch.setitem(missing.COMMANDS, "verify", fail)
    hears = Listener()
    with pytest.raises(KeyboardInterrupt):
        hs.report("shop/published", out="b.html", test="test", progress=hears, **RUN)
    assert not (sold / "cleaned_k50").exists() and not Path("b.html").exists()
    assert hears.told[-1] == "records that were made are kept; the same call goes on with the rest"


def test_what_is_for_a_run_is_refused_without_one(sold):
    with pytest.raises(hs.InputError, match="`test` is for what `run=True` measures"):
        hs.report("shop/published", out="page.html", test="test")
