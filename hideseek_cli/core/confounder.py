"""Noise that one forward pass makes of a picture and that says its class: a confounder of image and label.

A generator sees a picture and makes its noise; a frozen classifier must take that noise alone for the picture's class. Three
things differ from the paper, because they decide whether it hides within minutes (docs/experiments.md):

- The classifier is not one of clean pictures. It was trained together with masks of whole classes (``core.bilevel``) and knows
  the classes by those alone; so what it takes for a class is what networks learn first and see within a picture.
- The generator must know the classes of the pictures that it protects nearly perfectly. Its convolutions are taught them
  first, under a linear layer that is thrown away, and then stay as they are.
- Its noise is taught to be the masks that the classifier knows before it may become anything else. From noise that says
  nothing the classifier's gradients do not lead to every class, and one that is missed at first is missed to the end.

c of Equation 4, which the paper does not give, is RMS times the norm of noise that is ε everywhere, and met by construction.
A discriminator (Equation 2) has no weight unless it is given one, as in Algorithm 1 as printed: here likeness is bounded by ε
and by the strength at which noise is published, and at weight 1 it keeps the noise from hiding.

Source: Tian et al., ConfounderGAN, Section 4.3: Equations 2 to 5 and Algorithm 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.core.classifier import Tick, autocast, batches, steps_per_pass
from hideseek_cli.core.data import Pictures, augmentation, read
from hideseek_cli.core.networks import Standardised
from hideseek_cli.core.noisemaker import FACTOR, WIDTHS, NoiseMaker, halving
from hideseek_cli.core.surrogate import frozen

JUDGE = (32, 64, 128, 128)
"""Channels after each of the four convolutions of the discriminator."""
RATE = 2e-3
"""Of Adam, at first; it falls to nothing."""
Loss = Callable[[Float[Tensor, "b c h w"], Int[Tensor, " b"]], Float[Tensor, ""]]
"""Of a batch: its pictures in grey levels, and their labels."""


def _judge(channels: int) -> nn.Sequential:
    """D: how sure it is that pictures are clean, in logits."""
    return nn.Sequential(*halving(channels, JUDGE), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(JUDGE[-1], 1))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a generator is trained."""

    epsilon: int
    lessons: int = 12
    """Passes over the pictures in which its convolutions are taught the classes."""
    imitations: int = 2
    """Passes in which its noise is taught to be the masks of the classes, where there are any."""
    passes: int = 6
    """Passes of Algorithm 1."""
    adversary: float = 0.0
    """Weight of the discriminator in the generator's loss (Equation 5)."""
    batch_size: int = 128
    seed: int = 0


def trained(
    pictures: Pictures, classifier: Standardised, plan: Plan, tick: Tick, masks: Float[Tensor, "k c h w"] | None = None
) -> NoiseMaker:
    """A generator for those pictures, in evaluation mode; ``masks``: by which the classifier knows the classes, in grey levels,
    and None where it knows them by the pictures."""
    training = _Training(pictures, classifier, plan)
    training.run(tick, masks)
    return training.maker.eval()


