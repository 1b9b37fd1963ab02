"""The contact sheet as a page holds it: as large as it is, or smaller where it would weigh too much."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from hideseek_cli.errors import InputError
from hideseek_cli.images.notes import DAMAGED

HEAVIEST = 4_000_000
"""Bytes in a page."""
SMALLER = 0.8


@dataclass(frozen=True)
class Sheet:
    """A picture of its own in a page."""

    uri: str
    width: int
    height: int


def embed(path: Path) -> Sheet:
    """A sheet that the project has written. Raises InputError where it cannot be read."""
    try:
        with Image.open(path, formats=("PNG",)) as file:
            page = file.convert("RGB")
    except DAMAGED as error:
        raise InputError(f"{path} cannot be read as a contact sheet ({error}); make the release's sheet again") from error
    content = _encode(page)
    while len(content) > HEAVIEST:
        page = page.resize((round(page.width * SMALLER), round(page.height * SMALLER)), Image.Resampling.LANCZOS)
        content = _encode(page)
    return Sheet(f"data:image/webp;base64,{base64.b64encode(content).decode()}", page.width, page.height)


def _encode(page: Image.Image) -> bytes:
    """Without loss: what a mask does to an image is finer than what compression does."""
    stream = io.BytesIO()
    page.save(stream, "WEBP", lossless=True, method=2)
    return stream.getvalue()
