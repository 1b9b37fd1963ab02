"""``hs.inspect``: what a file or folder is, what fits to it and what to do next. Imports no PyTorch."""

from __future__ import annotations

from pathlib import Path

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.images.archives import find_archives
from hideseek_cli.inspection.beside import read_label
from hideseek_cli.inspection.files import describe_file
from hideseek_cli.inspection.folders import INSPECTED, describe_images, describe_release
from hideseek_cli.inspection.result import Inspection
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.places import refuse_special


def inspect(path: str | Path, *, secret: bool = False) -> Inspection:
    """Say what a file or folder is, by what it says of itself; it may come from a stranger.

    Args:
        path: A published or cleaned folder or its manifest, a mask file, a cleaner, a generator, a network file, a contact
            sheet, or a folder or tar of images.
        secret: Tell as well what must not leave the house: strengths, masked shares, seeds.

    Raises:
        InputError: It is nothing of that, or it is damaged.
    """
    place = as_path(path)
    refuse_special(place, "a file of hideseek's or a folder of images")
    if place.name == manifest.NAME and place.is_file():
        place = place.parent
    if place.is_dir():
        return describe_release(place) if manifest.exists(place) else describe_images(place)
    if not place.exists():
        raise InputError(f"{place} is neither a file nor a folder; check the path")
    if find_archives(place):
        return describe_images(place)
    kind, label = read_label(place)
    if kind is None:
        raise InputError(f"{place} is no file of hideseek's, or it is damaged: {INSPECTED}")
    return describe_file(place, kind, label, secret)