class _Training:
    """A generator, its discriminator, and the batches that both see."""

    def __init__(self, pictures: Pictures, classifier: Standardised, plan: Plan) -> None:
        self.pictures, self.classifier, self.plan = pictures, classifier.eval(), plan
        self.device = pictures.images.device
        channels, height, width = pictures.images.shape[1:]
        mean, deviation = pictures.moments()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.maker = NoiseMaker(mean.cpu(), deviation.cpu(), plan.epsilon)
            self.judge = _judge(channels)
            self.head = nn.Linear(WIDTHS[-1] * -(-height // FACTOR) * -(-width // FACTOR), pictures.classes)
        for part in (self.maker, self.judge, self.head):
            part.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.generator = torch.Generator(self.device).manual_seed(plan.seed)
        self.order = batches(len(pictures), plan.batch_size, self.generator)

    def run(self, tick: Tick, masks: Float[Tensor, "k c h w"] | None) -> None:
        plan, per_pass = self.plan, steps_per_pass(len(self.pictures), self.plan.batch_size)
        parts: list[tuple[int, Callable[[int], Iterator[None]]]] = [(plan.lessons, self._teach)]
        if masks is not None:
            parts.append((plan.imitations, partial(self._imitate, masks)))
        parts.append((plan.passes, self._confound))
        total = per_pass * sum(passes for passes, _ in parts)
        with frozen(self.classifier):
            for step, _ in enumerate(chain.from_iterable(part(passes * per_pass) for passes, part in parts), 1):
                tick(step, total)

    def _learn(self, steps: int, loss: Loss, *parts: nn.Module) -> Iterator[None]:
        """Those parts descend the loss of so many batches."""
        rule, schedule = _falling(steps, *parts)
        for index in islice(self.order, steps):
            _descend(loss(self.pictures.images[index].float(), self.pictures.labels[index]), rule)
            schedule.step()
            yield

    def _noise(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        with autocast(self.device):
            noise: Tensor = self.maker(images).float()
        return noise

    def _teach(self, steps: int) -> Iterator[None]:
        """The convolutions learn the classes."""

        def loss(images: Tensor, labels: Tensor) -> Tensor:
            with autocast(self.device):
                logits = self.head(self.maker.features(images).flatten(1))
            return functional.cross_entropy(logits.float(), labels)

        yield from self._learn(steps, loss, self.maker.down, self.head)
        self.maker.down.eval().requires_grad_(False)

    def _imitate(self, masks: Float[Tensor, "k c h w"], steps: int) -> Iterator[None]:
        """The deconvolutions learn the masks of the classes."""
        shown = self.maker.sized(masks)
        return self._learn(steps, lambda images, labels: functional.mse_loss(self._noise(images), shown[labels]), self.maker.up)

    def _confound(self, steps: int) -> Iterator[None]:
        """Algorithm 1 for the deconvolutions; noise is seen through the windows that pictures are trained on through."""
        against, _ = _falling(steps, self.judge)
        height, width = self.pictures.images.shape[2:]

        def loss(images: Tensor, labels: Tensor) -> Tensor:
            noise = self._noise(images)
            seen = read(noise, augmentation(len(noise), height, width, self.generator))
            found = functional.cross_entropy(alone(self.classifier, seen), labels)
            if self.plan.adversary:
                _descend(self._told(images, 1) + self._told(images + noise.detach(), 0), against)
                with frozen(self.judge):
                    found = found + self.plan.adversary * self._told(images + noise, 1)
            return found

        return self._learn(steps, loss, self.maker.up)

    def _told(self, images: Float[Tensor, "n c h w"], clean: int) -> Float[Tensor, ""]:
        """Equation 2, to be minimised: how far the judge is from taking pictures for clean (1) or noisy (0)."""
        with autocast(self.device):
            sure = self.judge(images / 255).float()
        return functional.binary_cross_entropy_with_logits(sure, torch.full_like(sure, clean))


def _falling(steps: int, *parts: nn.Module) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Adam for those parts, at a rate that falls to nothing within so many steps."""
    rule = torch.optim.Adam([one for part in parts for one in part.parameters()], lr=RATE)
    return rule, torch.optim.lr_scheduler.LambdaLR(rule, lambda step: 1 - step / max(1, steps))


def _descend(loss: Tensor, rule: torch.optim.Optimizer) -> None:
    rule.zero_grad(set_to_none=True)
    loss.backward()
    rule.step()


def alone(classifier: Standardised, noise: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
    """What a classifier takes noise alone for, laid on the mean grey level, in logits (Equation 3)."""
    with autocast(noise.device):
        logits = classifier(classifier.mean + noise)
    return logits.float()


@torch.no_grad()
def recognised(noise: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"], classifier: Standardised) -> float:
    """Percent of pictures whose noise alone the classifier takes for their class."""
    found = torch.cat([alone(classifier, part).argmax(1) for part in noise.split(500)])
    return 100 * float((found == labels).float().mean())
