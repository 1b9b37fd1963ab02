"""Error-minimising noise of single pictures: min over θ, min over the noise of each picture, of one classification loss.

Two schedules behind one interface, as in ``core.bilevel``; each is an endless generator of rounds.

- ``joint``: one backward pass through ``x + m`` serves θ and the noise of the batch's pictures.
- ``alternating``: the paper's. M steps of θ on ``x + m``, then projected gradient descent for the noise of every picture
  with θ frozen.

Noise lies in one half-precision tensor, a picture a row, and is seen through the window that its picture is seen through:
the gradient of a gather is a scatter, which brings it back to the picture's own pixels.

Source: Huang et al., Unlearnable Examples, Equations 2 and 3; schedule and settings of its public code.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float, Float16, Int
from torch import Tensor

from hideseek_cli.core.classifier import Batch, correct, loss, steps_per_pass
from hideseek_cli.core.data import Pictures, Window, augmentation, read
from hideseek_cli.core.surrogate import ALTERNATING_RATE, EMN_STEP, Surrogate, clipped, frozen

JOINT_RATE = 0.05
"""Learning rate of the surrogate."""
JOINT_STEP = 1 / 2
"""Step of the noise by ``joint``, in shares of ε; it falls like the learning rate."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What a schedule solves."""

    pictures: Pictures
    """All that get noise."""
    seen: Int[Tensor, " s"]
    """Numbers of those that θ is trained on."""
    epsilon: int
    arch: str
    batch_size: int = 128
    seed: int = 0
    objective: str = "error-min"
    """One of ``core.surrogate.OBJECTIVES``."""
    through: tuple[str, ...] = ()
    """Names of ``core.changes.ROBUST``: every other batch goes through one of these in turn (joint)."""
    inner_steps: int = 10
    """M: steps of θ between two passes for the noise (alternating)."""
    pgd_steps: int = 20
    """Steps of Equation 4 on each batch, of all pictures that θ is not trained on too."""
    rounds: int = 6
    """Passes over which ``joint`` lets its step sizes fall."""


class Noises:
    """The noise of all pictures, and the surrogate that it is trained with."""

    def __init__(self, problem: Samples, learning_rate: float, factor: Callable[[int], float]) -> None:
        """``factor``: of the learning rate, after so many steps."""
        self.problem = problem
        self.noise: Float16[Tensor, "n c h w"] = torch.zeros_like(problem.pictures.images, dtype=torch.float16)
        self.surrogate = Surrogate(
            problem.pictures.subset(problem.seen), self._view, learning_rate, factor, arch=problem.arch,
            batch_size=problem.batch_size, seed=problem.seed, through=problem.through,
        )  # fmt: skip
        self.network = self.surrogate.network

    def _masked(self, index: Int[Tensor, " b"], window: Window | None) -> Float[Tensor, "b c h w"]:
        """Pictures and noise as a window shows them; the noise gets its gradient in ``self.batch``."""
        self.index, self.batch = index, self.noise[index].float().requires_grad_()
        images, noise = self.problem.pictures.images[index], self.batch
        if window is not None:
            images, noise = read(images, window), read(noise, window)
        return clipped(images.float() + noise, self.problem.objective)

    def _view(self, positions: Int[Tensor, " b"]) -> Batch:
        index = self.problem.seen[positions]
        height, width = self.problem.pictures.images.shape[2:]
        window = augmentation(len(index), height, width, self.surrogate.generator)
        return self.surrogate.changed(self._masked(index, window)), self.problem.pictures.labels[index]

    @torch.no_grad()
    def descend(self, step: float) -> None:
        """Equation 4 for the noise of the pictures that were seen last."""
        assert self.batch.grad is not None
        epsilon = self.problem.epsilon
        self.noise[self.index] = (self.batch - step * self.batch.grad.sign()).clamp_(-epsilon, epsilon).half()

    def attack(self, index: Int[Tensor, " s"]) -> None:
        """Projected gradient descent for the noise of some pictures as they lie, with θ and its statistics frozen."""
        self.network.eval()
        with frozen(self.network):
            for part in index.split(self.problem.batch_size):
                for _ in range(self.problem.pgd_steps):
                    loss(self.network, self._masked(part, None), self.problem.pictures.labels[part]).backward()
                    self.descend(EMN_STEP)
        self.network.train()

    def complete(self) -> None:
        """Noise for pictures that θ was not trained on, from θ as it is now."""
        others = torch.ones(len(self.problem.pictures), dtype=torch.bool, device=self.noise.device)
        others[self.problem.seen] = False
        self.attack(others.nonzero()[:, 0])

    def error(self) -> float:
        """Share of the masked pictures that it is trained on that the surrogate gets wrong, as they lie, 0..1."""
        right, pictures = 0, self.problem.pictures
        for part in self.problem.seen.split(1000):
            masked = (pictures.images[part].float() + self.noise[part]).clamp(0, 255).round().to(torch.uint8)
            right += correct(self.network, Pictures(masked, pictures.labels[part], pictures.classes))
        self.network.train()
        return 1 - right / len(self.problem.seen)

    def patterns(self) -> Float16[np.ndarray, "n h w c"]:
        """The noise in NumPy's layout."""
        return self.noise.permute(0, 2, 3, 1).contiguous().cpu().numpy()


Schedule = Callable[[Samples], Iterator[Noises]]


def joint(problem: Samples) -> Iterator[Noises]:
    """One backward pass a step serves θ and the noise of its batch; a round is a pass over the pictures.

    The step of the noise and the learning rate fall to a tenth over ``problem.rounds`` and stay there.
    """
    planned = problem.rounds * steps_per_pass(len(problem.seen), problem.batch_size)

    def left(steps: int) -> float:
        return max(0.1, 1 - steps / planned)

    state = Noises(problem, JOINT_RATE, left)
    steps = 0
    while True:
        for _ in islice(state.surrogate.descent, state.surrogate.per_pass):
            state.descend(JOINT_STEP * problem.epsilon * left(steps))
            steps += 1
        yield state


def alternating(problem: Samples) -> Iterator[Noises]:
    """M steps of θ, then Equation 4 for the noise of all pictures that it is trained on; a round is yielded after both."""
    state = Noises(problem, ALTERNATING_RATE, lambda steps: 1.0)
    while True:
        for _ in islice(state.surrogate.descent, problem.inner_steps):
            pass
        state.attack(problem.seen)
        yield state


SCHEDULES: dict[str, Schedule] = {"joint": joint, "alternating": alternating}
