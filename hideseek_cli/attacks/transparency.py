"""Learning from what is published untouched beside the colours: how opaque each part of an image is."""

from __future__ import annotations

from hideseek_cli.attacks import Attack, Exposed
from hideseek_cli.training.tensors import TensorDataset


def use_alpha(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Alpha channels alone, as grey images, of test images too."""
    if exposed.alpha is None:
        raise ValueError("every image is opaque")
    return exposed.alpha


ATTACKS = (Attack(name="alpha", needs="alpha", prepare=use_alpha),)
