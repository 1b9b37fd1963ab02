"""Manifests of hideseek 0.1.0, one JSON object each: read as those of today, and as strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest as manifests
from hideseek_cli.formats import manifest_format1
from hideseek_cli.formats.manifest import Authorized
from tests.helpers.manifests import DIGESTS, make_manifest

NAMES = {"/".join(key): digest for key, digest in DIGESTS.items()}


def document(**change: Any) -> dict[str, Any]:
    header = json.loads(next(make_manifest().lines()))
    del header["images"]
    return {**header, "format": 1, "pictures": NAMES, **change}


def write(folder: Path, value: Any, indent: int | None = 1) -> None:
    """As 0.1.0 did, unless told otherwise."""
    (folder / manifests.NAME).write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n")


@pytest.mark.parametrize("indent", [1, None])
def test_it_is_read_as_a_manifest_of_today(tmp_path, indent):
    write(tmp_path, document(), indent)
    assert manifests.read(tmp_path) == make_manifest()
    write(tmp_path, {"pictures": NAMES, **document(), "later": {"versions": ["may", "say", "more"]}}, indent)
    assert manifests.read(tmp_path) == make_manifest(), "images may stand anywhere"
    write(tmp_path, document(authorized={"lens": "0" * 64, "arch": "slim", "accuracy": 58.9}), indent)
    assert manifests.read(tmp_path).authorized == Authorized(stem="0" * 64, arch="slim", accuracy=58.9)


CHANGES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another format": lambda found: {**found, "format": 0},
    "no format": lambda found: {name: value for name, value in found.items() if name != "format"},
    "another kind": lambda found: {**found, "kind": "other"},
    "no images": lambda found: {name: value for name, value in found.items() if name != "pictures"},
    "a list of images": lambda found: {**found, "pictures": [*NAMES]},
    "a number for a digest": lambda found: {**found, "pictures": {**NAMES, "dog/x": 7}},
    "one image more": lambda found: {**found, "pictures": {**NAMES, "dog/ü2": "3" * 64}},
    "out of order": lambda found: {**found, "pictures": dict(reversed(NAMES.items()))},
    "out of the folder": lambda found: {**found, "pictures": {**NAMES, "dog/../../ü": "3" * 64}},
    "no class": lambda found: {**found, "pictures": {"a": "3" * 64, **NAMES}},
    "no number": lambda found: {**found, "chance": float("nan")},
    "no object": lambda found: [found],
    "nothing authorised": lambda found: {**found, "authorized": []},
}


@pytest.mark.parametrize("indent", [1, None])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_damaged_one_is_refused(tmp_path, change, indent):
    write(tmp_path, change(document()), indent)
    with pytest.raises(InputError, match="damaged or from another version"):
        manifests.read(tmp_path)


def test_what_it_says_twice_is_refused(tmp_path):
    write(tmp_path, document())
    whole = (tmp_path / manifests.NAME).read_text()
    row = f'  "cat/a": "{"0" * 64}",\n'
    for twice in (whole.replace(row, 2 * row), whole.replace("{\n", '{\n "level": "clean",\n', 1)):
        assert twice != whole
        (tmp_path / manifests.NAME).write_text(twice)
        with pytest.raises(InputError, match="twice"):
            manifests.read(tmp_path)


def test_it_is_read_up_to_a_size_and_no_further(tmp_path, monkeypatch):
    write(tmp_path, document())
    monkeypatch.setattr(manifest_format1, "MAX_BYTES", (tmp_path / manifests.NAME).stat().st_size)
    assert manifests.read(tmp_path) == make_manifest()
    with (tmp_path / manifests.NAME).open("a") as file:
        file.write("\n")
    with pytest.raises(InputError, match="is larger than 0 MiB"):
        manifests.read(tmp_path)


def test_what_is_written_anew_is_of_format_2(tmp_path):
    write(tmp_path, document())
    lines = manifests.read(tmp_path).lines()
    assert json.loads(next(lines))["format"] == 2 and replace(make_manifest()) == make_manifest()
