"""Contact sheets on the disk: PNG files that say whose they are, and secret, because they show originals and masks.

Nothing is read of one but what it says of itself, so that no other image is replaced by mistake.
"""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from hideseek_cli.formats.checks import parse_json
from hideseek_cli.formats.container import FORMAT
from hideseek_cli.images.notes import DAMAGED
from hideseek_cli.runtime import atomic

KIND = "sheet"
LABEL = "hideseek"
"""Keyword of the text in the file that says so."""


def save(path: Path, page: Image.Image, release: str) -> None:
    """Write the sheet of a release; the same page gives the same bytes. Raises DiskError."""
    label, stream = PngInfo(), io.BytesIO()
    label.add_text(LABEL, json.dumps({"format": FORMAT, "kind": KIND, "release": release}, sort_keys=True))
    page.save(stream, "PNG", pnginfo=label)
    atomic.write_whole(path, stream.getvalue(), secret=True)


def peek(path: Path) -> dict[str, Any]:
    """What a file says of itself; nothing where it is none of ours."""
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path, formats=("PNG",)) as image:
            header = parse_json(image.info.get(LABEL, "null").encode())
    except DAMAGED:
        return {}
    return header if isinstance(header, dict) else {}
