"""EfficientNet-Lite0: its size, and how it pads what it halves."""

from __future__ import annotations

import torch

from hideseek_cli.training.efficientnet_lite import HEAD, make_efficientnet_lite0


def test_it_has_the_parameters_of_the_published_network_without_its_last_layer():
    network = make_efficientnet_lite0().eval()
    assert sum(one.numel() for one in network.parameters()) == 4_652_008 - 1000 * (HEAD + 1)
    with torch.no_grad():
        assert network(torch.zeros(2, 3, 64, 64)).shape == (2, HEAD)


@torch.no_grad()
def test_what_is_halved_is_padded_behind():
    """By TensorFlow's rule the first window begins at the first pixel, so the third pixel is in two windows each way."""
    padding, layer = make_efficientnet_lite0()[:2]
    layer.weight.fill_(1.0)
    image = torch.zeros(1, 3, 32, 32)
    image[0, 0, 2, 2] = 1
    assert torch.nonzero(layer(padding(image))[0, 0]).tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
