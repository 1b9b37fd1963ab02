"""The table that names files: whatever names may hold comes back, by a reader of CSV and by ours."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.notes import NO_NOTES
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.images.stored import Raster
from hideseek_cli.runtime.atomic import StagedFolder
from tests.helpers.folders import draw

TABLE = OutputFormat(table=True)
HOSTILE = [("=cmd|'calc'!A0", "@SUM(1,2)"), ("NA", "-1+1"), ('a "b", c', "d,e"), ("007", "ünï/日本\u200d"), ("é", "'")]
KEYS = st.tuples(st.text(max_size=8), st.text(max_size=8))


@settings(max_examples=30)
@given(st.lists(KEYS, max_size=8))
def test_rows_come_back_whatever_names_hold(tmp_path_factory, keys):
    root = tmp_path_factory.mktemp("t") / "out"
    with StagedFolder(root) as stage:
        TABLE.write_table(stage, [(key, "") for key in keys])
    header, *rows = csv.reader(io.StringIO((root / "metadata.csv").read_bytes().decode(), newline=""))
    assert header == ["file_name", "label"]
    assert rows == [[f"{label}/{name}.png", label] for label, name in keys]


def test_our_own_reader_of_tables_reads_it(tmp_path):
    rows = [(key, "") for key in HOSTILE]
    with StagedFolder(tmp_path / "out") as stage, TABLE.open_writer(stage, []) as (write, _):
        for number, key in enumerate(HOSTILE):
            write(key, Raster(draw(0, number, 8, 3), NO_NOTES))
        TABLE.write_table(stage, rows)
    found = scan(tmp_path / "out", tmp_path / "out/metadata.csv").records
    assert sorted(found.keys()) == sorted((label, f"{label}/{name}") for label, name in HOSTILE)
    assert sorted(TABLE.files(rows)) == sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in Path(tmp_path / "out").rglob("*") if path.is_file()
    )


def test_a_table_that_was_begun_is_written_again(tmp_path):
    (tmp_path / "metadata.csv").write_text("file_name,la")
    OutputFormat().settle(tmp_path)
    assert (tmp_path / "metadata.csv").exists()
    TABLE.settle(tmp_path)
    assert not (tmp_path / "metadata.csv").exists()


def test_other_kinds_of_shards_are_refused():
    with pytest.raises(InputError, match="shards cannot be 'zip': choose tar or parquet"):
        OutputFormat(shard=3, container="zip")
