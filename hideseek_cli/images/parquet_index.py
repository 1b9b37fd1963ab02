"""Parquet files as from a stranger: which images they hold, and how one is read. pyarrow, an extra, decodes them.

Footers say how large their groups of rows are: larger ones than are worth reading are refused, and what a dictionary repeats
is never written out.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from hideseek_cli.errors import DiskError, InputError, Problems
from hideseek_cli.images.members import MemberRef

IMAGE, LABEL = "image", "label"
"""The columns: a struct of ``bytes`` and ``path``, and the class's number."""
FEATURES = b"huggingface"
"""Under which a schema says what the columns are, names of classes among it."""
MAX_GROUP, MAX_ROWS, MAX_FOOTER, MAX_PATH = 2**28, 2**20, 2**26, 2**14
"""Bytes of a group of rows as its footer tells it, rows of one, bytes of the footer, and letters of an image's path."""
GROUPS = 8
"""Groups of rows that stay in memory, because images are mostly read in their order."""
TAIL = struct.Struct("<I4s")
MAGIC = b"PAR1"
BROKEN = "Parquet files are damaged, or hold no images and labels (columns image.bytes, image.path and label); get them again"
HUGE = f"Parquet files have groups of more than {MAX_GROUP // 2**20} MiB or {MAX_ROWS} rows; write them in smaller ones"


@dataclass(frozen=True)
class ParquetRef(MemberRef):
    """An image within a Parquet file: a row of a group of rows."""

    group: int
    row: int

    def open(self, mode: Literal["rb"] = "rb", /) -> io.BytesIO:
        """Its content. Raises OSError, ValueError where the file is damaged, InputError where pyarrow is not installed."""
        state = self.archive.stat()
        content = _read_images(self.archive, self.group, (state.st_mtime_ns, state.st_size))[self.row].as_py()
        if content is None:
            raise ValueError("its row holds no image")
        return io.BytesIO(content)


@lru_cache(GROUPS)
def _read_images(archive: Path, group: int, state: tuple[int, int]) -> Any:
    """The images of a group of rows; ``state``: of the file, another one of which may come under its name."""
    with open_parquet(archive) as file:
        return _read_column(file, group, f"{IMAGE}.bytes")


def _read_column(file: Any, group: int, column: str) -> Any:
    return file.read_row_group(group, columns=[column], use_threads=False).flatten()[column]


def require_pyarrow() -> ModuleType:
    """``pyarrow``, with its ``parquet``. Raises InputError where it is not installed."""
    try:
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise InputError("Parquet files need pyarrow; install it with: pip install 'hideseek[hub]'") from error
    return pyarrow


def open_parquet(archive: Path) -> Any:
    """A Parquet file to read from. Raises OSError, ValueError where it is none."""
    arrow = require_pyarrow()
    with archive.open("rb") as file:
        reach = file.seek(0, os.SEEK_END)
        if reach < 2 * len(MAGIC) + TAIL.size:
            raise ValueError(f"{reach} bytes")
        file.seek(-TAIL.size, os.SEEK_END)
        length, magic = TAIL.unpack(file.read(TAIL.size))
    if magic != MAGIC or length > MAX_FOOTER:
        raise ValueError("no end mark" if magic != MAGIC else f"a footer of {length} bytes")
    return arrow.parquet.ParquetFile(archive, read_dictionary=[f"{IMAGE}.bytes", f"{IMAGE}.path"])


def list_rows(archive: Path, problems: Problems) -> list[tuple[ParquetRef, str]]:
    """The images of a Parquet file with their classes, in its order, none where it is damaged; adds what is wrong to
    ``problems``.

    Raises DiskError where the disk fails, InputError where pyarrow is not installed.
    """
    found: list[tuple[ParquetRef, str]] = []
    try:
        with open_parquet(archive) as file:
            names = _read_class_names(file.schema_arrow.metadata or {})
            for group in range(file.num_row_groups):
                about = file.metadata.row_group(group)
                if about.num_rows > MAX_ROWS or about.total_byte_size > MAX_GROUP:
                    problems.setdefault(HUGE, []).append(str(archive))
                    return []
                labels = _read_column(file, group, LABEL).to_pylist()
                for row, (path, label) in enumerate(zip(_read_paths(file, group), labels, strict=True)):
                    found.append((ParquetRef(archive, path, group, row), _name_class(names, label)))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, NotImplementedError, RecursionError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise DiskError(f"{archive} cannot be read: {error.strerror}; check the disk and your rights") from error
        problems.setdefault(BROKEN, []).append(f"{archive} ({str(error).splitlines()[0] if str(error) else 'cut off'})")
        return []
    return found


def _read_paths(file: Any, group: int) -> Iterator[str]:
    """Where images lay, each text once in memory. Raises ValueError where one says nothing, or too much."""
    for chunk in _read_column(file, group, f"{IMAGE}.path").chunks:
        texts = chunk.dictionary.to_pylist()
        if any(len(text) > MAX_PATH or "\0" in text for text in texts):
            raise ValueError(f"a path of more than {MAX_PATH} letters, or with one that ends it")
        for index in chunk.indices.to_pylist():
            if index is None:
                raise ValueError("an image without path")
            yield texts[index]


def _read_class_names(metadata: dict[bytes, bytes]) -> list[str] | None:
    """The names of classes by number, None where there are none. Raises ValueError, LookupError and TypeError."""
    if FEATURES not in metadata:
        return None
    names = json.loads(metadata[FEATURES])["info"]["features"][LABEL].get("names")
    if names is not None and not (isinstance(names, list) and all(isinstance(name, str) for name in names)):
        raise ValueError("names of classes that are no texts")
    return names


def _name_class(names: list[str] | None, label: object) -> str:
    """The name of a class, or its number where it has none. Raises ValueError."""
    if not isinstance(label, int) or label < 0 or (names is not None and label >= len(names)):
        raise ValueError(f"a label of {label!r:.80}")
    return str(label) if names is None else names[label]
