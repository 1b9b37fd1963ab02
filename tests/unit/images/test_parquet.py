"""Parquet files, as `datasets` lays them out, in and out, and as from a stranger. What all forms have in common is tested with
tars."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hideseek_cli.errors import InputError, RefusalError
from hideseek_cli.images import parquet, parquet_index
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.images.notes import NO_NOTES
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.stored import Raster
from hideseek_cli.runtime.atomic import StagedFolder
from tests.helpers.folders import draw, write_images

KEYS = [("cat", "a.b"), ("cat", "cat/1"), ('dog, "best"', "=1+1"), ("ünï", "é/%2E")]


def put(root: Path, keys=KEYS, each: int = 9) -> Path:
    with StagedFolder(root) as stage:
        form = OutputFormat(shard=each, container="parquet")
        with form.open_writer(stage, sorted({label for label, _ in keys})) as (write, finish):
            for number, key in enumerate(keys):
                finish(write(key, Raster(draw(0, number, 8, 3), NO_NOTES)))
    return root


def pack(path: Path, rows: list[tuple[bytes | None, str | None]], labels: list[object], features: object = None, **how) -> Path:
    """A file as a stranger's program writes it."""
    told = {} if features is None else {"huggingface": json.dumps({"info": {"features": {"label": features}}})}
    images = [{"bytes": content, "path": place} for content, place in rows]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.table({"image": pa.array(images, kind), "label": labels}).replace_schema_metadata(told)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **how)
    return path


IMAGE = encode(draw(0, 0, 8, 3))


def test_a_row_holds_the_file_its_place_and_the_number_of_its_class(tmp_path):
    root = put(tmp_path / "out", each=3)
    assert sorted(path.name for path in root.iterdir()) == ["train-00000.parquet", "train-00001.parquet"]
    first = pq.read_table(root / "train-00000.parquet")
    names = json.loads(first.schema.metadata[b"huggingface"])["info"]["features"]["label"]["names"]
    assert names == ["cat", 'dog, "best"', "ünï"]
    assert first["label"].to_pylist() == [0, 0, 1]
    assert [row["path"] for row in first["image"].to_pylist()] == ["cat/a.b.png", "cat/cat/1.png", 'dog, "best"/=1+1.png']
    assert first["image"][1].as_py()["bytes"] == encode(draw(0, 1, 8, 3))


def test_what_is_written_is_read_in_its_order_with_the_same_pixels(tmp_path):
    found = scan(put(tmp_path / "out", each=3)).records
    assert [record.key for record in found] == KEYS
    for number, record in enumerate(found):
        assert np.array_equal(decode(record.path), draw(0, number, 8, 3))


@pytest.mark.parametrize(
    ("limit", "most", "groups"), [("GROUP_ROWS", 2, 2), ("GROUP_BYTES", 2 * len(IMAGE) - 9, 2), ("", 0, 1)]
)
def test_groups_of_rows_are_bounded(tmp_path, monkeypatch, limit, most, groups):
    if limit:
        monkeypatch.setattr(parquet, limit, most)
    root = put(tmp_path / "out")
    assert pq.ParquetFile(root / "train-00000.parquet").num_row_groups == groups
    assert [record.key for record in scan(root).records] == KEYS


@pytest.mark.parametrize("how", [{}, {"compression": "zstd"}, {"row_group_size": 1}, {"use_dictionary": False}], ids=str)
def test_files_of_other_programs_are_read_however_they_are_packed(tmp_path, how):
    rows = [(IMAGE, f"x/{number}.JPG") for number in range(3)]
    pack(tmp_path / "p/data.parquet", rows, [1, 0, 1], {"names": ["no", "yes"], "_type": "ClassLabel"}, **how)
    found = scan(tmp_path / "p").records
    assert [record.key for record in found] == [("no", "x/1"), ("yes", "x/0"), ("yes", "x/2")]
    assert np.array_equal(decode(found[2].path), draw(0, 0, 8, 3))
    unnamed = pack(tmp_path / "n.parquet", rows, [7, 7, 8])
    assert [record.label for record in scan(unnamed).records] == ["7", "7", "8"]


