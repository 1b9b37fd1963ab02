"""Masks are trained for the coefficients in which they will lie: as the buyer's arithmetic has it, with a gradient."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from hideseek_cli.core.coefficients import Coefficients
from hideseek_cli.core.eye import Sight
from hideseek_cli.images.exif import UPRIGHT
from hideseek_cli.images.jpeg import Grid
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.masks.jpeg_seen import see_change
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.mask_layout import find_coefficients
from hideseek_cli.runtime.progress import Silent
from tests.helpers.folders import draw

CPU = torch.device("cpu")
ANYTHING = 126
"""A bound that holds nothing back."""


def make_grid(height: int, width: int, channels: int, down: int, across: int) -> Grid:
    table = (3 + np.arange(64)).astype("<u2").tobytes()
    return Grid(height, width, ((down, across), (1, 1), (1, 1))[:channels], (table,) * channels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("height", "width", "size"), [(40, 40, 16), (41, 57, 16), (24, 24, 24), (17, 30, None)])
def test_what_is_left_is_what_calibration_has(height: int, width: int, size: int | None, channels: int) -> None:
    grid = make_grid(height, width, channels, 2 if channels == 3 else 1, 2 if channels == 3 else 1)
    shape = (height, width) if size is None else (size, size)
    masks = np.random.default_rng(0).integers(-8, 9, (3, *shape, channels)).astype(np.int8)
    noise = torch.tensor(masks).permute(0, 3, 1, 2).float().requires_grad_(True)
    left = Coefficients.of(grid, shape, CPU)(noise)
    expected = np.stack([see_change(mask, grid, ANYTHING) for mask in masks])
    assert np.allclose(left.detach().permute(0, 2, 3, 1).numpy(), expected, atol=1e-3)
    left.square().sum().backward()
    assert noise.grad is not None and float(noise.grad.abs().min()) >= 0 and float(noise.grad.abs().mean()) > 0.1


def test_a_pattern_that_rounds_to_nothing_still_learns() -> None:
    faint = torch.full((1, 1, 16, 16), 0.01, requires_grad=True)
    left = Coefficients.of(make_grid(16, 16, 1, 1, 1), (16, 16), CPU)(faint)
    left.sum().backward()
    assert not left.any() and faint.grad is not None and float(faint.grad.mean()) == pytest.approx(1, abs=0.01)


def test_each_pattern_is_shown_to_its_images() -> None:
    patterns = torch.randn(4, 1, 16, 16)
    sight = Sight(coefficients=Coefficients.of(make_grid(16, 16, 1, 1, 1), (16, 16), CPU))
    which = torch.tensor([3, 0, 3])
    assert torch.allclose(sight.show(patterns, which), sight.carry(patterns)[which])


def write(root: Path, side: int, suffixes: tuple[str, ...], **options: object) -> Path:
    for label in range(2):
        (root / f"class{label}").mkdir(parents=True)
        for number, suffix in enumerate(suffixes):
            Image.fromarray(draw(label, number, side, 3)).save(root / f"class{label}/{number}.{suffix}", **options)
    return root


@pytest.mark.parametrize(
    ("side", "size", "suffixes", "found"),
    [
        (16, None, ("jpg",) * 4, True),
        (16, None, ("png", "jpg", "jpg", "jpg"), True),
        (16, None, ("png", "png", "png", "jpg"), False),
        (32, 8, ("jpg",) * 4, True),
        (33, 8, ("jpg",) * 4, False),
    ],
)
def test_the_way_is_taken_where_most_files_are_jpegs_and_not_much_larger(
    side: int, size: int | None, suffixes: tuple[str, ...], found: bool, tmp_path: Path, executor: Executor
) -> None:
    data = write(tmp_path / "data", side, suffixes)
    source = load_source(data, None, size, executor, Silent(), OutputFormat.choose("auto"))
    assert (find_coefficients(source, CPU) is not None) == found


def test_images_that_lie_sideways_have_no_common_way_at_their_own_size(tmp_path: Path, executor: Executor) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    assert exif[0x0112] != UPRIGHT
    data = write(tmp_path / "data", 16, ("jpg",) * 4, exif=exif)
    source = load_source(data, None, None, executor, Silent(), OutputFormat.choose("auto"))
    assert len(source.stack.grids) == 8 and find_coefficients(source, CPU) is None
