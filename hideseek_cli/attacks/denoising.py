"""A denoiser that the adversary trains on masks made with hideseek from clean pictures of their own.

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
from hideseek_cli.core.classifier import silent
from hideseek_cli.core.data import Pictures, cyclic, read
from hideseek_cli.methods import Task
from hideseek_cli.methods.emn import ClassWise

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


def known(own: Pictures, epsilon: int, seed: int) -> nn.Sequential:
    """``trained``, once for all runs of an audit that need the same network; those that come later wait for it."""
    key = hashlib.sha256(own.images.cpu().numpy().tobytes()).hexdigest(), str(own.images.device), epsilon, seed
    with _LOCK:
        if key not in _KEPT:
            _KEPT.clear()
            _KEPT[key] = trained(own, epsilon, seed)
        return _KEPT[key]


def trained(own: Pictures, epsilon: int, seed: int) -> nn.Sequential:
    """A network that says what was added to a picture (both in units of 64 grey levels)."""
    device = own.images.device
    method = ClassWise()
    tasks = [
        Task(pictures=own, epsilon=epsilon, arch="slim", batch_size=128, seed=seed, shifts=None, robust=robust)
        for robust in (method.robust, ())
    ]
    patterns = torch.cat([torch.from_numpy(method.candidates(task)[0](silent).patterns) for task in tasks])
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
        noise = read(patterns[drawn(len(patterns))], cyclic(place, height, width))
        low, high = STRENGTH
        noise = noise * (low + (high - low) * torch.rand(BATCH, 1, 1, 1, device=device, generator=generator))
        masked = (clean + noise.clamp(-epsilon, epsilon)).clamp(0, 255)
        rule.zero_grad()
        functional.mse_loss(network(masked / 64), (masked - clean) / 64).backward()
        rule.step()
    return network.eval()


@torch.no_grad()
def _cleaned(network: nn.Sequential, pictures: Pictures) -> Pictures:
    parts = [part.float() - 64 * network(part.float() / 64) for part in pictures.images.split(500)]
    return replace(pictures, images=torch.cat(parts).clamp(0, 255).round().to(torch.uint8))


def denoised(exposed: Exposed) -> tuple[Pictures, Pictures]:
    """Training and test pictures through a denoiser."""
    clean = partial(_cleaned, known(exposed.test, exposed.epsilon, exposed.seed))
    return clean(exposed.pictures), clean(exposed.test)


ATTACKS = (Attack(name="denoiser", knows="other clean pictures", prepare=denoised),)
