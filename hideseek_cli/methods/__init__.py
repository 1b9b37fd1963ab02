"""The systems of the papers behind one small interface: a method turns a data set into patterns within ±ε.

A module of this package offers its methods in a tuple ``METHODS``; adding another touches no other file. A method is a frozen
dataclass whose fields are the options that it has.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from hideseek_cli.core.eye import OWN_SIZE, Sight
from hideseek_cli.errors import InputError, unknown
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.generator import Generator
from hideseek_cli.training.tensors import TensorDataset
from hideseek_cli.training.trainer import OnStep

SCOPES = ("class", "sample")
"""What a pattern belongs to: a class, whose images share it, or a single image."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """What a method is given."""

    dataset: TensorDataset
    """All images that are to be published."""
    seen: Int[Tensor, " m"] | None = None
    """Numbers of those that may be trained on, the others being kept for tests; None: all."""
    epsilon: int
    arch: str
    batch_size: int
    seed: int
    shifts: torch.Tensor | None
    """(n, 2) cyclic shifts of keyed placement, or None."""
    pattern_sets: int = 1
    """Patterns a class, each of them told from all others."""
    robust: tuple[str, ...] = ()
    """Names of ``training.transforms.ROBUST`` that the patterns must survive."""
    strict: bool = True
    """Whether patterns that do not survive those are of no use; otherwise plain ones follow where they leave too much."""
    sight: Sight = OWN_SIZE
    """How patterns come to the eye and back to networks."""
    secret: bytes = bytes(32)
    """A key from which whatever nobody may guess is derived; the seed decides nothing secret."""

    @property
    def shown(self) -> TensorDataset:
        """The images that may be trained on."""
        return self.dataset if self.seen is None else self.dataset.subset(self.seen)

    @property
    def kinds(self) -> tuple[Task, ...]:
        """What may be trained in turn: masks that survive what they are to survive, and plain ones where those will do."""
        return (self,) if self.strict or not self.robust else (self, replace(self, robust=()))

    @property
    def shown_shifts(self) -> torch.Tensor | None:
        """Their shifts."""
        return self.shifts if self.shifts is None or self.seen is None else self.shifts[self.seen]


RealPatterns = Float[np.ndarray, "p h w c"]
"""In grey levels within ±ε: pattern set after pattern set of one pattern a class, or one of each image."""


@dataclass(frozen=True, kw_only=True)
class TrainedPatterns:
    """What came of a training."""

    patterns: RealPatterns
    weights: dict[str, np.ndarray] = field(default_factory=dict)
    """What makes patterns for new images, by name; nothing where a method cannot."""


Training = Callable[[OnStep], TrainedPatterns]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One way to train patterns that may be published."""

    name: str
    """What makes it another than those before, in words: ``plain masks, whitened``."""
    train: Training
    robust: tuple[str, ...] = ()
    """The changes that its masks are trained through."""


def name_masks(robust: tuple[str, ...]) -> str:
    """What masks are called that are trained through these changes.

    >>> name_masks(()), name_masks(("greyscale",)), name_masks(("greyscale", "blur", "jpeg"))
    ('plain masks', 'masks that outlive greyscale', 'masks that outlive greyscale, blur and jpeg')
    """
    if not robust:
        return "plain masks"
    *others, last = robust
    return f"masks that outlive {' and '.join([', '.join(others), last] if others else [last])}"


@runtime_checkable
class Method(Protocol):
    """A way to make masks that hide what the images teach."""

    name: ClassVar[str]
    scope: ClassVar[str]
    """One of SCOPES."""
    changeable: ClassVar[bool]
    """Whether masks can be trained through changes that they must survive."""
    clippable: ClassVar[bool]
    """Whether patterns may be made so strong that ±ε cuts them off."""
    coloured: ClassVar[bool]
    """Whether it hides in colours, of which grey images have none."""

    @property
    def robust(self) -> tuple[str, ...]:
        """What masks are trained through unless told otherwise."""

    def candidates(self, task: Task) -> tuple[Attempt, ...]:
        """Attempts at patterns to publish: by ``task.kinds`` in turn, of each the one first that is expected to hide best.

        Patterns of scope ``sample`` are as many as ``task.dataset``; those that may not be trained on get theirs from
        what was trained on the others.
        """


@runtime_checkable
class Authorizing(Protocol):
    """A method that hides from networks but those with one secret stem."""

    @property
    def authorized(self) -> AuthorizedNetwork:
        """One of them."""


@dataclass(frozen=True)
class Noise:
    """What makes noise for images of the size that a method was trained on."""

    channels: int
    of: Callable[[UInt8[np.ndarray, "n h w c"]], Float[np.ndarray, "n h w c"]]
    """In grey levels within ±ε, of images of so many channels."""


@runtime_checkable
class Generating(Protocol):
    """A method that leaves weights with which noise for other images is made."""

    @staticmethod
    def restore(generator: Generator, device: torch.device) -> Noise:
        """What makes noise with them. Raises InputError where they do not fit."""


def restore_noise(generator: Generator, device: torch.device) -> Noise:
    """What makes noise by the method of a generator file. Raises InputError where there is no such method, or it is damaged."""
    for method in list_methods().get(generator.method, {}).values():
        if isinstance(method, Generating):
            return method.restore(generator, device)
    raise InputError(f"the generator is of method {generator.method!r}, by which this version makes no noise; update hideseek")


def list_methods() -> dict[str, dict[str, Callable[..., Method]]]:
    """All methods by name and scope: names in alphabetical order, the scopes of each in that of SCOPES."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    methods = [method for module in modules for method in getattr(module, "METHODS", ())]
    found: dict[str, dict[str, Callable[..., Method]]] = {}
    for method in sorted(methods, key=lambda method: (method.name, SCOPES.index(method.scope))):
        found.setdefault(method.name, {})[method.scope] = method
    return found


def select(name: str, scope: str | None = None, options: Mapping[str, Any] | None = None) -> Method:
    """The method of that name and scope (None: its first) with options by name, of which None stands for one not given.

    Raises InputError that says what there is where there is no such method, scope or option.
    """
    known = list_methods()
    if name not in known:
        raise unknown("`method`", name, known)
    scopes = known[name]
    if scope is not None and scope not in scopes:
        raise InputError(f"`method='{name}'` has no `scope='{scope}'`: give {' or '.join(scopes)}")
    scope = scope or next(iter(scopes))
    method = scopes[scope]
    given = {option: value for option, value in (options or {}).items() if value is not None}
    own = {option.name for option in fields(method)}  # type: ignore[arg-type]
    strange = [option for option in given if option not in own]
    if strange:
        raise InputError(f"`{strange[0]}` is no option of `method='{name}'` with `scope='{scope}'`; leave it out")
    return method(**given)
