"""The schedule of the reference implementation of Unlearnable Examples (EMN), class-wise, written out plainly.

What its public code does, step for step and on the same network and data as ours: images come through a DataLoader
with transforms on PIL images; M = 10 steps of θ on images to which a Python loop adds the noise of their class; then
a pass over all batches in which every image gets its own step of projected gradient descent, and the noise of a class
moves to the mean of its images' results. Whoever drives it measures the error and stops below 10 %.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms

from hideseek_cli.core.bilevel import Problem, Round
from hideseek_cli.core.surrogate import ALTERNATING_RATE, EMN_STEP
from hideseek_cli.runtime.executors import count_cores
from hideseek_cli.training.architectures import build
from hideseek_cli.training.tensors import TensorDataset


class Ordinary(Dataset[tuple[Tensor, int]]):
    """Images as most training scripts read them: PIL images, cropped and flipped one by one, as floats 0..1."""

    def __init__(self, data: TensorDataset, *more: nn.Module) -> None:
        self.images = [Image.fromarray(image) for image in data.images.permute(0, 2, 3, 1).cpu().numpy()]
        self.labels = data.labels.tolist()
        side = data.images.shape[2]
        steps = [transforms.RandomCrop(side, side // 8, padding_mode="reflect"), transforms.RandomHorizontalFlip()]
        self.transform = transforms.Compose([*steps, transforms.ToTensor(), *more])

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return self.transform(self.images[number]), self.labels[number]


def reference(problem: Problem) -> Iterator[Round]:
    """Rounds of the reference schedule; as with ours, each is yielded after the steps of θ, before its masks change."""
    data = problem.dataset
    device = data.images.device
    torch.manual_seed(problem.seed)
    loader = DataLoader(Ordinary(data), problem.batch_size, shuffle=True, num_workers=count_cores(), drop_last=True)
    network = build(problem.arch, data.classes, data.images.shape[2], data.moments(), problem.seed)
    network.to(memory_format=torch.contiguous_format)
    step_rule = torch.optim.SGD(network.parameters(), lr=ALTERNATING_RATE, momentum=0.9, weight_decay=5e-4)
    measure = nn.CrossEntropyLoss()
    noise = torch.zeros(data.classes, *data.images.shape[1:], device=device)
    endless = itertools.chain.from_iterable(itertools.repeat(loader))
    steps = 0
    for number in itertools.count(1):
        network.train().requires_grad_(True)
        for images, labels in itertools.islice(endless, problem.inner_steps):
            masked = torch.stack([image.to(device) * 255 + noise[label] for image, label in zip(images, labels, strict=True)])
            step_rule.zero_grad()
            measure(network(masked.clamp(0, 255)), labels.to(device)).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            step_rule.step()
            steps += 1
        yield Round(noise.clone(), network, number, steps)
        network.eval().requires_grad_(False)
        for images, labels in loader:
            images, labels = images.to(device) * 255, labels.to(device)
            eta = torch.stack([noise[label] for label in labels])
            for _ in range(problem.pgd_steps):
                eta.requires_grad_(True)
                (gradient,) = torch.autograd.grad(measure(network((images + eta).clamp(0, 255)), labels), eta)
                eta = (eta.detach() - EMN_STEP * gradient.sign()).clamp(-problem.epsilon, problem.epsilon)
                eta = (images + eta).clamp(0, 255) - images
            found = defaultdict(list)
            for own, label in zip(eta, labels, strict=True):
                found[int(label)].append(own)
            for label, values in found.items():
                noise[label] = torch.stack(values).mean(0).clamp(-problem.epsilon, problem.epsilon)
