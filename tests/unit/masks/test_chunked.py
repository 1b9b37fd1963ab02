"""Masks of single images in files: what goes in comes out, whatever is read, and what is damaged is refused (law 8)."""

from __future__ import annotations

import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import InputError
from hideseek_cli.formats.mask_tensors import read_masks
from hideseek_cli.masks import chunked as module
from hideseek_cli.masks.chunked import ChunkedMasks


def noise(count: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(count).integers(-8, 9, (count, *shape)).astype(np.int8)


@given(st.integers(1, 30), st.sampled_from([(1, 1, 1), (3, 4, 3), (5, 2, 1)]), st.integers(1, 100), st.randoms())
def test_masks_are_read_by_number_in_any_order_and_more_than_once(count, shape, chunk, random):
    masks = noise(count, *shape)
    packed = ChunkedMasks.pack(masks, chunk)
    numbers = np.array([random.randrange(count) for _ in range(random.randrange(8))], int)
    assert np.array_equal(packed[numbers], masks[numbers]) and packed[numbers].dtype == np.int8
    assert np.array_equal(packed.unpack(), masks) and len(packed) == count


def test_a_file_holds_them_whole():
    masks = noise(9, 4, 5, 3)
    found = read_masks(ChunkedMasks.pack(masks).tensors("masks.c3"), "masks.c3", (-1, -1, -1, 3))
    assert isinstance(found, ChunkedMasks) and np.array_equal(found.unpack(), masks)
    assert read_masks({}, "masks.c3", (-1, -1, -1, 3)) is None
    assert read_masks({"masks.c3": masks}, "masks.c3", (9, -1, -1, 3)) is masks


DAMAGES = {
    "no shape": lambda parts: parts.pop("m.shape"),
    "no ends": lambda parts: parts.pop("m.ends"),
    "other channels": lambda parts: parts["m.shape"].__setitem__(3, 1),
    "fewer than none": lambda parts: parts["m.shape"].__setitem__(0, -9),
    "masks too large": lambda parts: parts["m.shape"].__setitem__(1, 2**40),
    "more masks than chunks": lambda parts: parts["m.shape"].__setitem__(0, 2**40),
    "an end beyond the content": lambda parts: parts["m.ends"].__setitem__(-1, 2**40),
    "ends that fall": lambda parts: parts["m.ends"].__setitem__(0, -1),
    "content of another length": lambda parts: parts.update({"m.packed": parts["m.packed"][:-1]}),
    "floats": lambda parts: parts.update({"m.packed": parts["m.packed"].astype(np.float32)}),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_what_cannot_be_is_refused_before_memory_is_taken(damage, monkeypatch):
    parts = {name: tensor.copy() for name, tensor in ChunkedMasks.pack(noise(9, 4, 5, 3)).tensors("m").items()}
    monkeypatch.setattr(module, "_unpack", lambda *chunk: pytest.fail("a chunk was unpacked"))
    damage(parts)
    with pytest.raises(InputError, match=r"should be|there are no masks|not where they should be"):
        read_masks(parts, "m", (-1, -1, -1, 3))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (zlib.compress(bytes(10_000_000), 9), "longer than it says"),
        (zlib.compress(bytes(4)), "shorter"),
        (b"no zlib", "damaged"),
    ],
)
def test_a_chunk_that_unpacks_to_something_else_is_refused_where_it_is_read(content, words):
    packed = ChunkedMasks.read((9, 4, 5, 3), np.array([len(content)]), content)
    tracemalloc.start()
    with pytest.raises(InputError, match=words):
        packed[np.array([0])]
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 1_000_000, "no further than its masks are long"
