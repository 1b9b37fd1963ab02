"""Parquet files of images and their classes, as the library ``datasets`` lays them out, in and out.

A row is ``image``, its file's ``bytes`` and the ``path`` at which it would lie in a folder, ``CLASS/NAME.png``, and ``label``,
the number of its class; the names of classes stand in the schema. Rows are written in groups of bounded size, and not
compressed, since images are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from hideseek_cli.errors import Problems
from hideseek_cli.images.image_folder import drop_suffix
from hideseek_cli.images.index import Content, ImageRecord, Key
from hideseek_cli.images.parquet_index import FEATURES, IMAGE, LABEL, list_rows, require_pyarrow

GROUP_BYTES, GROUP_ROWS = 2**23, 1000
"""Of images in one group of rows, the last image besides."""


def read_rows(archive: Path, problems: Problems) -> list[ImageRecord]:
    """The images of one file; adds what is wrong to ``problems``."""
    found = list_rows(archive, problems)
    return [ImageRecord(label, drop_suffix(ref.member.removeprefix(f"{label}/")), ref) for ref, label in found]


def name_file(number: int) -> str:
    """By which ``datasets`` knows it for the part that one trains on."""
    return f"train-{number:05}.parquet"


def is_whole(archive: Path) -> bool:
    """Whether a file is not damaged. Raises DiskError."""
    return bool(list_rows(archive, {}))


@contextmanager
def open_writer(file: BinaryIO, classes: Sequence[str]) -> Iterator[Callable[[Key, str, int, Content], None]]:
    """Fills a file: takes class and name, suffix, length and content of each image. Classes are numbered in the order given."""
    arrow = require_pyarrow()
    schema = _make_schema(arrow, classes)
    with arrow.parquet.ParquetWriter(
        file, schema, compression="none", use_dictionary=False, write_statistics=False
    ) as writer:  # fmt: skip
        rows = _Rows(arrow, writer, schema, classes)
        yield rows.add
        rows.flush()


def _make_schema(arrow: Any, classes: Sequence[str]) -> Any:
    features = {IMAGE: {"_type": "Image"}, LABEL: {"names": list(classes), "_type": "ClassLabel"}}
    image = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    told = {FEATURES: json.dumps({"info": {"features": features}}).encode()}
    return arrow.schema([(IMAGE, image), (LABEL, arrow.int64())], metadata=told)


class _Rows:
    """Rows that wait until they are a group."""

    def __init__(self, arrow: Any, writer: Any, schema: Any, classes: Sequence[str]) -> None:
        self.arrow, self.writer, self.schema = arrow, writer, schema
        self.numbers = {label: number for number, label in enumerate(classes)}
        self.images: list[dict[str, Any]] = []
        self.labels: list[int] = []
        self.bytes = 0

    def add(self, key: Key, suffix: str, length: int, image: Content) -> None:
        self.images.append({"bytes": image.read(), "path": "/".join(key) + suffix})
        self.labels.append(self.numbers[key[0]])
        self.bytes += length
        if self.bytes >= GROUP_BYTES or len(self.labels) >= GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        if self.labels:
            self.writer.write_table(self.arrow.table({IMAGE: self.images, LABEL: self.labels}, schema=self.schema))
        self.images, self.labels, self.bytes = [], [], 0
