"""What a network would still learn from pictures, told by its last layer: confidence and gradients, before and after masking.

The gradient of the cross-entropy of one picture in the weights W of the last layer is (p - y) h, with p the probabilities, y
the class as a one-hot vector and h what the layer sees; so its norm is the product of theirs, and needs no backward pass.

Source: Tian et al., ConfounderGAN, Appendix A, Equations 6 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.core.data import Pictures
from hideseek_cli.core.networks import Standardised

LEAST = 1e-12
"""Norm below which a gradient counts as this much."""


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """Both in percent."""

    confidence_ascent: float
    """CAR: of the pictures whose class the network is surer of with the mask than without."""
    gradient_compression: float
    """GCR: mean over pictures of the gradient's norm with the mask, as a share of that without."""


@torch.no_grad()
def ratios(network: Standardised, clean: Pictures, masked: Pictures) -> Ratios:
    """Of pictures without and with masks, in the same order. ``network``: in evaluation mode, its last layer linear."""
    (before, norm), (after, masked_norm) = _looked(network, clean), _looked(network, masked)
    return Ratios(
        confidence_ascent=100 * float((after > before).double().mean()),
        gradient_compression=100 * float((masked_norm / norm.clamp_min(LEAST)).mean()),
    )


def _looked(network: Standardised, pictures: Pictures) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """The probability of each picture's class, and the norm of its gradient in W."""
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear)][-1]
    seen: list[Tensor] = []

    def hook(layer: Any, inputs: tuple[Tensor, ...]) -> None:
        seen.append(inputs[0])

    sure, norms = [], []
    with last.register_forward_pre_hook(hook):
        for images, labels in zip(pictures.images.split(500), pictures.labels.split(500), strict=True):
            chances = network(images.float()).double().softmax(1)
            off = chances - functional.one_hot(labels, chances.shape[1])
            sure.append(chances.gather(1, labels[:, None])[:, 0])
            norms.append(off.norm(dim=1) * seen.pop().double().norm(dim=1))
    return torch.cat(sure), torch.cat(norms)
