"""Error-minimising noise of single images: min over θ, min over the noise of each image, of one classification loss.

Two schedules behind one interface.

- ``joint``: θ is trained together with masks of whole classes (``core.bilevel``) until it knows the classes by masks and by
  nothing else. Then it is frozen, and every image gets, by projected gradient descent, noise that this θ takes for its class.
- ``alternating``: the paper's. M steps of θ on ``x + m``, then projected gradient descent for the noise of every image
  with θ frozen, again and again.

By both, images that θ was not trained on get their noise from θ as it is in the end. Noise lies in one half-precision
tensor, an image a row, and is seen through the window that its image is seen through.

Source: Huang et al., Unlearnable Examples, Equations 2 and 3; ``alternating`` and its settings from its public code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float, Float16, Int
from torch import Tensor

from hideseek_cli.core import bilevel
from hideseek_cli.core.bilevel import Problem
from hideseek_cli.core.surrogate import ALTERNATING_RATE, Surrogate, clip_image, frozen
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset, Window, draw_augmentation, gather
from hideseek_cli.training.trainer import Batch, autocast, count_correct


def measure_lag(network: Standardised, images: Float[Tensor, "b c h w"], labels: Int[Tensor, " b"]) -> Float[Tensor, ""]:
    """By how much the classes of images fall behind all others together, summed over images, in logits.

    The cross-entropy of an image is log(1 + exp(this)), and so has a gradient of the same signs; but where a network is sure,
    that gradient is too small for a float, and this one is not.
    """
    with autocast(images.device):
        logits = network(images)
    logits, own = logits.float(), labels[:, None]
    return (logits.scatter(1, own, -torch.inf).logsumexp(1) - logits.gather(1, own)[:, 0]).sum()


class Noises:
    """The noise of all images."""

    def __init__(self, dataset: TensorDataset, seen: Int[Tensor, " s"], problem: Problem) -> None:
        """``seen``: numbers of the images that θ is trained on, which are those of ``problem``."""
        self.dataset, self.seen, self.problem = dataset, seen, problem
        self.noise: Float16[Tensor, "n c h w"] = torch.zeros_like(dataset.images, dtype=torch.float16)

    def mask_batch(self, index: Int[Tensor, " b"], window: Window | None = None) -> Float[Tensor, "b c h w"]:
        """Images and noise as a window shows them, or as they lie; the noise gets its gradient in ``self.batch``."""
        self.index, self.batch = index, self.noise[index].float().requires_grad_()
        images, noise = self.dataset.images[index], self.batch
        if window is not None:
            images, noise = gather(images, window), gather(noise, window)
        return clip_image(images.float() + noise, self.problem.objective)

    @torch.no_grad()
    def descend(self, step: float) -> None:
        """Equation 4 for the noise of the images that were masked last."""
        assert self.batch.grad is not None
        epsilon = self.problem.epsilon
        self.noise[self.index] = (self.batch - step * self.batch.grad.sign()).clamp_(-epsilon, epsilon).half()

    def attack(self, network: Standardised, index: Int[Tensor, " b"]) -> None:
        """Projected gradient descent for the noise of some images as they lie, with θ and its statistics frozen.

        Steps of 2ε over their number: of 0.8 grey levels, EMN's α, where they are 20 and ε is 8.
        """
        network.eval()
        with frozen(network):
            for part in index.split(self.problem.batch_size):
                for _ in range(self.problem.pgd_steps):
                    measure_lag(network, self.mask_batch(part), self.dataset.labels[part]).backward()
                    self.descend(2 * self.problem.epsilon / self.problem.pgd_steps)
        network.train()

    def others(self) -> Int[Tensor, " _"]:
        """Numbers of the images that θ is not trained on."""
        every = torch.arange(len(self.dataset), device=self.seen.device)
        return every[~torch.isin(every, self.seen)]

    def error(self, network: Standardised) -> float:
        """Share of the masked images that the surrogate is trained on that it gets wrong, as they lie, 0..1."""
        right = 0
        for part in self.seen.split(1000):
            masked = (self.dataset.images[part].float() + self.noise[part]).clamp(0, 255).round().to(torch.uint8)
            right += count_correct(network, TensorDataset(masked, self.dataset.labels[part], self.dataset.classes))
        network.train()
        return 1 - right / len(self.seen)

    def patterns(self) -> Float16[np.ndarray, "n h w c"]:
        """The noise in NumPy's layout."""
        return self.noise.permute(0, 2, 3, 1).contiguous().cpu().numpy()


Rounds = Iterator[Standardised]
"""The surrogate after each round."""


def joint(noises: Noises, stop_error: float = bilevel.STOP_ERROR, longest: int = bilevel.LONGEST) -> Rounds:
    """Passes of θ and masks of classes, until θ knows the masks (``bilevel.train_until_known``); noise comes when they have
    ended."""
    yield from (state.network for state in bilevel.train_until_known(noises.problem, stop_error, longest))


def alternating(noises: Noises) -> Rounds:
    """M steps of θ, then Equation 4 for the noise of all images that it is trained on, without an end; a round is yielded
    after both."""
    problem, dataset = noises.problem, noises.dataset
    height, width = dataset.images.shape[2:]

    def view(positions: Int[Tensor, " b"]) -> Batch:
        index = noises.seen[positions]
        window = draw_augmentation(len(index), height, width, surrogate.generator)
        return surrogate.change(noises.mask_batch(index, window)), dataset.labels[index]

    surrogate = Surrogate(
        problem.dataset, view, ALTERNATING_RATE, lambda steps: 1.0, arch=problem.arch, batch_size=problem.batch_size,
        seed=problem.seed, through=problem.through,
    )  # fmt: skip
    while True:
        for _ in islice(surrogate.descent, problem.inner_steps):
            pass
        noises.attack(surrogate.network, noises.seen)
        yield surrogate.network


Schedule = Callable[[Noises], Rounds]
SCHEDULES: dict[str, Schedule] = {"joint": joint, "alternating": alternating}
