"""Windows: one gather for shifts, crops and flips, equal to the arithmetic of the files."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from hideseek_cli.masks.arithmetic import apply, place
from hideseek_cli.training.tensors import TensorDataset, compose, cyclic_window, draw_augmentation, gather, make_dataset

sizes = st.integers(8, 20)


@given(sizes, sizes, st.integers(0, 2**31))
def test_training_and_files_place_masks_alike(height, width, seed):
    random = np.random.default_rng(seed)
    masks = random.integers(-8, 9, (3, height, width, 3)).astype(np.int8)
    labels = random.integers(0, 3, 5)
    shifts = np.stack([random.integers(0, height, 5), random.integers(0, width, 5)], 1).astype(np.uint16)
    tensor = torch.from_numpy(masks).permute(0, 3, 1, 2)[torch.from_numpy(labels)]
    seen = gather(tensor, cyclic_window(torch.from_numpy(shifts.astype(np.int64)), height, width))
    assert np.array_equal(seen.permute(0, 2, 3, 1).numpy(), place(masks, labels, shifts))


@given(sizes, sizes, st.integers(0, 2**31))
def test_windows_compose(height, width, seed):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (4, 3, height, width), generator=generator)
    first = cyclic_window(torch.randint(0, 8, (4, 2), generator=generator), height, width)
    then = draw_augmentation(4, height, width, generator)
    assert torch.equal(gather(images, compose(first, then)), gather(gather(images, first), then))


def test_augmentation_crops_with_reflected_border_and_flips_half():
    generator = torch.Generator().manual_seed(0)
    rows, columns = draw_augmentation(4000, 16, 16, generator)
    steps = rows.diff(dim=1)
    assert rows.min() == 0 and rows.max() == 15 and steps.abs().max() == 1
    assert set(rows[:, 4].tolist()) == {2, 3, 4, 5, 6}
    flipped = columns[:, 6] > columns[:, 7]
    assert 0.45 < flipped.float().mean() < 0.55


def test_masked_images_on_the_device_are_those_of_the_files():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (6, 8, 8, 3)).astype(np.uint8)
    masks = random.integers(-8, 9, (2, 8, 8, 3)).astype(np.int8)
    labels = np.array([0, 1, 0, 1, 1, 0])
    data = make_dataset(images, labels, 2, torch.device("cpu"))
    noise = torch.from_numpy(masks).permute(0, 3, 1, 2).index_select(0, data.labels)
    masked = (data.images.int() + noise).clamp(0, 255).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(masked, apply(images, place(masks, labels, None)))


def test_moments_are_those_of_numpy():
    images = np.random.default_rng(0).integers(0, 256, (20, 9, 10, 3)).astype(np.uint8)
    mean, deviation = make_dataset(images, np.zeros(20, np.int64), 1, torch.device("cpu")).moments()
    assert np.allclose(mean, images.mean((0, 1, 2)), atol=1e-3)
    assert np.allclose(deviation, images.std((0, 1, 2)), atol=1e-3)
    flat = TensorDataset(torch.full((2, 1, 8, 8), 7, dtype=torch.uint8), torch.zeros(2, dtype=torch.long), 1)
    assert flat.moments()[1].item() == 1.0


def test_amplitudes_are_those_of_the_images_frequencies():
    """A wave of amplitude a at one frequency counts a·h·w/2 there, and nothing but rounding elsewhere."""
    row = torch.arange(16)
    wave = (128 + 40 * torch.cos(2 * np.pi * 3 * row / 16))[:, None].expand(16, 16)
    images = wave.round().to(torch.uint8).expand(5, 2, 16, 16)
    found = TensorDataset(images, torch.zeros(5, dtype=torch.long), 1).amplitudes()
    assert found.shape == (2, 16, 9)
    assert torch.allclose(found[:, 3, 0], torch.tensor(40 * 16 * 16 / 2.0), rtol=0.01)
    assert (found[:, 5, 4] == (16 * 16 / 12) ** 0.5).all(), "what rounding would leave, where there is nothing"


def test_a_window_may_be_smaller_than_the_image():
    images = torch.arange(2 * 3 * 8 * 8).view(2, 3, 8, 8)
    rows, columns = torch.arange(2, 5).expand(2, 3), torch.arange(1, 7).expand(2, 6)
    assert torch.equal(gather(images, (rows, columns)), images[:, :, 2:5, 1:7])
