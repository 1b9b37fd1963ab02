"""A published folder with a manifest and nothing behind it: no masks, and images as they are."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from hideseek_cli.formats.manifest import Manifest, Offer, compute_identity
from hideseek_cli.images.codec import InMemory, Pixels
from hideseek_cli.images.index import Key
from hideseek_cli.images.notes import NO_NOTES
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.images.stored import Raster, Stored, read_original
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from tests.helpers.folders import draw

OFFER = Offer(level=50.0, price=25.0, accuracy=49.1, low=47.0, high=51.2, runs=3, clean_classes=1)


def compress(pixels: Pixels) -> Stored:
    """An image in colour as a JPEG that stays one."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    return read_original(InMemory(stream.getvalue()), keeps_jpeg=True)


def publish(
    place: Path, keys: Iterable[Key], output_format: OutputFormat = PNG_FILES, level: str = "published", *,
    jpegs: Iterable[Key] = (),
) -> Path:  # fmt: skip
    """Images of those classes and names, some of them JPEGs, and their manifest."""
    kept = set(jpegs)
    images: dict[Key, Stored] = {}
    for number, key in enumerate(sorted(keys)):
        pixels = draw(number % 3, number, 16, 3)
        images[key] = compress(pixels) if key in kept else Raster(pixels, NO_NOTES)
    rows = {key: image.digest for key, image in images.items()}
    classes = tuple(sorted({label for label, _ in images}))
    with StagedFolder(place) as stage:
        with output_format.open_writer(stage, classes) as (put, finish):
            for key, image in images.items():
                finish(put(key, image))
        Manifest(
            level=level, release=compute_identity(rows), classes=classes, chance=100 / len(classes), epsilon=8, size=None,
            recipe=preset("quick"), offers=(OFFER,), images=tuple(rows.items()), output_format=output_format,
        ).write(stage)  # fmt: skip
    return place
