"""Weights of a network in a safetensors file: a stranger's, of which nothing is read that is not asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from hideseek_cli.errors import InputError, count, name_some
from hideseek_cli.formats.container import UNREADABLE
from hideseek_cli.runtime import places

DTYPES = ("F16", "F32")
"""Types of tensors, as safetensors calls them."""
NAMED = 3
"""Tensors that are named at most."""


def read_weights(path: Path, shapes: Mapping[str, tuple[int, ...]], ignored: Callable[[str], bool]) -> dict[str, np.ndarray]:
    """The tensors of those names and shapes, as float32; the file may have ``ignored`` ones besides.

    Raises InputError where it is no such file, lacks one or has others, or where a number is not finite.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder, and a safetensors file of weights is needed here")
    places.refuse_special(path, "a safetensors file of weights")
    try:
        with safe_open(path, framework="numpy") as file:
            _compare(path, shapes, {name for name in file.keys() if not ignored(name)})  # noqa: SIM118
            return {name: _take(path, file, name, shape) for name, shape in shapes.items()}
    except FileNotFoundError as error:
        raise InputError(f"{path} cannot be read: there is no such file; check the path of the weights") from error
    except UNREADABLE as error:
        raise InputError(f"{path} cannot be read as safetensors ({error}); save the network's weights as such") from error


def _compare(path: Path, wanted: Mapping[str, Any], found: set[str]) -> None:
    """Of another network there are other names."""
    for names, words in ((wanted.keys() - found, "lacks"), (found - wanted.keys(), "has besides")):
        if names:
            some = name_some(sorted(map(repr, names)), NAMED)
            raise InputError(
                f"{path} is not of this network: it {words} {count(len(names), 'tensor')}, {some:.300}; name its architecture"
            )


def _take(path: Path, file: Any, name: str, shape: tuple[int, ...]) -> np.ndarray:
    part = file.get_slice(name)
    if tuple(part.get_shape()) != shape or part.get_dtype() not in DTYPES:
        raise InputError(
            f"{path} is not of this network: {name} should be {' or '.join(DTYPES)}{list(shape)} and is "
            f"{part.get_dtype()}{part.get_shape()}; name its architecture"
        )
    tensor = file.get_tensor(name).astype(np.float32)
    if not np.isfinite(tensor).all():
        raise InputError(f"{path} is damaged: {name} has a number that is not finite; get it again")
    return tensor
