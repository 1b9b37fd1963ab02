"""Class-wise error-minimising masks by bi-level optimisation: min over θ, min over m, of one classification loss.

Two schedules behind one interface. Each is an endless generator of rounds; whoever drives it decides when to stop:
after a number of rounds, at a training error (EMN), or when the surrogate's accuracy stays near a target (Algorithm 1
of Hide-and-Seek).

- ``joint``: θ and m are updated from one backward pass, because the loss of ``x + m[y]`` has a gradient in both.
- ``alternating``: Algorithm 1 with Equation 4 as printed: M steps of θ on ``x + m[y]``, then one pass of projected
  gradient descent for m with θ frozen.

A mask is updated by one of three rules (measured in docs/benchmarks.md):

- ``sign``: Equation 4.
- ``whitened``: the gradient in units of what pictures themselves have of each spatial frequency, normalised, with
  momentum, inside the ε-ball and inside a ball of root mean square ε/2. At equal likeness of the pictures such masks hide
  more. Pictures are made of low frequencies, so without whitening a
  surrogate's gradient is too, and broad blobs come out that drown in the next network's pictures.
- ``unseen``: the same in units of what SSIM sees of each spatial frequency. Photographs have smooth areas, where SSIM
  takes any fine pattern amiss; slow waves may be several times as strong there.

Source: Xu & Shu, Hide-and-Seek, Equations 2 to 4 and Algorithm 1; Huang et al., Unlearnable Examples (EMN).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from hideseek_cli.core.classifier import Batch, batches, correct, descent, loss, steps_per_pass
from hideseek_cli.core.data import Pictures, augmentation, compose, cyclic, read
from hideseek_cli.core.networks import Standardised, build
from hideseek_cli.errors import InputError
from hideseek_cli.metrics import WINDOW

EMN_STEP = 0.8
"""α of Equation 4 in grey levels, from the public settings of EMN."""
MOMENTUM = 0.9
SLOW = 0.03
"""What SSIM is taken to see, of its variance, of the slowest waves."""
JOINT_RATE, ALTERNATING_RATE = {"sign": 0.05, "whitened": 0.1, "unseen": 0.1}, 0.025
"""Learning rates of the surrogate."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a schedule solves."""

    pictures: Pictures
    epsilon: int
    """Bound of the mask, in grey levels."""
    arch: str
    """Architecture of the surrogate."""
    batch_size: int = 128
    seed: int = 0
    shifts: Int[Tensor, "n 2"] | None = None
    """Cyclic shift of the class's pattern on each picture (keyed placement); None: the same place on all."""
    inner_steps: int = 10
    """M: steps of θ between two passes for m (alternating)."""
    pgd_steps: int = 1
    """Steps of Equation 4 on each batch (alternating)."""
    rule: str = "sign"
    """How ``joint`` updates masks: one of RULES."""
    rounds: int = 3
    """Passes over which ``joint`` lets its step sizes fall; it may be driven further, at the last step size."""


@dataclass
class Round:
    """Where a schedule stands after one round."""

    mask: Float[Tensor, "k c h w"]
    """One pattern a class, in grey levels, within ±ε."""
    network: Standardised
    """The surrogate, trained on the masked pictures."""
    number: int
    steps: int
    """Steps of the optimiser so far."""

    def pattern(self) -> Float32[np.ndarray, "k h w c"]:
        """The mask in NumPy's layout."""
        return self.mask.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def training_error(problem: Problem, state: Round) -> float:
    """Share of the masked training pictures, without augmentation, that the surrogate gets wrong, 0..1."""
    pictures, right = problem.pictures, 0
    height, width = pictures.images.shape[2:]
    for index in torch.arange(len(pictures), device=pictures.labels.device).split(1000):
        noise = state.mask.index_select(0, pictures.labels[index])
        if problem.shifts is not None:
            noise = read(noise, cyclic(problem.shifts[index], height, width))
        masked = (pictures.images[index].float() + noise).clamp(0, 255).round().to(torch.uint8)
        right += correct(state.network, Pictures(masked, pictures.labels[index], pictures.classes))
    state.network.train()
    return 1 - right / len(pictures)


