"""Images that are files in folders: a folder a class, or all as of one class.

What is hidden, or left by a system, is passed over; what lies in a class's folder and is no image is refused, because an
image that is silently left out would be one that is published nowhere.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from operator import attrgetter
from os.path import exists, isdir, isfile, islink, join, relpath, splitext
from pathlib import Path

from hideseek_cli.errors import DiskError, Problems
from hideseek_cli.images.file_kinds import is_image, is_supported
from hideseek_cli.images.index import FileRef, ImageRecord
from hideseek_cli.images.passed_over import NO_IMAGE, PassedOver

STRANGE = "files are no images, or belong to no class (for a flat folder give `labels`); move them away"
UNREADABLE = "images are of formats that are not supported; convert them to PNG or JPEG"
LINKS = "folders are links, which are not followed; put the folders themselves in their places"
BROKEN = "links lead nowhere; mend or remove them"
EMPTY = "classes hold no images; remove their folders or fill them"


def read_class_folders(root: Path, problems: Problems, passed_over: PassedOver) -> Iterator[ImageRecord]:
    """The images of ``ROOT/<class>/*`` in order of class and name; adds what is wrong to ``problems``."""
    with os.scandir(root) as entries:
        children = sorted(entries, key=attrgetter("name"))
    for child in children:
        path = root / child.name
        if passed_over.ignores(child.name, root):
            continue
        if child.is_dir(follow_symlinks=False):
            before = sum(map(len, problems.values()))
            found = _list_images(path, problems, passed_over)
            yield from (ImageRecord(child.name, drop_suffix(place), FileRef(root, f"{child.name}/{place}")) for place in found)
            if not found and sum(map(len, problems.values())) == before:
                problems.setdefault(EMPTY, []).append(str(path))
        elif is_image(child.name) or (child.is_symlink() and not child.is_file()):
            note_obstacle(str(path), problems)
        else:
            passed_over.add(NO_IMAGE, str(path))


def read_unlabelled(root: Path, problems: Problems, passed_over: PassedOver) -> Iterator[ImageRecord]:
    """All images below a folder in order of their names, as of one class; adds what is wrong to ``problems``."""
    found = _list_images(root, problems, passed_over)
    yield from (ImageRecord("images", drop_suffix(place), FileRef(root, place)) for place in found)


def _list_images(root: Path, problems: Problems, passed_over: PassedOver) -> list[str]:
    """Where images lie below a folder, in order of their names; adds what is none, and is not passed over, to ``problems``."""
    found: list[str] = []
    for folder, subfolders, names in os.walk(root, onerror=_refuse):
        below = "" if folder == str(root) else relpath(folder, root).replace(os.sep, "/") + "/"
        walked = [name for name in sorted(subfolders) if not passed_over.ignores(name, folder)]
        links = [name for name in walked if islink(join(folder, name))]
        subfolders[:] = [name for name in walked if name not in links]
        for name in sorted(names + links):
            if is_supported(name) and isfile(join(folder, name)) and not name.startswith("."):
                found.append(below + name)
            elif not passed_over.ignores(name, folder):
                note_obstacle(join(folder, name), problems)
    found.sort()
    found.sort(key=drop_suffix)  # those of one name stay in order
    return found


def _refuse(error: OSError) -> None:
    """A folder that cannot be read may hold images."""
    raise DiskError(f"{error.filename} cannot be read: {error.strerror}; check the disk and your rights") from error


def note_obstacle(path: str, problems: Problems) -> None:
    """Add what is no image that can be read, where it lies, to ``problems``, under what it is."""
    if not exists(path):
        why = BROKEN
    elif islink(path) and isdir(path):
        why = LINKS
    else:
        why = UNREADABLE if is_image(path) and not is_supported(path) and isfile(path) else STRANGE
    problems.setdefault(why, []).append(path)


def drop_suffix(path: str) -> str:
    """What an image is called that lies there; not kept, because a class may have more images than fit into memory twice."""
    return splitext(path)[0]