NAMES = {"names": ["a", "b"], "_type": "ClassLabel"}
WRONG = {
    "no path": ([(IMAGE, None)], [0], NAMES, "an image without path"),
    "a long path": ([(IMAGE, "x" * 20_000)], [0], NAMES, "more than 16384 letters"),
    "a path that ends before its end": ([(IMAGE, "x\0y")], [0], NAMES, "a path .*that ends it"),
    "a number of no class": ([(IMAGE, "x")], [2], NAMES, "a label of 2"),
    "a number below none": ([(IMAGE, "x")], [-1], NAMES, "a label of -1"),
    "no number": ([(IMAGE, "x")], [None], NAMES, "a label of None"),
    "a text": ([(IMAGE, "x")], ["a"], NAMES, "a label of 'a'"),
    "names that are none": ([(IMAGE, "x")], [0], {"names": [1, 2]}, "no texts"),
}


@pytest.mark.parametrize(("rows", "labels", "features", "words"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_file_is_said_and_which(tmp_path, rows, labels, features, words):
    with pytest.raises(RefusalError, match=rf"Parquet files are damaged, or hold no images.*p\.parquet \(.*{words}"):
        scan(pack(tmp_path / "p.parquet", rows, labels, features))


def test_columns_that_are_not_there_and_files_that_are_none_are_refused(tmp_path):
    pq.write_table(pa.table({"caption": ["a"]}), tmp_path / "0.parquet")
    (tmp_path / "1.parquet").write_bytes(b"")
    (tmp_path / "2.parquet").write_bytes(b"PAR1" + bytes(20) + b"PAR1")
    (tmp_path / "3.parquet").write_bytes(b"PAR1" + b"\xff" * 20 + b"PAR1")
    (tmp_path / "4.parquet").write_bytes(bytes(99))
    with pytest.raises(RefusalError, match="5 Parquet files are damaged") as refused:
        scan(tmp_path)
    assert "a footer of 4294967295 bytes" in str(refused.value) and "no end mark" in str(refused.value)


@pytest.mark.parametrize(("limit", "most"), [("MAX_ROWS", 2), ("MAX_GROUP", 100)])
def test_groups_that_are_larger_than_is_worth_reading_are_refused(tmp_path, monkeypatch, limit, most):
    monkeypatch.setattr(parquet_index, limit, most)
    with pytest.raises(RefusalError, match="in smaller ones"):
        scan(pack(tmp_path / "p.parquet", [(IMAGE, f"{number}") for number in range(3)], [0, 0, 0], NAMES))


def test_a_row_without_image_is_named(tmp_path):
    (record,) = scan(pack(tmp_path / "p.parquet", [(None, "x.png")], [0], NAMES)).records
    with pytest.raises(InputError, match=r"p\.parquet:x\.png cannot be read as an image \(its row holds no image\)"):
        decode(record.path)


def test_a_file_that_was_replaced_is_read_again(tmp_path):
    root = put(tmp_path / "out", [("a", "1")])
    (record,) = scan(root).records
    decode(record.path)
    pack(root / "train-00000.parquet", [(encode(draw(3, 3, 8, 3)), "a/1.png")], [0], NAMES)
    assert np.array_equal(decode(record.path), draw(3, 3, 8, 3))


@settings(max_examples=60)
@given(st.data())
def test_no_damage_ends_in_a_fault(tmp_path_factory, data):
    root = tmp_path_factory.getbasetemp() / "damaged"
    whole = (root if root.exists() else put(root)) / "train-00000.parquet"
    content = bytearray(whole.read_bytes())
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    (root.parent / "d.parquet").write_bytes(content)
    try:
        for record in scan(root.parent / "d.parquet").records:
            decode(record.path)
    except InputError as error:
        assert "d.parquet" in str(error)


def test_without_pyarrow_it_says_how_to_install_it(tmp_path, monkeypatch):
    put(tmp_path / "out")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pip install 'hideseek\[hub\]'"):
        scan(tmp_path / "out")


@pytest.mark.parametrize("beside", ["images", "folders", "a tar"])
def test_a_parquet_file_beside_images_is_a_table(tmp_path, beside):
    write_images(tmp_path, 2, 2)
    if beside == "a tar":
        with StagedFolder(tmp_path / "t") as stage, OutputFormat(shard=9).open_writer(stage, ["a"]) as (write, finish):
            finish(write(("a", "1"), Raster(draw(0, 0, 8, 3), NO_NOTES)))
    place = tmp_path / "t" if beside == "a tar" else tmp_path
    pq.write_table(pa.table({"file_name": ["a"]}), place / "metadata.parquet")
    if beside == "images":
        (tmp_path / "class0/000.png").rename(tmp_path / "x.png")
        (tmp_path / "metadata.csv").write_text("x.png,a\n")
        assert [record.key for record in scan(tmp_path, tmp_path / "metadata.csv").records] == [("a", "x")]
    else:
        assert len(scan(place).records) == (1 if beside == "a tar" else 4)
