"""Records: read back as they were written, replaced by their own kind alone, and read as from a stranger."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError, InputError
from hideseek_cli.formats import record
from hideseek_cli.formats.record import MAX_NUMBER, RESULTS, Record, path_beside

RELEASE = "ab" * 32
FOUND: dict[str, dict[str, Any]] = {
    "hide": {"clean_accuracy": 80.0, "published_accuracy": 12, "images": 60, "classes": 3, "mse": 1e-4, "ssim": 0.99,
             "levels": [{"level": 50.0, "accuracy": 51.0, "low": 48.0, "high": 54.0, "runs": 4}],
             "curve": [{"share": 0.0, "accuracy": 80.0, "runs": 1}]},
    "verify": {"accuracy": 50.0, "low": 48.0, "high": 52.0, "runs": 4, "level": None, "tolerance": 8.0, "verdict": None,
               "recall": {"cat": 40.0, "dog": 60.0}},
    "metrics": {"images": 60, "mse": 1e-4, "ssim": 0.99, "linf": 8},
    "audit": {"attacks": [{"attack": "none", "accuracy": 12.0, "clean_accuracy": None}]},
}  # fmt: skip


def found(command: str = "verify", **options: Any) -> Record:
    usual = {"date": "2026-11-28", "release": RELEASE, "level": "50", "arguments": {"folder": "k50"}, "result": FOUND[command]}
    return Record(command=command, **{**usual, **options})


def text(**changes: Any) -> bytes:
    """A record of verify as it is written, with other values."""
    return json.dumps({"format": 1, **vars(found()), **changes}).encode()


words = st.text(max_size=8) | st.sampled_from(["\udc80", "</script>", "Ω\u2028"])
numbers = st.integers(-(2**63), 2**63) | st.floats(-MAX_NUMBER, MAX_NUMBER)
values = st.recursive(
    st.none() | st.booleans() | numbers | words, lambda one: st.lists(one, max_size=3) | st.dictionaries(words, one, max_size=3)
)


@given(
    command=st.sampled_from(sorted(RESULTS)), date=st.dates().map(str), release=st.none() | st.just(RELEASE),
    level=st.sampled_from([None, "published", "62.5", "clean"]), arguments=st.dictionaries(words, values, max_size=4),
    more=st.dictionaries(words, values, max_size=4),
)  # fmt: skip
def test_a_record_is_read_as_it_was_written(tmp_path_factory, command, date, release, level, arguments, more):
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.unlink(missing_ok=True)
    whole = found(command, date=date, release=release, level=level, arguments=arguments, result={**more, **FOUND[command]})
    whole.write(path)
    assert Record.read(path) == whole


def test_of_several_networks_each_has_its_result(tmp_path):
    both = [FOUND["verify"], {**FOUND["verify"], "accuracy": 60.0}]
    several = found(result=both)
    several.write(tmp_path / "r")
    assert Record.read(tmp_path / "r") == several
    assert [one["accuracy"] for one in several.results] == [50.0, 60.0] and found().results == (FOUND["verify"],)
    for command, result in (("metrics", [FOUND["metrics"]]), ("verify", [])):
        with pytest.raises(InputError, match="has one result"):
            found(command, result=result)


def test_it_is_the_same_bytes_and_secret_where_that_is_asked(tmp_path):
    for name in ("a", "b"):
        found("hide").write(tmp_path / name, secret=True)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    found("hide").write(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644
    (tmp_path / "b").chmod(0o644)
    found("hide").write(tmp_path / "b", secret=True)
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600, "an earlier record that was open is closed"


def test_records_lie_beside_what_they_are_about(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert path_beside(Path("k50/"), "verify") == tmp_path / "k50.verify.json"
    assert path_beside(Path("out.v1"), "audit") == tmp_path / "out.v1.audit.json", "a folder's name has no suffix"
    assert path_beside(Path("m.safetensors"), "hide") == tmp_path / "m.hide.json"
    assert path_beside(Path(), "metrics") == tmp_path.parent / f"{tmp_path.name}.metrics.json"


def test_an_earlier_record_of_the_same_command_is_replaced_and_nothing_else(tmp_path):
    path = tmp_path / "r"
    found().write(path)
    later = found(date="2026-11-29")
    later.write(path)
    assert Record.read(path) == later
    with pytest.raises(InputError, match="record of another command; move it away"):
        found("metrics").write(path)
    assert Record.read(path) == later
    for content in (b"precious", b"", text(format=2), text(result={})):
        path.write_bytes(content)
        with pytest.raises(InputError, match="is no record of hideseek"):
            later.write(path)
        assert path.read_bytes() == content
    path.unlink()
    path.symlink_to(tmp_path / "gone")
    with pytest.raises(InputError, match="cannot be read as a record"):
        later.write(path)
    assert path.is_symlink() and sorted(os.listdir(tmp_path)) == ["r"]


def test_where_it_cannot_be_written_nothing_is(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DiskError, match="cannot be written"):
        found().write(tmp_path / "file/r")
    for arguments, why in (({"a": float("nan")}, "too large a number"), ({"a": b"bytes"}, "is no JSON")):
        with pytest.raises(InputError, match=why):
            found(arguments=arguments).write(tmp_path / "r")
    assert sorted(os.listdir(tmp_path)) == ["file"]


def test_a_record_that_could_not_be_read_again_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "MAX_BYTES", 500)
    with pytest.raises(InputError, match="a record has at most 500"):
        found(arguments={"folder": "x" * 500}).write(tmp_path / "r")
    (tmp_path / "r").write_bytes(text(arguments={"folder": "x" * 500}))
    with pytest.raises(InputError, match="it has more than 500 bytes"):
        Record.read(tmp_path / "r")


HOSTILE = {
    "is no JSON": b"{", "not UTF-8": b"\xff", "is a list": b"[]", "is deep": b"[" * 100_000, "is a number": b"1",
    "says twice": text()[:-1] + b', "level": null}', "lacks": json.dumps({"format": 1}).encode(),
    "another format": text(format=2), "format is a truth": text(format=True), "version is none": text(hideseek=None),
    "another command": text(command="seek"), "command is a list": text(command=["verify"]), "date": text(date="20261128"),
    "no date": text(date="today"), "date is a number": text(date=5), "release": text(release="../x"),
    "level": text(level="../../x"), "level is a number": text(level=50), "arguments": text(arguments=[]),
    "result": text(result="fine"), "results": text(result=[[]]),
    "recall": text(result={**FOUND["verify"], "recall": {"cat": None}}),
    "recalls": text(result={**FOUND["verify"], "recall": [40.0]}),
    "infinite": text(result={**FOUND["verify"], "more": [{"x": float("inf")}]}),
    "not a number": text(arguments={"a": float("nan")}), "huge": text(arguments={"a": [10**400]}),
    "words for a figure": text(result={**FOUND["verify"], "accuracy": "<b>"}),
    "beyond": text(result={**FOUND["verify"], "high": 100.1}), "runs": text(result={**FOUND["verify"], "runs": 1.5}),
    "a truth for a figure": text(result={**FOUND["verify"], "accuracy": True}),
    "tolerance": text(result={**FOUND["verify"], "tolerance": "8"}), "no verdict": text(result={"accuracy": 1.0}),
    "attacks": text(command="audit", result={"attacks": {"none": 1}}),
    "attack": text(command="audit", result={"attacks": [{"attack": "none", "accuracy": -1, "clean_accuracy": None}]}),
    "curve": text(command="hide", result={**FOUND["hide"], "curve": [[0.0, 80.0]]}),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_stranger_wrote_is_refused_in_a_sentence(name, tmp_path):
    (tmp_path / "r").write_bytes(HOSTILE[name])
    with pytest.raises(InputError, match="r is no record of hideseek, or damaged .*; run the command again") as refused:
        Record.read(tmp_path / "r")
    assert len(str(refused.value)) < 400


def test_a_folder_a_pipe_and_nothing_are_no_records(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, why in ((tmp_path, "Is a directory"), (tmp_path / "pipe", "pipe or a device"), (tmp_path / "no", "No such file")):
        with pytest.raises(InputError, match=why):
            Record.read(path)


@given(st.data())
def test_bytes_that_are_changed_are_refused_or_read_as_a_record(tmp_path_factory, data):
    path, content = tmp_path_factory.getbasetemp() / "changed.json", bytearray(text())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        again = Record.read(path)
    except InputError:
        return
    path.unlink()
    again.write(path)
    assert Record.read(path) == again


def test_what_is_read_is_checked_as_what_is_made():
    with pytest.raises(InputError, match="is no date"):
        replace(found(), date="2026-13-01")
