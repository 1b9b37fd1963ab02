"""One safetensors file with a JSON header: written whole, and read as if it came from a stranger.

safetensors itself checks every size and offset of its header against the file before anything is mapped; what is
checked here is that the file is one of ours and that each tensor has the type and shape that it should have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.formats.checks import parse_json
from hideseek_cli.runtime import atomic, places
from hideseek_cli.runtime.lock import hold

FORMATS = FORMAT, OWN_MASKS, SPARING, OWN_SPARING = 3, 4, 5, 6
"""Formats that are read: the second and the fourth of images that have masks of their own, the third and the fourth of masks
that spare what is wholly transparent. They are written only there, so that versions that do not know them refuse them."""
KINDS = ("masks", "cleaner", "generator", "network")
DTYPES = frozenset({"I8", "U8", "U16", "I32", "U32", "I64", "F32"})
"""Types of tensors that files of ours have, as safetensors calls them; others NumPy need not even know."""
UNREADABLE = (OSError, SafetensorError, ValueError, TypeError, RecursionError)
Tensors = dict[str, np.ndarray]


def write(path: Path, header: dict[str, Any], tensors: dict[str, np.ndarray]) -> int:
    """Write a secret file with that header; the same content gives the same bytes. Returns its size."""
    text = json.dumps({"format": FORMAT, **header}, sort_keys=True, ensure_ascii=False)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    content = save(tensors, metadata={"hideseek": text})
    atomic.write_whole(path, content, secret=True)
    return len(content)


def refuse_existing(
    path: Path, kind: str, overwrite: bool, release: str | None = None, peek: Callable[[Path], dict[str, Any]] | None = None
) -> None:
    """Raise InputError where something exists that may not be replaced: all but a file of that kind, with leave.

    One of ``release`` needs no leave: the run that goes on has written it. ``peek``: what a file that is no safetensors file
    says of itself.
    """
    found = (peek or read_label)(path) if path.is_file() else {}
    ours = found.get("kind") == kind
    places.refuse_existing(path, overwrite or (ours and release is not None and found.get("release") == release))
    if os.path.lexists(path) and not ours:
        raise InputError(f"{path} is no {kind} file of hideseek's, which alone `overwrite=True` replaces; choose another place")
    public = next((parent for parent in path.absolute().parents if manifest.exists(parent)), None)
    if public is not None:
        raise InputError(f"{path}, which is secret, would lie inside {public}, which is published; choose another place")


@contextmanager
def hold_file(path: Path, kind: str, overwrite: bool) -> Iterator[None]:
    """Keep other runs from a file that is to be written. Raises as ``refuse_existing``, and where one is at work there."""
    refuse_existing(path, kind, overwrite)
    with hold(path):
        refuse_existing(path, kind, overwrite)
        yield


def read_label(path: Path) -> dict[str, Any]:
    """What a file says of itself; nothing where it is not one of ours."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = _read_header(file)
    except UNREADABLE:
        return {}
    return header if isinstance(header, dict) else {}


def _read_header(file: Any) -> Any:
    """The JSON header of an open safetensors file; None where it has none of ours."""
    return parse_json((file.metadata() or {}).get("hideseek", "null").encode())


@contextmanager
def open_file(path: Path, kind: str) -> Iterator[tuple[dict[str, Any], Tensors]]:
    """Header and tensors of a file of that kind. Raises InputError, then and inside, for whatever is wrong with it."""
    header, tensors = _read(path, kind)
    try:
        yield header, tensors
    except (KeyError, TypeError, ValueError, OverflowError, InputError) as error:
        why = f"it does not say its {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path} is damaged or from another version of hideseek ({why}); get it again") from error


def _read(path: Path, kind: str) -> tuple[dict[str, Any], Tensors]:
    """safetensors checks every offset against the file's size; tensors of other types than ours are not read."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, and a {kind} file is needed here")
    places.refuse_special(path, f"a {kind} file")
    try:
        with safe_open(path, framework="numpy") as file:
            header = _read_header(file)
            strange = {file.get_slice(name).get_dtype() for name in file.keys()} - DTYPES  # noqa: SIM118
            tensors = {} if strange else {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise InputError(f"{path} cannot be read: there is no such file; check the path of the {kind} file") from error
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read as a {kind} file ({error}); get it again") from error
    if not isinstance(header, dict) or header.get("kind") not in KINDS:
        raise InputError(f"{path} is a safetensors file, but not one of hideseek")
    if header["kind"] != kind:
        raise InputError(f"{path} is a {header['kind']} file, and a {kind} file is needed here")
    if header.get("format") not in FORMATS:
        raise InputError(
            f"{path} has format {header.get('format')!r:.80}, and this version reads {FORMATS[0]} to {FORMATS[-1]}; "
            "update hideseek"
        )
    if strange:
        raise InputError(f"{path} is damaged: it has tensors of type {', '.join(sorted(strange))}; get it again")
    return header, tensors


def take_tensor(tensors: Tensors, name: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor of that type and shape, -1 standing for any size. Raises InputError where it is another."""
    tensor = tensors.get(name)
    fits = tensor is not None and tensor.dtype == dtype and len(tensor.shape) == len(shape)
    if not fits or any(want not in (-1, have) for want, have in zip(shape, tensor.shape, strict=True)):  # type: ignore[union-attr]
        found = "nothing" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
        raise InputError(f"{name} should be {np.dtype(dtype)}{list(shape)} and is {found}")
    assert tensor is not None
    return tensor
