"""ConfounderGAN: noise that a generator makes of each image, and that says the image's class."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, UInt8

from hideseek_cli.core.bilevel import Problem, Round, train_until_known
from hideseek_cli.core.confounder import Plan, train_generator
from hideseek_cli.core.generator_network import GeneratorNetwork, make_noise
from hideseek_cli.errors import InputError
from hideseek_cli.formats.generator import Generator
from hideseek_cli.methods import Attempt, Noise, Task, TrainedPatterns
from hideseek_cli.methods.emn import COUNT, passes_for, plan_attempts
from hideseek_cli.runtime.fields import settle
from hideseek_cli.training.trainer import OnStep


def train_knowing_classifier(task: Task, rule: str) -> Round:
    """A classifier that knows the classes of what may be trained on by masks of classes alone, made by that rule; and these."""
    problem = Problem(dataset=task.shown, epsilon=task.epsilon, arch=task.arch, batch_size=task.batch_size,
                      seed=task.seed, rule=rule, rounds=passes_for(task, None))  # fmt: skip
    *_, last = train_until_known(problem)
    return last


@dataclass(frozen=True, kw_only=True)
class Confounder:
    """A generator trained on the folder that is published; its weights are kept, for images that come later."""

    name: ClassVar[str] = "confounder"
    scope: ClassVar[str] = "sample"
    changeable: ClassVar[bool] = False
    clippable: ClassVar[bool] = True
    coloured: ClassVar[bool] = False
    robust: ClassVar[tuple[str, ...]] = ()

    passes: int | None = field(default=None, metadata=COUNT)
    """Passes of Algorithm 1, and before them twice as many lessons and a third as many imitations. None: those of
    ``core.confounder.Plan``."""

    def __post_init__(self) -> None:
        settle(self)

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """With a classifier by each rule of class-wise masks in turn."""
        return plan_attempts(task, self._train)

    def _train(self, task: Task, rule: str, on_step: OnStep) -> TrainedPatterns:
        passes = self.passes
        counts = {} if passes is None else {"passes": passes, "lessons": 2 * passes, "imitations": -(-passes // 3)}
        plan = Plan(epsilon=task.epsilon, batch_size=task.batch_size, seed=task.seed, **counts)
        known = train_knowing_classifier(task, rule)
        network = train_generator(task.shown, known.network, plan, on_step, known.mask)
        noise = make_noise(network, task.dataset).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        weights = {name: value.cpu().numpy() for name, value in network.state_dict().items()}
        return TrainedPatterns(patterns=noise.astype(np.float16), weights=weights)

    @staticmethod
    def restore(generator: Generator, device: torch.device) -> Noise:
        """One forward pass for each image. Raises InputError where the weights do not fit."""
        weights = {name: torch.from_numpy(value) for name, value in generator.weights.items()}
        try:
            network = GeneratorNetwork(weights["mean"].flatten(), weights["deviation"].flatten(), generator.epsilon)
            network.load_state_dict(weights)
            if weights["mean"].numel() not in (1, 3):
                raise ValueError("no images have so many channels")
        except (KeyError, RuntimeError, TypeError, ValueError) as error:
            raise InputError(
                "the weights of the generator do not fit its network: the file is damaged; get it again"
            ) from error
        network = network.to(device, memory_format=torch.channels_last).eval()  # type: ignore[call-overload]

        @torch.no_grad()
        def noise(images: UInt8[np.ndarray, "n h w c"]) -> Float[np.ndarray, "n h w c"]:
            seen = torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).to(device).float()
            found: np.ndarray = network(seen).permute(0, 2, 3, 1).contiguous().cpu().numpy()
            return found

        return Noise(weights["mean"].numel(), noise)


METHODS = (Confounder,)
