"""Laws of coefficients: what is written is read again, whatever happens at the same time; what is damaged is said to be."""

from __future__ import annotations

import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.errors import DiskError
from hideseek_cli.images import jpeg
from hideseek_cli.images.codec import MAX_PIXELS
from hideseek_cli.images.jpeg import Coefficients, Grid, read_coefficients, write_coefficients
from hideseek_cli.images.jpeg_header import MOST_SCANS, UnfitError, read_header
from tests.helpers.grids import draw_coefficients, grids, make_grid
from tests.helpers.jpegs import (
    JPEGS,
    KEPT,
    PLAIN,
    PROGRESSIVE,
    SCANS,
    SECRET,
    SOF,
    SOS,
    find,
    insert,
    list_segments,
    make,
    put,
    segment,
)

SEEDS = st.integers(0, 2**16)


@given(grid=grids(), seed=SEEDS)
def test_what_is_written_is_read_again(grid: Grid, seed: int) -> None:
    image = draw_coefficients(grid, seed)
    content = write_coefficients(image, icc=b"i" * 70_000, exif=b"Exif\0\0")
    found = read_coefficients(content, grid.orientation)
    assert found.grid == grid and all(map(np.array_equal, found.blocks, image.blocks))
    assert found.digest() == image.digest() and write_coefficients(found, icc=b"i" * 70_000, exif=b"Exif\0\0") == content
    assert [marker for marker, *_ in list_segments(content)][:4] == [0xE0, 0xE1, 0xE2, 0xE2]


@given(grid=grids(), seed=SEEDS, place=st.integers(0, 63))
def test_the_digest_binds_all_of_it(grid: Grid, seed: int, place: int) -> None:
    image = draw_coefficients(grid, seed)
    last = len(image.blocks) - 1
    moved = [one.copy() for one in image.blocks]
    moved[last].reshape(-1, 64)[-1, place] += 1
    steps = bytearray(grid.tables[last])
    steps[2 * place] ^= 1
    others = [
        Coefficients(grid, tuple(moved)),
        Coefficients(replace(grid, tables=(*grid.tables[:-1], bytes(steps))), image.blocks),
        Coefficients(replace(grid, height=grid.height + 1), image.blocks),
        Coefficients(replace(grid, width=grid.width + 1), image.blocks),
        Coefficients(replace(grid, orientation=grid.orientation % 8 + 1), image.blocks),
        Coefficients(replace(grid, sampling=((3, 3), *grid.sampling[1:])), image.blocks),
    ]
    assert len({one.digest() for one in (image, *others)}) == 7


@given(
    sampling=st.sampled_from([((1, 1),), ((2, 2), (1, 1), (1, 1)), ((1, 2), (1, 1), (1, 1))]), seed=SEEDS,
    beyond=st.sampled_from([0, 1]), rest=st.sampled_from([1023, 1023, 1024]),
)  # fmt: skip
def test_what_is_codable_is_what_the_encoder_takes(
    sampling: tuple[tuple[int, int], ...], seed: int, beyond: int, rest: int
) -> None:
    grid, random = make_grid(sampling, 37, 51, 1, 1, seed), np.random.default_rng(seed)
    blocks = tuple(np.zeros((*grid.blocks(number), 8, 8), np.int16) for number in range(grid.channels))
    firsts = random.choice([0, -1023], blocks[0].shape[:2])
    firsts[tuple(random.integers(0, side) for side in firsts.shape)] = 1024 + beyond
    blocks[0][..., 0, 0] = firsts
    blocks[-1].reshape(-1, 64)[random.integers(0, len(blocks[-1])), random.integers(1, 64)] = rest
    image = Coefficients(grid, blocks)
    try:
        written = write_coefficients(image)
    except DiskError:
        written = None
    assert image.codable == (written is not None)
    assert written is None or read_coefficients(written).digest() == image.digest()


def test_threads_do_not_disturb_each_other_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    honest = [odd.content for odd in JPEGS if odd.outcome == KEPT][:12]
    damaged = [PLAIN[:-200] + PLAIN[-100:], PLAIN.replace(b"\xff\xc4", b"\xff\xdd", 1), put(PLAIN, SOS, 5, b"\x09")]
    alone = [read_coefficients(content).digest() for content in honest]

    def work(number: int) -> str | None:
        if number % 3 == 2:
            with contextlib.suppress(UnfitError):
                read_coefficients(damaged[number // 3 % len(damaged)])
            return None
        image = read_coefficients(honest[number % len(honest)])
        return read_coefficients(write_coefficients(image)).digest()

    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(work, range(300)))
    assert all(one in (None, alone[number % len(honest)]) for number, one in enumerate(found))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("size", [b"\xff\xff\xff\xff", b"\x18\xb5\x18\xb5"])
def test_sizes_are_checked_before_the_library_sees_a_file(size: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "require_jpeglib", None)
    assert int.from_bytes(size[:2], "big") ** 2 > MAX_PIXELS
    with pytest.raises(UnfitError, match="more than 40 million"):
        read_coefficients(put(PLAIN, SOF, 5, size))


def test_scans_without_end_are_refused() -> None:
    start = find(PROGRESSIVE, SOS)[0]
    scan = PROGRESSIVE[start : SCANS[1]]
    read_header(PROGRESSIVE[:start] + scan * (MOST_SCANS - 50) + PROGRESSIVE[start:])
    with pytest.raises(UnfitError, match="scans"):
        read_header(PROGRESSIVE[:start] + scan * MOST_SCANS + PROGRESSIVE[start:])


def test_what_is_said_besides_and_behind_never_reaches_the_library() -> None:
    notes = [segment(0xE0 + number, SECRET) for number in range(16)]
    odd = insert(make(comment=SECRET), b"\xff\xff\xff", *notes)
    assert read_header(odd + SECRET + PLAIN).bare == read_header(PLAIN).bare


def test_a_full_disk_is_no_fault_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    image = read_coefficients(PLAIN)
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(DiskError, match="TMPDIR"):
        read_coefficients(PLAIN)
    with pytest.raises(DiskError, match="TMPDIR"):
        write_coefficients(image)
