"""Croissant: mlcroissant finds nothing wrong with it, and reads from it the images and classes that the folder has."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hideseek_cli.cards.croissant import draw_croissant
from hideseek_cli.cards.facts import Words, gather
from hideseek_cli.cards.writing import write_card
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.formats.card_files import CROISSANT, is_sealed
from hideseek_cli.images.output_format import OutputFormat
from tests.helpers.published import publish

KEYS = [("@type", "0"), ("a [x] 'y'", "0.5"), ("a [x] 'y'", "1%"), ("ü 图", "sub/2"), ('"quoted": {3}', "3")]


def draw(folder: Path, **words: str) -> str:
    return draw_croissant(gather(manifest.read(folder), folder, Words(**words), signed=False), folder)


def load(folder: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    mlcroissant = pytest.importorskip("mlcroissant", reason="needs mlcroissant to read Croissant")
    from mlcroissant._src.operation_graph.operations import extract

    monkeypatch.setattr(extract, "EXTRACT_PATH", type(extract.EXTRACT_PATH)(cache))
    return mlcroissant.Dataset(jsonld=str(folder / CROISSANT))


def find_faults(found: Any) -> set[str]:
    """What mlcroissant finds wrong, but that there is no date, which there is on no card."""
    issues = found.metadata.ctx.issues
    return {*issues.errors} | {one for one in issues.warnings if "datePublished" not in one}


@pytest.mark.slow
@pytest.mark.parametrize("jpegs", [KEYS[:0], KEYS[1:3], KEYS], ids=["PNG", "both", "JPEG"])
def test_mlcroissant_reads_every_image_with_its_class(tmp_path, monkeypatch, caplog, jpegs):
    folder = publish(tmp_path / "p", KEYS, jpegs=jpegs)
    write_card(folder, Words())
    found = load(folder, tmp_path / "cache", monkeypatch)
    assert not find_faults(found) and "not standard" not in caplog.text
    records = {one["images/path"].decode(): one for one in found.records("images")}
    assert set(records) == {f"{'/'.join(key)}.{'jpg' if key in jpegs else 'png'}" for key in KEYS}
    for place, one in records.items():
        assert one["images/label"].decode() == place.split("/")[0]
        assert (np.asarray(one["images/image"]) == np.asarray(Image.open(folder / place))).all()
    assert [one["classes/name"] for one in found.records("classes")] == sorted({label for label, _ in KEYS})


@pytest.mark.slow
def test_mlcroissant_finds_nothing_wrong_with_webp_and_shards(tmp_path, monkeypatch):
    for number, form in enumerate((OutputFormat(encoding="webp"), OutputFormat(shard=2, encoding="webp"))):
        folder = publish(tmp_path / f"{number}", KEYS, form)
        write_card(folder, Words())
        assert not find_faults(load(folder, tmp_path / "cache", monkeypatch))


@pytest.mark.slow
@pytest.mark.parametrize("jpegs", [KEYS[:0], KEYS[1:3]], ids=["PNG", "both"])
def test_mlcroissant_reads_shards_and_checks_them(tmp_path, monkeypatch, jpegs):
    folder = publish(tmp_path / "p", KEYS, OutputFormat(shard=3), jpegs=jpegs)
    write_card(folder, Words())
    found = [*load(folder, tmp_path / "cache", monkeypatch).records("images")]
    assert sorted(one["images/label"].decode() for one in found) == sorted(label for label, _ in KEYS)
    (folder / "000000.tar").write_bytes((folder / "000001.tar").read_bytes())
    with pytest.raises(Exception, match="000000.tar"):
        [*load(folder, tmp_path / "cache2", monkeypatch).records("images")]


def test_names_of_strangers_stay_values(tmp_path):
    folder = publish(tmp_path / "p", KEYS)
    document = json.loads(draw(folder, title='x", "@id": "y'))
    assert document["name"] == 'x", "@id": "y'
    assert [one["classes/name"] for one in document["recordSet"][1]["data"]] == sorted({label for label, _ in KEYS})


def test_digests_are_those_of_manifest_and_shards(tmp_path):
    folder = publish(tmp_path / "p", KEYS, OutputFormat(shard=2))
    text = draw(folder)
    stated = {one["contentUrl"]: one["sha256"] for one in json.loads(text)["distribution"] if "sha256" in one}
    there = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert stated == there and is_sealed(text.encode())
    assert not re.search(r"\d{4}-\d\d-\d\d", text)


def test_a_shard_that_is_missing_is_said(tmp_path):
    folder = publish(tmp_path / "p", KEYS, OutputFormat(shard=2))
    (folder / "000001.tar").unlink()
    with pytest.raises(InputError, match=r"000001.tar cannot be read .* whole published folder"):
        draw(folder)
