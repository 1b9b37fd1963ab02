"""What an adversary may try on a published folder, behind one small interface.

A module of this package offers its attacks in a tuple ``ATTACKS``; adding another touches no other file.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from jaxtyping import Float
from torch import Tensor

from hideseek_cli.errors import unknown
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import OnStep, Treatment

Needs = Literal["nothing", "alpha", "backbone", "originals", "release", "cleaner"]
NEEDS: tuple[Needs, ...] = get_args(Needs)
"""What an adversary may need besides the folder, what all have first."""


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """What an adversary has."""

    dataset: TensorDataset
    """Published or bought, as the files hold them."""
    test: TensorDataset
    """Clean, of the same classes; what recovered accuracy is measured on."""
    alpha: tuple[TensorDataset, TensorDataset] | None = None
    """How opaque the images of ``dataset`` and of ``test`` are, as grey images, where one of the first is not opaque."""
    features: tuple[Float[Tensor, "n d"], Float[Tensor, "m d"]] | None = None
    """What a pretrained network says of the images of ``dataset`` and of ``test``, where there is one."""
    originals: TensorDataset | None = None
    """The originals of ``dataset``, in their order, of which an attack may look at the few that it says it knows."""
    other: TensorDataset | None = None
    """The same images as another release has them, in the same order."""
    cleaners: tuple[Cleaner, ...] = ()
    """Cleaners that were bought."""
    epsilon: int = 8
    """The bound of the masks, in grey levels, which the manifest tells."""
    seed: int = 0


def use_unchanged(exposed: Exposed) -> tuple[TensorDataset, TensorDataset]:
    """Train and test on what there is."""
    return exposed.dataset, exposed.test


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A way to learn from protected images all the same."""

    name: str
    knows: str = "the published folder"
    """What the adversary must have, in words."""
    needs: Needs = "nothing"
    """Of what ``Exposed`` holds, besides the images."""
    prepare: Callable[[Exposed], tuple[TensorDataset, TensorDataset]] = use_unchanged
    """The images that the adversary trains on, and the test images as they would treat any image to be classified."""
    treatment: Treatment | None = None
    """What training does to each batch."""
    augmented: bool = True
    """Whether the recipe's crops and flips are used."""
    learn: Callable[[Exposed, OnStep], list[float]] | None = None
    """What is done in place of training a network: accuracies in percent, the last one final."""


def list_attacks() -> dict[str, Attack]:
    """All attacks by name, ``none`` first and then those that need least; of the same need, those of a module in its order."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    attacks = [attack for module in modules for attack in getattr(module, "ATTACKS", ())]
    return {attack.name: attack for attack in sorted(attacks, key=lambda one: (one.name != "none", NEEDS.index(one.needs)))}


def select(names: tuple[str, ...]) -> tuple[Attack, ...]:
    """The attacks of those names, all where none is named. Raises InputError where there is none of a name."""
    known = list_attacks()
    for name in names:
        if name not in known:
            raise unknown("attack", name, known)
    return tuple(known[name] for name in names) if names else tuple(known.values())
