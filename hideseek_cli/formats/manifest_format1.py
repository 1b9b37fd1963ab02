"""Manifests of format 1, which hideseek 0.1.0 wrote: one JSON object that is read whole, as header and rows of today's."""

from __future__ import annotations

from typing import IO, Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats.checks import parse_json
from hideseek_cli.formats.manifest_rows import check_rows
from hideseek_cli.images.output_format import Row

FORMAT = 1
MAX_BYTES = 2**26
"""Of a file: some 600,000 images. It is in memory as a whole."""


def is_format1(header: object) -> bool:
    """Whether a file is one object over many lines, whose first says nothing by itself, or one in a line that says so."""
    return header is None or (isinstance(header, dict) and header.get("format") == FORMAT)


def read_format1(file: IO[bytes]) -> tuple[dict[str, Any], tuple[Row, ...]]:
    """Header and images of an open file. Raises InputError, KeyError, TypeError and ValueError where it is none of ours."""
    file.seek(0)
    content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise InputError(f"it has no header, and is larger than {MAX_BYTES // 2**20} MiB, up to which format 1 is read")
    header = parse_json(content)
    if not isinstance(header, dict) or header["format"] != FORMAT:
        raise InputError("it is no manifest")
    images = header.pop("pictures")
    if not isinstance(images, dict):
        raise InputError("its images are not names with digests")
    rows = tuple(check_rows([*_split(name), digest] for name, digest in images.items()))
    if "authorized" in header:
        header["authorized"] = {**header["authorized"], "stem": header["authorized"]["lens"]}
    return header, rows


def _split(name: str) -> tuple[str, str]:
    """Class and name of ``CLASS/NAME``."""
    label, _, rest = name.partition("/")
    return label, rest
