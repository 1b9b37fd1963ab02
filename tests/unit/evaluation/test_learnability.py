"""CAR and GCR: what a network would still learn from masked images."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from hideseek_cli.evaluation.learnability import measure_ratios
from hideseek_cli.training.architectures import build
from hideseek_cli.training.tensors import TensorDataset


def some(seed: int) -> TensorDataset:
    generator = torch.Generator().manual_seed(seed)
    return TensorDataset(torch.randint(0, 256, (6, 3, 16, 16), generator=generator).to(torch.uint8), torch.arange(6) % 3, 3)


@pytest.mark.parametrize("arch", ["slim", "resnet18"])
def test_ratios_are_those_of_gradients_that_autograd_finds(arch):
    clean, masked = some(0), some(1)
    network = build(arch, 3, 16, clean.moments(), 0).eval()
    last = network.body.fc

    def looked(dataset: TensorDataset) -> tuple[np.ndarray, np.ndarray]:
        sure, norms = [], []
        for image, label in zip(dataset.images, dataset.labels, strict=True):
            logits = network(image[None].float())
            (gradient,) = torch.autograd.grad(functional.cross_entropy(logits, label[None]), last.weight)
            sure.append(float(logits.detach().softmax(1)[0, label]))
            norms.append(float(gradient.norm()))
        return np.array(sure), np.array(norms)

    (before, norm), (after, masked_norm) = looked(clean), looked(masked)
    found = measure_ratios(network, clean, masked)
    assert found.gradient_compression == pytest.approx(100 * (masked_norm / norm).mean(), rel=1e-4)
    assert found.confidence_ascent == pytest.approx(100 * (after > before).mean())
    same = measure_ratios(network, clean, clean)
    assert same.confidence_ascent == 0 and same.gradient_compression == pytest.approx(100)
