"""Weights of a stranger's network: what fits is read, and everything else refused with a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from hideseek_cli.errors import InputError
from hideseek_cli.formats.weights import read_weights

SHAPES = {"one.weight": (2, 3), "one.bias": (2,)}


def tensors(**changes: object) -> dict[str, np.ndarray]:
    found: dict[str, object] = {name: np.ones(shape, np.float32) for name, shape in SHAPES.items()}
    found |= {name.replace("_", "."): value for name, value in changes.items()}
    return {name: np.asarray(value) for name, value in found.items() if value is not None}


def is_head(name: str) -> bool:
    return name.startswith("fc.")


@given(st.sampled_from([np.float16, np.float32]), st.lists(st.floats(-1e4, 1e4, width=16), min_size=6, max_size=6))
def test_what_is_written_is_read(tmp_path_factory, kind, numbers):
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    values = np.array(numbers, kind).reshape(2, 3)
    save_file(tensors(one_weight=values, fc_weight=np.zeros((5, 5), np.int8)), path)
    read = read_weights(path, SHAPES, is_head)
    assert read.keys() == SHAPES.keys() and all(one.dtype == np.float32 for one in read.values())
    assert np.array_equal(read["one.weight"], values)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"one_bias": None}, "it lacks 1 tensor, 'one.bias'"),
        ({"two_bias": np.ones(1, np.float32)}, "it has besides 1 tensor, 'two.bias'"),
        ({"one_bias": np.ones(3, np.float32)}, "one.bias should be F16 or F32[2] and is F32[3]"),
        ({"one_bias": np.ones(2)}, "and is F64[2]"),
        ({"one_bias": np.array([0, np.nan], np.float32)}, "one.bias has a number that is not finite"),
        ({"one_bias": np.array([0, np.inf], np.float16)}, "one.bias has a number that is not finite"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path: Path, changes, words):
    save_file(tensors(**changes), tmp_path / "w")
    with pytest.raises(InputError, match=re.escape(words)):
        read_weights(tmp_path / "w", SHAPES, is_head)


def test_what_is_no_such_file_is_refused(tmp_path: Path):
    (tmp_path / "pickle").write_bytes(b"\x80\x04]\x94.")
    for name, words in (("pickle", "cannot be read as safetensors"), ("gone", "no such file"), (".", "is a folder")):
        with pytest.raises(InputError, match=words):
            read_weights(tmp_path / name, SHAPES, is_head)
