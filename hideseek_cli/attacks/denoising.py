"""A denoiser that the adversary trains on masks made with hideseek from clean images of their own.

Source: ConfounderGAN, Appendix D (an adaptive attacker with pairs); a residual network of a few convolutions (Zhang et
al., DnCNN).
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.training.tensors import TensorDataset, cyclic_window, gather
from hideseek_cli.training.trainer import ignore_steps

STEPS, BATCH, WIDTH, DEPTH = 800, 64, 24, 4
STRENGTH = (0.4, 1.2)
"""Of the masks that the denoiser is shown, between these."""
_LOCK = threading.Lock()
_KEPT: dict[tuple[str, str, int, int], nn.Sequential] = {}
"""The network that was trained last."""


def _layers(channels: int) -> nn.Sequential:
    sizes = [channels, *[WIDTH] * (DEPTH - 1), channels]
    parts: list[nn.Module] = []
    for one, other in pairwise(sizes):
        parts += [nn.Conv2d(one, other, 3, padding=1, padding_mode="reflect"), nn.BatchNorm2d(other), nn.ReLU()]
    return nn.Sequential(*parts[:-2])


def get_denoiser(own: TensorDataset, epsilon: int, seed: int) -> nn.Sequential:
    """``train_denoiser``, once for all runs of an audit that need the same network; those that come later wait for it."""
    key = hashlib.sha256(own.images.cpu().numpy().tobytes()).hexdigest(), str(own.images.device), epsilon, seed
    with _LOCK:
        if key not in _KEPT:
            _KEPT.clear()
            _KEPT[key] = train_denoiser(own, epsilon, seed)
        return _KEPT[key]


def train_denoiser(own: TensorDataset, epsilon: int, seed: int) -> nn.Sequential:
    """A network that says what was added to an image (both in units of 64 grey levels)."""
    device = own.images.device
    method = ClassWise()
    tasks = [
        Task(dataset=own, epsilon=epsilon, arch="slim", batch_size=128, seed=seed, shifts=None, robust=robust)
        for robust in (method.robust, ())
    ]
    patterns = torch.cat([torch.from_numpy(method.candidates(task)[0].train(ignore_steps).patterns) for task in tasks])
    patterns = patterns.permute(0, 3, 1, 2).to(device)
    generator = torch.Generator(device).manual_seed(seed)
    height, width = own.images.shape[2:]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _layers(own.images.shape[1]).to(device)
    rule = torch.optim.Adam(network.parameters(), lr=2e-3)

    def drawn(high: int, *shape: int) -> Tensor:
        return torch.randint(0, high, (BATCH, *shape), device=device, generator=generator)

    for _ in range(STEPS):
        clean = own.images[drawn(len(own))].float()
        place = torch.stack([drawn(height), drawn(width)], 1)
        noise = gather(patterns[drawn(len(patterns))], cyclic_window(place, height, width))
        low, high = STRENGTH
        noise = noise * (low + (high - low) * torch.rand(BATCH, 1, 1, 1, device=device, generator=generator))
        masked = (clean + noise.clamp(-epsilon, epsilon)).clamp(0, 255)
        rule.zero_grad()
        functional.mse_loss(network(masked / 64), (masked - clean) / 64).backward()
        rule.step()
    return network.eval()


@torch.no_grad()
def _remove_noise(network: nn.Sequential, dataset: TensorDataset) -> TensorDataset:
    parts = [part.float() - 64 * network(part.float() / 64) for part in dataset.images.split(500)]
    return replace(dataset, images=torch.cat(parts).clamp(0, 255).round().to(torch.uint8))


def denoise(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Training and test images through a denoiser."""
    clean = partial(_remove_noise, get_denoiser(exposed.test, exposed.epsilon, exposed.seed))
    return clean(exposed.dataset), clean(exposed.test)


ATTACKS = (Attack(name="denoiser", knows="other clean images", prepare=denoise),)
