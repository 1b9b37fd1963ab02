"""What the eye sees of masks, and masks that are made of what it sees least."""

import flip_evaluator
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hideseek_cli.core.bilevel import Problem, Round, _State, training_error
from hideseek_cli.core.eye import FAINTEST, OWN_SIZE, SLOW, Sight, respond, see_waves, to_difference
from hideseek_cli.core.updates import eye, rms
from hideseek_cli.images.visibility import PIXELS_A_DEGREE
from hideseek_cli.masks.resample import compute_return_weights, resample_back
from hideseek_cli.training.tensors import TensorDataset


def measure_flip(clean: np.ndarray, other: np.ndarray) -> float:
    pair = [np.ascontiguousarray(image / 255, np.float32) for image in (clean, other)]
    return float(flip_evaluator.evaluate(*pair, "LDR", applyMagma=False)[1])


@given(st.integers(30, 220))
def test_a_grey_level_changes_the_lightness_of_grey_and_no_colour(level):
    found = respond(np.full(3, float(level))).sum(1)
    assert 0.3 < found[0] < 0.5 and np.abs(found[1:]).max() < 0.002 * found[0] + 1e-3
    assert respond(np.array([float(level)])) == pytest.approx(found[:1, None], rel=0.01)


@pytest.mark.parametrize("colour", [(60, 60, 60), (128, 128, 128), (200, 200, 200), (180, 120, 90)])
@pytest.mark.parametrize("direction", [(1, 1, 1), (0, 1, 0), (0, 0, 1), (1, -1, 0)])
def test_the_difference_is_the_one_that_flip_measures(colour, direction):
    """Of a field that changes everywhere alike: its scale is FLIP's, with chroma and lightness added."""
    change = 4 * np.array(direction, float)
    clean = np.tile(np.array(colour, float), (96, 96, 1))
    light, *chroma = respond(np.array(colour, float)) @ change
    found = to_difference(measure_flip(clean, clean + change))
    assert found == pytest.approx(abs(light) + np.hypot(*chroma), rel=0.12)


def test_fine_waves_are_seen_least_and_those_of_colour_least_of_all():
    seen = see_waves(64, 64, 4.0, 3)
    line = seen[:, 0, :32]
    assert (np.diff(line) <= 0).all() and FAINTEST <= seen.min() <= 1.02 * FAINTEST
    assert (line[2, 4:] < line[1, 4:]).all() and (line[1, 4:] < line[0, 4:]).all()
    assert see_waves(64, 64, 8.0, 1)[0, 0, 32] > see_waves(64, 64, 4.0, 1)[0, 0, 32]


def test_slow_waves_count_for_more_the_longer_they_are():
    """As tints over flat areas do; a wave of SLOW has twice the square that FLIP gives it, one twice as long five times."""
    line = see_waves(64, 64, 4.0, 1)[0, 0]
    cycles = np.arange(33) * PIXELS_A_DEGREE / 4 / 64
    cycles[0] = cycles[1] / 2
    bare = np.exp(-0.0047 * cycles**2)
    expected = 1 + (SLOW / cycles) ** 2
    assert line[1:] ** 2 / bare[1:] ** 2 == pytest.approx(expected[1:]) and line[0] ** 2 == pytest.approx(expected[0])


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(40, 400), st.sampled_from([16, 32]))
def test_a_mask_is_carried_as_files_carry_it(seed, side, size):
    masks = np.random.default_rng(seed).integers(-8, 9, (2, size, size, 3)).astype(np.int8)
    sight = Sight(transfer=torch.tensor(compute_return_weights(side, size)))
    carried = sight.carry(torch.from_numpy(masks.astype(np.float32)).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert np.allclose(carried.numpy(), resample_back(masks, side), atol=1e-3)


def make_images(channels: int) -> TensorDataset:
    drawn = torch.Generator().manual_seed(1)
    return TensorDataset(
        torch.randint(0, 256, (8, channels, 16, 16), generator=drawn, dtype=torch.uint8), torch.arange(8) % 2, 2
    )


def test_networks_are_trained_on_masks_as_files_carry_them():
    """Here files carry nothing back, so there is nothing to know."""
    data, lost = make_images(3), Sight(transfer=torch.zeros(16, 16))
    for sight, left in ((OWN_SIZE, False), (lost, True)):
        problem = Problem(dataset=data, epsilon=8, arch="slim", batch_size=8, sight=sight)
        state = _State(problem, 0.1, lambda steps: 1.0)
        clean = state.mask_batch(torch.arange(8))
        again = _State(problem, 0.1, lambda steps: 1.0)
        again.mask.data.fill_(8.0)
        assert torch.equal(again.mask_batch(torch.arange(8)), clean) == left
        found = Round(torch.full((2, 3, 16, 16), 8.0), state.network, 1, 1)
        bare = Round(torch.zeros(2, 3, 16, 16), state.network, 1, 1)
        assert not left or training_error(problem, found) == training_error(problem, bare)


def see(mask: torch.Tensor, data: TensorDataset, sight: Sight) -> np.ndarray:
    """The root mean square of what is seen of each pattern, worked out another way than in training."""
    colour = data.images.double().mean((0, 2, 3)).numpy()
    turned = np.einsum("oc,pchw->pohw", respond(colour), mask.double().numpy())
    spectrum = np.fft.rfft2(turned) * see_waves(*mask.shape[2:], sight.pixels, len(colour))
    return np.sqrt((np.fft.irfft2(spectrum, mask.shape[2:]) ** 2).sum(1).mean((1, 2)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("limit", [0.3, 1.0, 1e9])
def test_a_pattern_is_as_strong_as_may_be_seen_and_no_stronger(channels, limit):
    data, sight = make_images(channels), Sight(pixels=4.0, limit=limit)
    mask = torch.zeros(2, channels, 16, 16)
    update = eye(mask, 8, data, sight)
    for step in range(8):
        mask.grad = torch.randn(mask.shape, generator=torch.Generator().manual_seed(0))
        update(1 - step / 10)
    seen = see(mask, data, sight)
    assert mask.abs().max() <= 8 and rms(mask).max() <= 4.001 and seen.max() <= 1.001 * limit
    assert mask.grad is None and np.maximum(seen / limit, rms(mask).flatten().numpy() / 4).min() > 0.98


def test_a_step_goes_down_the_gradient_where_it_is_seen_least():
    data, sight = make_images(3), Sight(pixels=4.0, limit=1.0)
    mask = torch.zeros(1, 3, 16, 16)
    slow = torch.cos(2 * torch.pi * torch.arange(16) / 16).expand(1, 3, 16, 16)
    fine = torch.cos(torch.pi * torch.arange(16)).expand(1, 3, 16, 16)
    mask.grad = slow + fine
    eye(mask, 8, data, sight)(1.0)
    assert (mask * fine).sum() < 3 * (mask * slow).sum() < 0
