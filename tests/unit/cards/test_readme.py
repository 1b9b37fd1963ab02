"""The card: a header that YAML reads, a text that says what the manifest says, and a layout that loaders read."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hideseek_cli.cards.facts import Facts, Words, gather
from hideseek_cli.cards.readme import draw_readme, name_size
from hideseek_cli.cards.writing import write_card
from hideseek_cli.formats import manifest
from hideseek_cli.formats.card_files import is_sealed
from hideseek_cli.formats.manifest import Authorized
from hideseek_cli.images.output_format import OutputFormat
from tests.helpers.manifests import make_manifest
from tests.helpers.published import publish

NAMES = [("a", "0"), ("a", "1"), ("b [x] 'y'", "0"), ("ü 图", "2")]


def facts(**changes: Any) -> Facts:
    usual = {"manifest": make_manifest(), "words": Words(), "counts": {"cat": 2, "dog": 1}, "suffixes": ("png",),
             "nested": True, "signed": False}  # fmt: skip
    return Facts(**{**usual, **changes})


def header(text: str) -> dict[str, Any]:
    yaml = pytest.importorskip("yaml", reason="needs PyYAML to read the header as a hub does")
    return yaml.safe_load(re.fullmatch(r"---\n(.*?)\n---\n\n#.*", text, re.DOTALL)[1])


@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and bool(text.strip())))
def test_yaml_reads_whatever_title_an_owner_gives(title):
    text = draw_readme(facts(words=Words(title=title, license="cc-by-4.0")))
    found = header(text)
    assert found["pretty_name"] == title and found["license"] == "cc-by-4.0"
    assert is_sealed(text.encode())


def test_the_header_has_what_hubs_want():
    found = header(draw_readme(facts()))
    assert found["task_categories"] == ["image-classification"] and found["size_categories"] == ["n<1K"]
    assert (found["license"], found["license_name"]) == ("other", "not-stated")
    assert found["configs"][0]["data_files"] == [{"split": "train", "path": ["**/*.png"]}]
    assert "not sold" in found["extra_gated_prompt"] and set(found["extra_gated_fields"].values()) == {"text", "checkbox"}


def test_the_text_says_what_the_manifest_says():
    text = draw_readme(facts(words=Words(contact="shop|<b>")))
    assert "| 50 | 25 | 49\\.1 | 47\\.0 to 51\\.2 | 3 | 1 |" in text
    assert "| cat | 2 |" in text and "3 images of 2 classes" in text and "66.7 % is chance" in text
    assert "hideseek seek published cleaner_k50.safetensors" in text and "verify cleaned_k50 " in text
    assert "shop\\|\\<b\\>" in text and "None is stated" in text and "pretrained" in text and "hideseek.c2pa" not in text


def test_what_is_there_at_times_is_said_then():
    allowed = Authorized(stem="0" * 64, arch="slim", accuracy=81.5)
    bare = replace(make_manifest(), offers=(), authorized=allowed)
    text = draw_readme(facts(manifest=bare, signed=True, words=Words(license="mit")))
    assert "slim to 81.5 %" in text and "`hideseek.c2pa`" in text and "None is stated" not in text
    assert "cleaner_clean.safetensors" in text and "verify cleaned " in text and "| level |" not in text


def test_what_strangers_wrote_into_a_manifest_stays_text():
    hostile = replace(make_manifest().recipe, name="x`\n# <script>$title")
    text = draw_readme(facts(manifest=replace(make_manifest(), recipe=hostile), counts={"a|b\u202e <i>": 1}))
    assert "<script>" not in text and "recipe x\\`\\\\n\\# \\<script\\>\\$title: slim" in text
    assert "| a\\|b\\\\u202e \\<i\\> | 1 |" in text


def test_a_loader_is_named_that_reads_the_images():
    assert "import mlcroissant" in draw_readme(facts())
    assert "import mlcroissant" in draw_readme(facts(suffixes=("jpg", "png")))
    sharded = replace(make_manifest(), output_format=OutputFormat(shard=2))
    for changes in ({"suffixes": ("jpg", "webp")}, {"manifest": sharded}):
        text = draw_readme(facts(**changes))
        assert "import mlcroissant" not in text and "`croissant.json` describes" in text


def test_of_many_classes_some_are_named():
    text = draw_readme(facts(counts={f"c{number:04}": 10 for number in range(105)}))
    assert "| c0099 | 10 |" in text and "c0100" not in text and "and 5 other classes." in text


@pytest.mark.parametrize("images", [1, 999, 1000, 99_999, 100_000, 10**13])
def test_sizes_hold_what_they_say(images):
    bounds = [float(one.replace("K", "e3").replace("M", "e6").replace("B", "e9").replace("T", "e12"))
              for one in re.findall(r"\d+[KMBT]", name_size(images))]  # fmt: skip
    low, high = (0.0, *bounds) if name_size(images).startswith("n<") else (*bounds, float("inf"))[:2]
    assert low <= images < high


def load(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets", reason="needs datasets to load a folder by its card")
    return datasets.load_dataset(str(folder), cache_dir=str(cache))["train"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("keys", "jpegs"),
    [(NAMES, ()), (NAMES[:2], ()), (NAMES, NAMES), (NAMES, NAMES[1:3])], ids=["classes", "one class", "JPEG", "both"],
)  # fmt: skip
def test_datasets_loads_images_and_classes_by_the_card(keys, jpegs, tmp_path, monkeypatch):
    folder = publish(tmp_path / "p", keys, jpegs=jpegs)
    write_card(folder, Words())
    found = load(folder, tmp_path / "cache", monkeypatch)
    names = found.features["label"].names
    assert sorted(names[one["label"]] for one in found) == sorted(label for label, _ in keys)
    for one in found:
        place = f"{names[one['label']]}/{Path(one['image'].filename).name}"
        assert (np.asarray(one["image"]) == np.asarray(Image.open(folder / place))).all()


@pytest.mark.slow
def test_datasets_loads_shards_by_the_card(tmp_path, monkeypatch):
    folder = publish(tmp_path / "p", NAMES, OutputFormat(shard=3))
    write_card(folder, Words())
    found = load(folder, tmp_path / "cache", monkeypatch)
    assert sorted(one["class.txt"] for one in found) == sorted(label for label, _ in NAMES)


@pytest.mark.slow
def test_datasets_gives_no_wrong_class_to_nested_images(tmp_path, monkeypatch):
    folder = publish(tmp_path / "p", [("a", "0"), ("b", "sub/0")])
    write_card(folder, Words())
    assert set(load(folder, tmp_path / "cache", monkeypatch).features) == {"image"}
    assert "without their classes" in draw_readme(gather(manifest.read(folder), folder, Words(), signed=False))
