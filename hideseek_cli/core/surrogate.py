"""The network that noise is trained with: its batches, its steps, and how images that carry noise become its input."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from hideseek_cli.training.architectures import build
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import Batch, batches, descent, make_training_step, steps_per_pass
from hideseek_cli.training.transforms import ROBUST, Change, ImageTensor

EMN_STEP = 0.8
"""α of Equation 4 in grey levels, from the public settings of EMN."""
ALTERNATING_RATE = 0.025
"""Learning rate between passes of Equation 4."""
OBJECTIVES = ("error-min", "error-max")


class _Clip(torch.autograd.Function):
    """Clipping that lets gradients through which lead back inside.

    A pattern that has gone below black on a dark background would otherwise get no gradient any more and stay there,
    without effect; gradients that lead further outside are stopped, because nothing would come of them.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(values)
        ctx.low, ctx.high = low, high
        return values.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (values,) = ctx.saved_tensors
        outward = ((values < ctx.low) & (gradient > 0)) | ((values > ctx.high) & (gradient < 0))
        return gradient.masked_fill(outward, 0), None, None


class _Turned(torch.autograd.Function):
    """Nothing ahead, and the gradient turned round on its way back: what follows it down climbs."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        return values.view_as(values)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        return -gradient


def clip_image(values: Float[Tensor, "b c h w"], objective: str) -> Float[Tensor, "b c h w"]:
    """Images as the files will hold them, through which noise is told how to serve an objective (of OBJECTIVES) by going
    down its gradient. θ minimises the loss by either."""
    found: Tensor = _Clip.apply(values, 0.0, 255.0)
    if objective == "error-max":
        found = _Turned.apply(found)
    return found


def clip_noise(noise: Float[Tensor, "b c h w"], epsilon: int) -> Float[Tensor, "b c h w"]:
    """Noise within ±ε, of which what lies outside can still be led back."""
    found: Tensor = _Clip.apply(noise, float(-epsilon), float(epsilon))
    return found


def _unchanged(images: ImageTensor, generator: torch.Generator) -> ImageTensor:
    return images


class Surrogate:
    """A network in training, step by step."""

    def __init__(
        self, dataset: TensorDataset, view: Callable[[Tensor], Batch], learning_rate: float, factor: Callable[[int], float], *,
        arch: str, batch_size: int, seed: int, through: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        """``view`` renders the batch of some of the images; ``factor``: of the learning rate, after so many steps;
        ``through``: names of ``training.transforms.ROBUST``, each for every other batch in turn."""
        device, side = dataset.images.device, min(dataset.images.shape[2:])
        self.network = build(arch, dataset.classes, side, dataset.moments(), seed).train()
        self.generator = torch.Generator(device).manual_seed(seed)
        changes = [either for name in through for change in ROBUST[name] for either in (_unchanged, change)]
        self.changes: Iterator[Change] = cycle(changes or [_unchanged])
        self.order = batches(len(dataset), batch_size, self.generator)
        step_rule = torch.optim.SGD(
            self.network.parameters(), lr=learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(step_rule, factor)
        self.descent = descent(make_training_step(self.network), view, self.order, step_rule, schedule)
        self.per_pass = steps_per_pass(len(dataset), batch_size)

    def change(self, images: ImageTensor) -> ImageTensor:
        """A batch changed in the way that is next."""
        return next(self.changes)(images, self.generator)


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """While θ gets no gradients, which saves half of a backward pass."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
