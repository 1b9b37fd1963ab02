"""Changes that masks are trained through: what they throw away, and that gradients pass."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hideseek_cli.attacks.compression import compress_jpeg
from hideseek_cli.core.bilevel import Problem, _State
from hideseek_cli.core.eye import OWN_SIZE
from hideseek_cli.core.updates import FINE, RULES, rms
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.transforms import ROBUST, compress_softly
from tests.helpers.folders import draw


def photographs(channels: int, side: int = 32) -> torch.Tensor:
    """Smooth noise in grey levels, 12 images."""
    noise = torch.randn(12, channels, side // 4, side // 4, generator=torch.Generator().manual_seed(0))
    return (128 + 50 * torch.nn.functional.interpolate(noise, side, mode="bicubic")).clamp(0, 255)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [10, 30, 60])
def test_soft_compression_is_near_to_a_real_encoder(channels, quality):
    images = photographs(channels)
    real = compress_jpeg(images, quality)
    lost = (real - images).abs().mean()
    assert (compress_softly(images, quality) - real).abs().mean() < 0.4 * lost + 0.8


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 16), (3, 37, 50)])
@pytest.mark.parametrize("name", ROBUST)
def test_every_change_keeps_the_shape_and_passes_gradients(name, shape):
    for change in ROBUST[name]:
        images = (255 * torch.rand(2, *shape, generator=torch.Generator().manual_seed(1))).requires_grad_()
        found = change(images, torch.Generator().manual_seed(2))
        assert found.shape == images.shape and found.min() >= 0 and found.max() <= 255.001
        (found * torch.randn_like(found)).sum().backward()
        assert images.grad is not None and images.grad.isfinite().all() and images.grad.abs().mean() > 0.01


def test_masks_are_trained_through_each_change_in_turn():
    images = np.stack([draw(label, number, 16, 3) for label in range(2) for number in range(20)])
    data = TensorDataset(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous(), torch.arange(2).repeat_interleave(20), 2)
    state = _State(Problem(dataset=data, epsilon=8, arch="slim", through=("greyscale", "blur")), 0.1, lambda steps: 1.0)
    batches = [state.mask_batch(torch.arange(8)) for _ in range(6)]
    assert [torch.equal(batch[:, 0], batch[:, 2]) for batch in batches] == [False, True, False, False, False, True]
    rough = [(batch[..., 1:] - batch[..., :-1]).square().mean() for batch in batches]
    assert rough[3] < 0.7 * min(rough[0], rough[2], rough[4]), "the fourth is blurred"


def test_balanced_masks_have_slow_and_fine_waves_each_within_its_bound():
    data = TensorDataset(photographs(3).to(torch.uint8), torch.arange(12) % 2, 2)
    mask = torch.zeros(2, 3, 32, 32, requires_grad=True)
    update = RULES["balanced"](mask, 8, data, OWN_SIZE)
    for number in range(6):
        mask.grad = torch.randn(mask.shape, generator=torch.Generator().manual_seed(number))
        update(1.0)
    frequency = torch.hypot(torch.fft.fftfreq(32)[:, None], torch.fft.fftfreq(32)[None])
    slow, fine = (torch.fft.ifft2(torch.fft.fft2(mask) * band).real for band in (frequency < FINE, frequency >= FINE))
    assert mask.abs().max() <= 8
    assert torch.allclose(rms(slow), torch.tensor(2.5), rtol=0.1) and torch.allclose(rms(fine), torch.tensor(3.0), rtol=0.1)
