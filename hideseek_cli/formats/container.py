"""One safetensors file with a JSON header: written whole, and read as if it came from a stranger.

safetensors itself checks every size and offset of its header against the file before anything is mapped; what is
checked here is that the file is one of ours and that each tensor has the type and shape that it should have.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from hideseek_cli.errors import InputError
from hideseek_cli.runtime import atomic, places
from hideseek_cli.runtime.lock import hold

FORMAT, OWN_MASKS = 3, 4
"""Formats that are read; the second is written where images have masks of their own, so that older versions refuse it."""
KINDS = ("masks", "cleaner", "generator", "network")


def write(path: Path, header: dict[str, Any], tensors: dict[str, np.ndarray]) -> int:
    """Write a secret file with that header; the same content gives the same bytes. Returns its size."""
    text = json.dumps({"format": FORMAT, **header}, sort_keys=True, ensure_ascii=False)
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    content = save(tensors, metadata={"hideseek": text})
    atomic.write_whole(path, content, secret=True)
    return len(content)


def refuse_existing(path: Path, kind: str, overwrite: bool, release: str | None = None) -> None:
    """Raise InputError where something exists that may not be replaced: all but a file of that kind, with leave.

    One of ``release`` needs no leave: the run that goes on has written it.
    """
    found = _peek(path) if path.is_file() else {}
    ours = found.get("kind") == kind
    places.refuse_existing(path, overwrite or (ours and release is not None and found.get("release") == release))
    if os.path.lexists(path) and not ours:
        raise InputError(f"{path} is no {kind} file of hideseek's, which alone `overwrite=True` replaces; choose another place")


@contextmanager
def hold_file(path: Path, kind: str, overwrite: bool) -> Iterator[None]:
    """Keep other runs from a file that is to be written. Raises as ``refuse_existing``, and where one is at work there."""
    refuse_existing(path, kind, overwrite)
    with hold(path):
        refuse_existing(path, kind, overwrite)
        yield


def _peek(path: Path) -> dict[str, Any]:
    """What a file says of itself; nothing where it is not one of ours."""
    try:
        with safe_open(path, framework="numpy") as file:
            header = _read_header(file)
    except (OSError, SafetensorError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}


def _read_header(file: Any) -> Any:
    """The JSON header of an open safetensors file; None where it has none of ours."""
    return json.loads((file.metadata() or {}).get("hideseek", "null"))


def read(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Header and tensors of a file of that kind; safetensors checks every offset against the file's size."""
    if path.is_dir():
        raise InputError(f"{path} is a folder, and a {kind} file is needed here")
    try:
        with safe_open(path, framework="numpy") as file:
            header = _read_header(file)
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise InputError(f"{path} cannot be read: there is no such file; check the path of the {kind} file") from error
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as a {kind} file ({error}); get it again") from error
    if not isinstance(header, dict) or header.get("kind") not in KINDS:
        raise InputError(f"{path} is a safetensors file, but not one of hideseek")
    if header["kind"] != kind:
        raise InputError(f"{path} is a {header['kind']} file, and a {kind} file is needed here")
    if header.get("format") not in (FORMAT, OWN_MASKS):
        raise InputError(
            f"{path} has format {header.get('format')!r}, and this version reads {FORMAT} and {OWN_MASKS}; update hideseek"
        )
    return header, tensors


def take_classes(path: Path, header: dict[str, Any]) -> tuple[str, ...]:
    """The names of the classes that it is for."""
    names = header.get("classes")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path} is damaged: it names no classes; get it again")
    return tuple(names)


def take_text(path: Path, header: dict[str, Any], name: str) -> str:
    """A string of the header."""
    if not isinstance(header.get(name), str):
        raise InputError(f"{path} is damaged: it has no {name}; get it again")
    return str(header[name])


def take_number(path: Path, header: dict[str, Any], name: str) -> float:
    """A number of the header."""
    if not isinstance(header.get(name), (int, float)):
        raise InputError(f"{path} is damaged: it has no {name}; get it again")
    return float(header[name])


def take_tensor(path: Path, tensors: dict[str, np.ndarray], name: str, dtype: type, shape: tuple[int, ...]) -> np.ndarray:
    """A tensor of that type and shape, -1 standing for any size."""
    tensor = tensors.get(name)
    fits = tensor is not None and tensor.dtype == dtype and len(tensor.shape) == len(shape)
    if not fits or any(want not in (-1, have) for want, have in zip(shape, tensor.shape, strict=True)):  # type: ignore[union-attr]
        found = "nothing" if tensor is None else f"{tensor.dtype}{list(tensor.shape)}"
        raise InputError(f"{path} is damaged: {name} should be {np.dtype(dtype)}{list(shape)} and is {found}; get it again")
    assert tensor is not None
    return tensor
