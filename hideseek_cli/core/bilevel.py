"""Class-wise error-minimising masks by bi-level optimisation: min over θ, min over m, of one classification loss.

Two schedules behind one interface. Each is an endless generator of rounds; whoever drives it decides when to stop:
after a number of rounds, at a training error (EMN), or when the surrogate's accuracy stays near a target (Algorithm 1
of Hide-and-Seek).

- ``joint``: θ and m are updated from one backward pass, because the loss of ``x + m[y]`` has a gradient in both.
- ``alternating``: Algorithm 1 with Equation 4 as printed: M steps of θ on ``x + m[y]``, then one pass of projected
  gradient descent for m with θ frozen.

Rules by which masks are updated are those of ``core.updates``.

Source: Xu & Shu, Hide-and-Seek, Equations 2 to 4 and Algorithm 1; Huang et al., Unlearnable Examples (EMN).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float, Float32, Int
from torch import Tensor

from hideseek_cli.core.eye import OWN_SIZE, Sight
from hideseek_cli.core.surrogate import ALTERNATING_RATE, EMN_STEP, Surrogate, clip_image, frozen
from hideseek_cli.core.updates import RULES, descend
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset, compose, cyclic_window, draw_augmentation, gather
from hideseek_cli.training.trainer import Batch, count_correct, loss, steps_per_pass

JOINT_RATE = {"sign": 0.05, "eye": 0.1, "whitened": 0.1, "unseen": 0.1, "balanced": 0.1}
"""Learning rate of the surrogate by each rule."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a schedule solves."""

    dataset: TensorDataset
    epsilon: int
    """Bound of the mask, in grey levels."""
    arch: str
    """Architecture of the surrogate."""
    batch_size: int = 128
    seed: int = 0
    shifts: Int[Tensor, "n 2"] | None = None
    """Cyclic shift of the class's pattern on each image (keyed placement); None: the same place on all."""
    inner_steps: int = 10
    """M: steps of θ between two passes for m (alternating)."""
    pgd_steps: int = 1
    """Steps of Equation 4 on each batch (alternating)."""
    rule: str = "sign"
    """How ``joint`` updates masks: one of ``core.updates.RULES``."""
    pattern_sets: int = 1
    """Patterns a class. Images carry them in turn, so that each is told from all others."""
    through: tuple[str, ...] = ()
    """Names of ``training.transforms.ROBUST``: every other batch goes through one of these in turn."""
    objective: str = "error-min"
    """One of ``core.surrogate.OBJECTIVES``."""
    confine: Callable[[Float[Tensor, "p c h w"]], Float[Tensor, "p c h w"]] | None = None
    """Brings masks after each update to what they must be, where they must be of a kind."""
    sight: Sight = OWN_SIZE
    """How masks come to the eye and back to networks."""
    rounds: int = 3
    """Passes over which ``joint`` lets its step sizes fall; it may be driven further, at the last step size."""

    @property
    def which(self) -> Int[Tensor, " n"]:
        """The pattern of each image: pattern set times classes plus label."""
        labels = self.dataset.labels
        return labels + self.dataset.classes * (torch.arange(len(labels), device=labels.device) % self.pattern_sets)


@dataclass
class Round:
    """Where a schedule stands after one round."""

    mask: Float[Tensor, "p c h w"]
    """The patterns, pattern set after pattern set, one a class in each, in grey levels within ±ε."""
    network: Standardised
    """The surrogate, trained on the masked images."""
    number: int
    steps: int
    """Steps of the optimiser so far."""

    def pattern(self) -> Float32[np.ndarray, "p h w c"]:
        """The mask in NumPy's layout."""
        return self.mask.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def training_error(problem: Problem, state: Round) -> float:
    """Share of the masked training images, without augmentation, that the surrogate gets wrong, 0..1."""
    dataset, which, right = problem.dataset, problem.which, 0
    height, width = dataset.images.shape[2:]
    for index in torch.arange(len(dataset), device=dataset.labels.device).split(1000):
        noise = problem.sight.show(state.mask, which[index])
        if problem.shifts is not None:
            noise = gather(noise, cyclic_window(problem.shifts[index], height, width))
        masked = (dataset.images[index].float() + noise).clamp(0, 255).round().to(torch.uint8)
        right += count_correct(state.network, TensorDataset(masked, dataset.labels[index], dataset.classes))
    state.network.train()
    return 1 - right / len(dataset)


