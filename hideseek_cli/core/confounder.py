"""Noise that one forward pass makes of an image and that says its class: a confounder of image and label.

A generator sees an image and makes its noise; a frozen classifier must take that noise alone for the image's class. Three
things differ from the paper, because they decide whether it hides within minutes (docs/results/2026-11-method-experiments.md):

- The classifier is not one of clean images. It was trained together with masks of whole classes (``core.bilevel``) and knows
  the classes by those alone; so what it takes for a class is what networks learn first and see within an image.
- The generator must know the classes of the images that it protects nearly perfectly. Its convolutions are taught them
  first, under a linear layer that is thrown away, and then stay as they are.
- Its noise is taught to be the masks that the classifier knows before it may become anything else. From noise that says
  nothing the classifier's gradients do not lead to every class, and one that is missed at first is missed to the end.

c of Equation 4, which the paper does not give, is RMS times the norm of noise that is ε everywhere, and met by construction.
A discriminator (Equation 2) has no weight unless it is given one, as in Algorithm 1 as printed: here similarity is bounded by ε
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

from hideseek_cli.core.generator_network import FACTOR, WIDTHS, GeneratorNetwork, halving_layers
from hideseek_cli.core.surrogate import frozen
from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset, draw_augmentation, gather
from hideseek_cli.training.trainer import OnStep, autocast, batches, steps_per_pass

JUDGE = (32, 64, 128, 128)
"""Channels after each of the four convolutions of the discriminator."""
RATE = 2e-3
"""Of Adam, at first; it falls to nothing."""
Loss = Callable[[Float[Tensor, "b c h w"], Int[Tensor, " b"]], Float[Tensor, ""]]
"""Of a batch: its images in grey levels, and their labels."""


def _build_discriminator(channels: int) -> nn.Sequential:
    """D: how sure it is that images are clean, in logits."""
    return nn.Sequential(*halving_layers(channels, JUDGE), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(JUDGE[-1], 1))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a generator is trained."""

    epsilon: int
    lessons: int = 12
    """Passes over the images in which its convolutions are taught the classes."""
    imitations: int = 2
    """Passes in which its noise is taught to be the masks of the classes, where there are any."""
    passes: int = 6
    """Passes of Algorithm 1."""
    adversary: float = 0.0
    """Weight of the discriminator in the generator's loss (Equation 5)."""
    batch_size: int = 128
    seed: int = 0


def train_generator(
    dataset: TensorDataset, classifier: Standardised, plan: Plan, on_step: OnStep, masks: Float[Tensor, "k c h w"] | None = None
) -> GeneratorNetwork:
    """A generator for those images, in evaluation mode; ``masks``: by which the classifier knows the classes, in grey levels,
    and None where it knows them by the images."""
    training = _Training(dataset, classifier, plan)
    training.run(on_step, masks)
    return training.maker.eval()


class _Training:
    """A generator, its discriminator, and the batches that both see."""

    def __init__(self, dataset: TensorDataset, classifier: Standardised, plan: Plan) -> None:
        self.dataset, self.classifier, self.plan = dataset, classifier.eval(), plan
        self.device = dataset.images.device
        channels, height, width = dataset.images.shape[1:]
        mean, deviation = dataset.moments()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(plan.seed)
            self.maker = GeneratorNetwork(mean.cpu(), deviation.cpu(), plan.epsilon)
            self.judge = _build_discriminator(channels)
            self.head = nn.Linear(WIDTHS[-1] * -(-height // FACTOR) * -(-width // FACTOR), dataset.classes)
        for part in (self.maker, self.judge, self.head):
            part.to(self.device, memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.generator = torch.Generator(self.device).manual_seed(plan.seed)
        self.order = batches(len(dataset), plan.batch_size, self.generator)

    def run(self, on_step: OnStep, masks: Float[Tensor, "k c h w"] | None) -> None:
        plan, per_pass = self.plan, steps_per_pass(len(self.dataset), self.plan.batch_size)
        parts: list[tuple[int, Callable[[int], Iterator[None]]]] = [(plan.lessons, self._teach)]
        if masks is not None:
            parts.append((plan.imitations, partial(self._imitate, masks)))
        parts.append((plan.passes, self._confound))
        total = per_pass * sum(passes for passes, _ in parts)
        with frozen(self.classifier):
            for step, _ in enumerate(chain.from_iterable(part(passes * per_pass) for passes, part in parts), 1):
                on_step(step, total)

    def _learn(self, steps: int, loss: Loss, *parts: nn.Module) -> Iterator[None]:
        """Those parts descend the loss of so many batches."""
        rule, schedule = _make_adam(steps, *parts)
        for index in islice(self.order, steps):
            _descend(loss(self.dataset.images[index].float(), self.dataset.labels[index]), rule)
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
        shown = self.maker.normalise(masks)
        return self._learn(steps, lambda images, labels: functional.mse_loss(self._noise(images), shown[labels]), self.maker.up)

    def _confound(self, steps: int) -> Iterator[None]:
        """Algorithm 1 for the deconvolutions; noise is seen through the windows that images are trained on through."""
        against, _ = _make_adam(steps, self.judge)
        height, width = self.dataset.images.shape[2:]

        def loss(images: Tensor, labels: Tensor) -> Tensor:
            noise = self._noise(images)
            seen = gather(noise, draw_augmentation(len(noise), height, width, self.generator))
            found = functional.cross_entropy(classify_noise(self.classifier, seen), labels)
            if self.plan.adversary:
                _descend(self._judge_loss(images, 1) + self._judge_loss(images + noise.detach(), 0), against)
                with frozen(self.judge):
                    found = found + self.plan.adversary * self._judge_loss(images + noise, 1)
            return found

        return self._learn(steps, loss, self.maker.up)

    def _judge_loss(self, images: Float[Tensor, "n c h w"], clean: int) -> Float[Tensor, ""]:
        """Equation 2, to be minimised: how far the judge is from taking images for clean (1) or noisy (0)."""
        with autocast(self.device):
            sure = self.judge(images / 255).float()
        return functional.binary_cross_entropy_with_logits(sure, torch.full_like(sure, clean))


def _make_adam(steps: int, *parts: nn.Module) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Adam for those parts, at a rate that falls to nothing within so many steps."""
    rule = torch.optim.Adam([one for part in parts for one in part.parameters()], lr=RATE)
    return rule, torch.optim.lr_scheduler.LambdaLR(rule, lambda step: 1 - step / max(1, steps))


def _descend(loss: Tensor, rule: torch.optim.Optimizer) -> None:
    rule.zero_grad(set_to_none=True)
    loss.backward()
    rule.step()


def classify_noise(classifier: Standardised, noise: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
    """What a classifier takes noise alone for, laid on the mean grey level, in logits (Equation 3)."""
    with autocast(noise.device):
        logits = classifier(classifier.mean + noise)
    return logits.float()


@torch.no_grad()
def measure_recognition(noise: Float[Tensor, "n c h w"], labels: Int[Tensor, " n"], classifier: Standardised) -> float:
    """Percent of images whose noise alone the classifier takes for their class."""
    found = torch.cat([classify_noise(classifier, part).argmax(1) for part in noise.split(500)])
    return 100 * float((found == labels).float().mean())