Schedule = Callable[[Problem], Iterator[Round]]


class _Clip(torch.autograd.Function):
    """Clipping to 0..255 that lets gradients through which lead back inside.

    A pattern that has gone below black on a dark background would otherwise get no gradient any more and stay there,
    without effect; gradients that lead further outside are stopped, because nothing would come of them.
    """

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        ctx.save_for_backward(values)
        return values.clamp(0, 255)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (values,) = ctx.saved_tensors
        outward = ((values < 0) & (gradient > 0)) | ((values > 255) & (gradient < 0))
        return gradient.masked_fill(outward, 0)


class _State:
    """A surrogate, its optimiser and the masks; shared by both schedules."""

    def __init__(self, problem: Problem, learning_rate: float, factor: Callable[[int], float]) -> None:
        """``factor``: of the learning rate, after so many steps."""
        pictures = problem.pictures
        device = pictures.images.device
        _, channels, self.height, self.width = pictures.images.shape
        self.problem = problem
        self.mask = torch.zeros(pictures.classes, channels, self.height, self.width, device=device, requires_grad=True)
        side = min(self.height, self.width)
        self.network = build(problem.arch, pictures.classes, side, pictures.moments(), problem.seed).train()
        self.generator = torch.Generator(device).manual_seed(problem.seed)
        self.order = batches(len(pictures), problem.batch_size, self.generator)
        step_rule = torch.optim.SGD(
            self.network.parameters(), lr=learning_rate, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(step_rule, factor)
        self.descent = descent(self.network, self.view, self.order, step_rule, schedule)
        self.per_pass = steps_per_pass(len(pictures), problem.batch_size)

    def masked(self, index: Tensor) -> Float[Tensor, "b c h w"]:
        """The augmented, masked pictures of a batch: ``window(x) + window(m[y])``, clipped as the files will be."""
        problem, pictures = self.problem, self.problem.pictures
        window = augmentation(len(index), self.height, self.width, self.generator)
        place = window
        if problem.shifts is not None:
            place = compose(cyclic(problem.shifts[index], self.height, self.width), window)
        noise = read(self.mask.index_select(0, pictures.labels[index]), place)
        clipped: Tensor = _Clip.apply(read(pictures.images[index], window).float() + noise)
        return clipped

    def view(self, index: Tensor) -> Batch:
        return self.masked(index), self.problem.pictures.labels[index]

    @torch.no_grad()
    def descend(self, step: float) -> None:
        """Equation 4 for a mask that a whole class shares: its gradient is the sum over the class, already in .grad."""
        assert self.mask.grad is not None
        self.mask -= step * self.mask.grad.sign()
        self.mask.clamp_(-self.problem.epsilon, self.problem.epsilon)
        self.mask.grad = None

    def round(self, number: int, steps: int) -> Round:
        return Round(self.mask.detach().clone(), self.network, number, steps)


def _rms(values: Float[Tensor, "k c h w"]) -> Float[Tensor, "k 1 1 1"]:
    """Root mean square of each class's pattern."""
    return values.square().mean((1, 2, 3), keepdim=True).sqrt()


def _sign(state: _State) -> Callable[[float], None]:
    """Steps of ε/8, by Equation 4."""
    return lambda left: state.descend(state.problem.epsilon / 8 * left)


def _filtered(state: _State, units: Float[Tensor, "#c h f"]) -> Callable[[float], None]:
    """Steps of ε along each class's gradient, each spatial frequency divided by ``units``, with momentum, projected to
    max |m| ≤ ε and rms(m) ≤ ε/2.

    They are long on purpose: a mask that is rebuilt every few steps must be one that networks pick up at once.
    """
    mask, epsilon = state.mask, state.problem.epsilon
    velocity = torch.zeros_like(mask)

    @torch.no_grad()
    def update(left: float) -> None:
        assert mask.grad is not None
        gradient = torch.fft.irfft2(torch.fft.rfft2(mask.grad) / units, s=mask.shape[2:])
        velocity.mul_(MOMENTUM).add_(gradient / (_rms(gradient) + 1e-12), alpha=1 - MOMENTUM)
        mask.sub_(velocity, alpha=epsilon * left).clamp_(-epsilon, epsilon)
        mask.mul_((epsilon / 2 / (_rms(mask) + 1e-12)).clamp(max=1))
        mask.grad = None

    return update


def _whitened(state: _State) -> Callable[[float], None]:
    """In units of what pictures themselves have of each frequency: what a network picks up most easily."""
    return _filtered(state, state.problem.pictures.amplitudes())


def _unseen(state: _State) -> Callable[[float], None]:
    """In units of what SSIM sees of each frequency: what costs the least likeness.

    SSIM compares windows of WINDOW × WINDOW pixels, each less its mean, so of a wave it sees what is left once the box of
    that size has been taken off: little of slow ones, and a constant counts as the slowest.
    """
    height, width = state.mask.shape[2:]

    def box(frequency: Tensor) -> Tensor:
        half = torch.pi * frequency
        return torch.where(half == 0, 1.0, torch.sin(WINDOW * half) / (WINDOW * torch.sin(half)))

    response = box(torch.fft.fftfreq(height))[:, None] * box(torch.fft.rfftfreq(width))[None]
    seen = (1 - response.square()).clamp_min(SLOW).sqrt()
    return _filtered(state, seen[None].to(state.mask.device))


RULES = {"sign": _sign, "whitened": _whitened, "unseen": _unseen}
"""How ``joint`` updates masks: given a state, a step of its masks, in proportion to what is left of the step size."""


def joint(problem: Problem) -> Iterator[Round]:
    """One backward pass a step serves θ and m; a round is a pass over the pictures.

    The step of m and the learning rate fall to a tenth over ``problem.rounds`` and stay there.
    """
    planned = problem.rounds * steps_per_pass(len(problem.pictures), problem.batch_size)

    def left(steps: int) -> float:
        return max(0.1, 1 - steps / planned)

    state = _State(problem, JOINT_RATE[problem.rule], left)
    update = RULES[problem.rule](state)
    steps = 0
    for number in range(1, 1_000_000):
        for _ in islice(state.descent, state.per_pass):
            update(left(steps))
            steps += 1
        yield state.round(number, steps)


def alternating(problem: Problem) -> Iterator[Round]:
    """Algorithm 1: M steps of θ on ``x + m[y]`` (line 4), then a pass of Equation 4 over all batches (line 9).

    A round is yielded between the two, so that whoever drives it validates the network that was just trained on the
    current masks (line 5) and may stop (line 7) before they change.
    """
    state = _State(problem, ALTERNATING_RATE, lambda steps: 1.0)
    pictures = problem.pictures
    steps = 0
    for number in range(1, 1_000_000):
        for _ in islice(state.descent, problem.inner_steps):
            steps += 1
        state.mask.grad = None
        yield state.round(number, steps)
        state.network.requires_grad_(False)
        for index in islice(state.order, state.per_pass):
            for _ in range(problem.pgd_steps):
                loss(state.network, state.masked(index), pictures.labels[index]).backward()
                state.descend(EMN_STEP)
        state.network.requires_grad_(True)


SCHEDULES: dict[str, Schedule] = {"joint": joint, "alternating": alternating}


def schedule(name: str) -> Schedule:
    if name not in SCHEDULES:
        raise InputError(f"unknown schedule {name!r}: choose one of {', '.join(SCHEDULES)}")
    return SCHEDULES[name]