STOP_ERROR = 0.01
"""Share of masked images that a surrogate which knows the masks takes wrongly at most; one that does not know those of some
classes takes nothing that is made for these (docs/results/2026-11-method-experiments.md)."""
LONGEST = 3
"""Times the planned passes that are taken at most until a surrogate knows the masks."""
Schedule = Callable[[Problem], Iterator[Round]]


class _State:
    """A surrogate, its optimiser and the masks; shared by both schedules."""

    def __init__(self, problem: Problem, learning_rate: float, factor: Callable[[int], float]) -> None:
        """``factor``: of the learning rate, after so many steps."""
        dataset = problem.dataset
        device = dataset.images.device
        _, channels, self.height, self.width = dataset.images.shape
        self.problem = problem
        patterns = problem.pattern_sets * dataset.classes
        self.mask = torch.zeros(patterns, channels, self.height, self.width, device=device, requires_grad=True)
        self.which = problem.which
        self.surrogate = Surrogate(
            dataset,
            self.view,
            learning_rate,
            factor,
            arch=problem.arch,
            batch_size=problem.batch_size,
            seed=problem.seed,
            through=problem.through,
        )
        self.network, self.descent = self.surrogate.network, self.surrogate.descent

    def mask_batch(self, index: Tensor) -> Float[Tensor, "b c h w"]:
        """The augmented, masked images of a batch: ``window(x) + window(m[y])``, clipped as the files will be, and changed
        in the way that is next."""
        problem, dataset = self.problem, self.problem.dataset
        window = draw_augmentation(len(index), self.height, self.width, self.surrogate.generator)
        place = window
        if problem.shifts is not None:
            place = compose(cyclic_window(problem.shifts[index], self.height, self.width), window)
        noise = gather(problem.sight.show(self.mask, self.which[index]), place)
        return self.surrogate.change(clip_image(gather(dataset.images[index], window).float() + noise, problem.objective))

    def view(self, index: Tensor) -> Batch:
        return self.mask_batch(index), self.problem.dataset.labels[index]

    @torch.no_grad()
    def confine(self) -> None:
        """Bring masks to what they must be after an update."""
        if self.problem.confine is not None:
            self.mask.copy_(self.problem.confine(self.mask))

    def round(self, number: int, steps: int) -> Round:
        return Round(self.mask.detach().clone(), self.network, number, steps)


def joint(problem: Problem) -> Iterator[Round]:
    """One backward pass a step serves θ and m; a round is a pass over the images.

    The step of m and the learning rate fall to a tenth over ``problem.rounds`` and stay there.
    """
    planned = problem.rounds * steps_per_pass(len(problem.dataset), problem.batch_size)

    def left(steps: int) -> float:
        return max(0.1, 1 - steps / planned)

    state = _State(problem, JOINT_RATE[problem.rule], left)
    update = RULES[problem.rule](state.mask, problem.epsilon, problem.dataset, problem.sight)
    steps = 0
    for number in range(1, 1_000_000):
        for _ in islice(state.descent, state.surrogate.per_pass):
            update(left(steps))
            state.confine()
            steps += 1
        yield state.round(number, steps)


def train_until_known(problem: Problem, stop_error: float = STOP_ERROR, longest: int = LONGEST) -> Iterator[Round]:
    """``joint`` for what its surrogate learns of the masks, so it goes on until the surrogate knows them.

    After ``problem.rounds`` it ends as soon as ``training_error`` is at most ``stop_error``, or when it has taken ``longest``
    times as many. A residual network at full resolution may need it, or one that sees a large folder once.
    """
    for state in islice(joint(problem), longest * problem.rounds):
        yield state
        if state.number >= problem.rounds and training_error(problem, state) <= stop_error:
            break


def alternating(problem: Problem) -> Iterator[Round]:
    """Algorithm 1: M steps of θ on ``x + m[y]`` (line 4), then a pass of Equation 4 over all batches (line 9).

    A round is yielded between the two, so that whoever drives it validates the network that was just trained on the
    current masks (line 5) and may stop (line 7) before they change.
    """
    state = _State(problem, ALTERNATING_RATE, lambda steps: 1.0)
    dataset = problem.dataset
    steps = 0
    for number in range(1, 1_000_000):
        for _ in islice(state.descent, problem.inner_steps):
            steps += 1
        state.mask.grad = None
        yield state.round(number, steps)
        with frozen(state.network):
            for index in islice(state.surrogate.order, state.surrogate.per_pass):
                for _ in range(problem.pgd_steps):
                    loss(state.network, state.mask_batch(index), dataset.labels[index]).backward()
                    descend(state.mask, problem.epsilon, EMN_STEP)
                    state.confine()


SCHEDULES: dict[str, Schedule] = {"joint": joint, "alternating": alternating}
