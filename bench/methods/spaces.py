"""Common spaces of images and classes, for losses that ask how far an image has come from its class.

Either what CLIP makes of an image and of the text "A photo of a <CLASS>" (Ye and Wang, Ungeneralizable Examples, Section 3.2),
which needs ``pip install 'hideseek[clip]'`` and its weights; or, where there are none, what the last layer of a network
sees that was trained on the clean images, with the mean of a class's images in place of its text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.training.architectures import Standardised
from hideseek_cli.training.tensors import TensorDataset


@dataclass(frozen=True)
class Space:
    """Everything in it has length 1."""

    place: Callable[[Float[Tensor, "n 3 h w"]], Float[Tensor, "n f"]]
    """Where images lie, in grey levels 0..255; gradients pass."""
    classes: Float[Tensor, "k f"]


def known(network: Standardised, dataset: TensorDataset) -> Space:
    """By the last layer of a trained network."""
    network.eval().requires_grad_(False)
    seen: list[Tensor] = []
    last = [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
    last.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))

    def place(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n f"]:
        network(images)
        return functional.normalize(seen.pop().float(), dim=1)

    with torch.no_grad():
        found = torch.cat([place(part.float()) for part in dataset.images.split(500)])
    means = torch.stack([found[dataset.labels == label].mean(0) for label in range(dataset.classes)])
    return Space(place, functional.normalize(means, dim=1))


def clip(name: str, weights: str, classes: Sequence[str], device: torch.device) -> Space:
    """By CLIP; ``weights``: a tag of open_clip's, or a file."""
    import open_clip

    model = open_clip.create_model(name, pretrained=weights or None, device=device).eval().requires_grad_(False)
    side = model.visual.image_size[0] if isinstance(model.visual.image_size, tuple) else model.visual.image_size
    mean, deviation = (
        torch.tensor(one, device=device).view(1, 3, 1, 1)
        for one in (open_clip.OPENAI_DATASET_MEAN, open_clip.OPENAI_DATASET_STD)
    )

    def place(images: Float[Tensor, "n 3 h w"]) -> Float[Tensor, "n f"]:
        large = functional.interpolate(images / 255, (side, side), mode="bicubic", antialias=True)
        return functional.normalize(model.encode_image((large - mean) / deviation).float(), dim=1)

    with torch.no_grad():
        texts = model.encode_text(open_clip.get_tokenizer(name)([f"A photo of a {label}" for label in classes]).to(device))
    return Space(place, functional.normalize(texts.float(), dim=1))
