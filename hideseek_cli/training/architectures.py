"""Evaluators and surrogates: torchvision's classifiers, with a stem for small images, and two small ResNets.

``resnet10`` and ``slim`` are one network, a ResNet-10 of width 16; on small images ``resnet10`` keeps their resolution
after the stem, as every other ResNet here, and ``slim`` halves it: 2.8 times faster on a CPU, and it ranks masks alike
(docs/results/2026-11-masks.md).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from threading import Lock

import torch
import torchvision.models as zoo
from jaxtyping import Float
from torch import Tensor, nn

from hideseek_cli.training.secret_stem import SecretStem

SMALL = 80
"""Below this side a network built for 224 pixels would shrink its input away, so its stem keeps the resolution. At 64 pixels
the stem for large images leaves 16, and hides fine masks from whoever trains
(docs/results/2026-11-visibility.md)."""


class Standardised(nn.Module):
    """A classifier of images in grey levels 0..255, of one channel or three; standardises, then calls ``body``."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, body: nn.Module, mean: Float[Tensor, " c"], deviation: Float[Tensor, " c"], classes: int) -> None:
        super().__init__()
        self.body, self.classes = body, classes
        self.register_buffer("mean", mean.view(1, -1, 1, 1))
        self.register_buffer("deviation", deviation.view(1, -1, 1, 1))

    def forward(self, images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n k"]:
        images = ((images - self.mean) / self.deviation).expand(-1, 3, -1, -1)
        logits: Tensor = self.body(images.contiguous(memory_format=torch.channels_last))
        return logits


class SlimResNet(zoo.ResNet):
    """ResNet-10 of width 16 to 128: torchvision's ResNet, one basic block a stage, a quarter of the width."""

    def __init__(self, classes: int) -> None:
        super().__init__(zoo.resnet.BasicBlock, [1, 1, 1, 1], num_classes=classes)
        self.inplanes = 16
        self.conv1 = nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        block = zoo.resnet.BasicBlock
        self.layer1 = self._make_layer(block, 16, 1)
        self.layer2 = self._make_layer(block, 32, 1, stride=2)
        self.layer3 = self._make_layer(block, 64, 1, stride=2)
        self.layer4 = self._make_layer(block, 128, 1, stride=2)
        self.fc = nn.Linear(128, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _resnet(build: Callable[[int], zoo.ResNet], pool: int = 1) -> Callable[[int, bool], nn.Module]:
    """``pool``: by how much the stem for small images shrinks them."""

    def make(classes: int, small: bool) -> nn.Module:
        network = build(classes)
        if small:
            network.conv1 = nn.Conv2d(3, network.conv1.out_channels, 3, padding=1, bias=False)
            network.maxpool = nn.MaxPool2d(pool) if pool > 1 else nn.Identity()
        return network

    return make


def _vgg11(classes: int, small: bool) -> nn.Module:
    network = zoo.vgg11_bn(num_classes=classes)
    if small:
        network.avgpool = nn.AdaptiveAvgPool2d(1)
        network.classifier = nn.Sequential(nn.Linear(512, classes))
    return network


def _densenet121(classes: int, small: bool) -> nn.Module:
    network = zoo.densenet121(num_classes=classes)
    if small:
        network.features.conv0 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
        network.features.pool0 = nn.Identity()
    return network


def _mobilenet_v2(classes: int, small: bool) -> nn.Module:
    """Without dropout, which would draw from torch's global generator while networks train side by side."""
    network = zoo.mobilenet_v2(num_classes=classes, dropout=0.0)
    if small:
        for module in [*network.features[0].modules(), *network.features[2].modules()]:
            if isinstance(module, nn.Conv2d):
                module.stride = (1, 1)
    return network


def _shufflenet_v2(classes: int, small: bool) -> nn.Module:
    network = zoo.shufflenet_v2_x1_0(num_classes=classes)
    if small:
        network.conv1[0].stride = (1, 1)
        network.maxpool = nn.Identity()
    return network


def _cnn(classes: int, small: bool) -> nn.Module:
    """A plain CNN: blocks of one convolution that halve their images, without shortcuts (Ungeneralizable Examples)."""
    widths = (3, 32, 64, 128, 256) if small else (3, 32, 64, 128, 256, 256)
    parts: list[nn.Module] = []
    for one, other in pairwise(widths):
        parts += [
            nn.Conv2d(one, other, 3, padding=1, bias=False),
            nn.BatchNorm2d(other),
            nn.ReLU(),
            nn.MaxPool2d(2, ceil_mode=True),
        ]
    return nn.Sequential(*parts, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(widths[-1], classes))


def _lenet(classes: int, small: bool) -> nn.Module:
    """LeNet-5 with rectifiers, for colours and images of any size."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(6, 16, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool2d(6), nn.Flatten(),
        nn.Linear(16 * 36, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, classes),
    )  # fmt: skip


_BUILDERS: dict[str, Callable[[int, bool], nn.Module]] = {
    "slim": _resnet(SlimResNet, pool=2),
    "resnet10": _resnet(SlimResNet),
    "resnet18": _resnet(lambda classes: zoo.resnet18(num_classes=classes)),
    "resnet50": _resnet(lambda classes: zoo.resnet50(num_classes=classes)),
    "vgg11": _vgg11,
    "densenet121": _densenet121,
    "mobilenet_v2": _mobilenet_v2,
    "shufflenet_v2": _shufflenet_v2,
    "cnn": _cnn,
    "lenet": _lenet,
}


_ONE_AT_A_TIME = Lock()
"""Weights are drawn from torch's global generator, which all threads share."""


def build(
    arch: str, classes: int, side: int, moments: tuple[Tensor, Tensor], seed: int, kernel: Float[Tensor, "3 k k"] | None = None
) -> Standardised:
    """A freshly initialised network on the device of ``moments``; the same seed gives the same weights everywhere.

    ``arch`` is one of recipe.ARCHITECTURES, ``side`` the shorter side of the images, ``moments`` their channel
    means and deviations (see ``TensorDataset.moments``). ``kernel``: of a secret stem
    (``training.secret_stem``) before everything else, which sees all colours in one unit.
    """
    with _ONE_AT_A_TIME, torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        body = _BUILDERS[arch](classes, side < SMALL)
    mean, deviation = moments
    if kernel is not None:
        body, deviation = nn.Sequential(SecretStem(kernel), body), deviation.mean().expand_as(deviation)
    network = Standardised(body.to(memory_format=torch.channels_last), mean, deviation, classes)
    return network.to(mean.device)
