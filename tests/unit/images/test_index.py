"""Lists of images come back as they were taken, whatever lies where."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.images.index import FileRef, ImageIndex, ImageRecord
from hideseek_cli.images.parquet_index import ParquetRef
from hideseek_cli.images.tar_index import TarRef

ROOT = Path("root")
names = st.text(st.characters(exclude_characters="/\0", exclude_categories=("Cs",)), min_size=1, max_size=6).filter(
    lambda name: name not in (".", "..")
)
ends = st.sampled_from([".png", ".JPG", ".jpeg", ".t\udcffif"])
"""The last one is of a file system whose names are no UTF-8."""


@st.composite
def records(draw: st.DrawFn) -> ImageRecord:
    label, name, end = draw(names), draw(names), draw(ends)
    places = [FileRef(ROOT, f"{folder}{name}{end}") for folder in (f"{label}/", "", "els\udce9where/")]
    offsets = st.integers(0, 2**40)
    spans = st.builds(
        TarRef, st.sampled_from([ROOT / "0.tar", ROOT / "1.tar", Path("2.tar")]), st.just(f"{name}{end}"), offsets, offsets
    )
    rows = st.builds(
        ParquetRef, st.sampled_from([ROOT / "0.tar", ROOT / "0.parquet"]), st.just(f"{name}{end}"), offsets, offsets
    )
    return ImageRecord(label, name, draw(st.sampled_from(places) | spans | rows))


@given(st.lists(records(), max_size=8), st.data())
def test_entries_come_back_as_they_were_taken_one_by_one_and_in_parts(taken, data):
    found = ImageIndex(ROOT, taken)
    assert list(found) == taken and len(found) == len(taken)
    assert list(found.keys()) == [record.key for record in taken]
    assert found.classes == list(dict.fromkeys(record.label for record in taken))
    assert list(found.walk_sorted()) == sorted(taken, key=lambda record: record.key)
    np.testing.assert_array_equal(found.labels, [found.classes.index(record.label) for record in taken])
    part = data.draw(st.slices(len(taken)))
    assert found[part] == tuple(taken[part])
