"""How an evaluator is trained. A level means nothing without its recipe, so a recipe travels in every artifact.

>>> recipe = preset("quick").for_images(10_000)
>>> (recipe.arch, recipe.epochs, recipe.batch_size)
('slim', 5, 128)
>>> Recipe.from_json(recipe.to_json()) == recipe
True
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from hideseek_cli.errors import InputError, count, unknown

ARCHITECTURES = (
    "slim",
    "resnet10",
    "resnet18",
    "resnet50",
    "vgg11",
    "densenet121",
    "mobilenet_v2",
    "shufflenet_v2",
    "cnn",
    "lenet",
)
SCHEDULES = ("onecycle", "cosine")
AUGMENTATIONS = ("crop+flip", "none")


def check_architecture(arch: str) -> None:
    """Raises InputError where there is no such architecture."""
    if arch not in ARCHITECTURES:
        raise unknown("architecture", arch, ARCHITECTURES)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train a classifier from scratch.

    Optimiser and augmentation are the same in every recipe: stochastic gradient descent with momentum, and random
    crops (4 pixels of reflected border at 32 pixels, in proportion at other sizes) with horizontal flips.
    """

    name: str
    """Name of the preset that it came from."""
    arch: str
    """One of ARCHITECTURES, or several with commas between them: an accuracy is then the mean of theirs."""
    epochs: int
    """Passes over the training images."""
    batch_size: int
    """Images in one step of the optimiser."""
    learning_rate: float
    """Highest learning rate of the schedule."""
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    schedule: str = "onecycle"
    """``onecycle``: linear warm-up over a fifth of the steps, then linear to zero; ``cosine``: cosine without restart."""
    label_smoothing: float = 0.0
    augmentation: str = "crop+flip"

    def __post_init__(self) -> None:
        names = self.arch.split(",")
        for name in names:
            check_architecture(name)
        if len(set(names)) < len(names):
            raise InputError(f"an architecture is given twice in {self.arch}; give each once")
        if self.schedule not in SCHEDULES:
            raise unknown("schedule", self.schedule, SCHEDULES)
        if self.augmentation not in AUGMENTATIONS:
            raise unknown("augmentation", self.augmentation, AUGMENTATIONS)
        if not 1 <= self.epochs <= 10_000 or not 2 <= self.batch_size <= 65_536 or not 0 < self.learning_rate <= 10:
            raise InputError(
                f"recipe out of range: {count(self.epochs, 'epoch')} (1 to 10000), batches of {self.batch_size} (2 to 65536), "
                f"learning rate {self.learning_rate} (above 0, at most 10)"
            )
        shares = {"momentum": self.momentum, "weight decay": self.weight_decay, "label smoothing": self.label_smoothing}
        for name, share in shares.items():
            if not 0 <= share < 1:
                raise InputError(f"recipe out of range: {name} {share} (at least 0, below 1)")

    def account(self, images: int, tested: int, seed: int) -> str:
        """How an accuracy was measured, in words: on so many images, from that seed on."""
        epochs = count(self.epochs, "epoch")
        return f"recipe {self.name}: {epochs}; trained on {count(images, 'image')}, tested on {tested}; first seed {seed}"

    def each(self) -> tuple[Recipe, ...]:
        """One recipe for each of its architectures."""
        return tuple(replace(self, arch=name) for name in self.arch.split(","))

    def with_arch(self, names: Sequence[str]) -> Recipe:
        """The same recipe for other networks; none: as it is."""
        return replace(self, arch=",".join(names)) if names else self

    def for_images(self, count: int) -> Recipe:
        """The same recipe for a folder of ``count`` images.

        A small folder gets smaller batches, at a rate in proportion, and more epochs, so that the optimiser still takes
        some hundred steps; from 10,000 images on nothing changes. The paper's recipe is left as it is printed, and one
        whose epochs or batches were chosen by hand (``custom``) as it was chosen.
        """
        if self.name not in ("quick", "standard") or count >= 10_000:
            return self
        batch = next(size for size in (32, 64, 128) if size >= min(128, count / 80)) if count <= 5_120 else 128
        epochs = min(4 * self.epochs, round(self.epochs * (10_000 / max(count, 1)) ** 0.25))
        batch = min(batch, self.batch_size)
        return replace(self, batch_size=batch, epochs=epochs, learning_rate=self.learning_rate * batch / self.batch_size)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Recipe:
        """Read a recipe from an artifact; raises InputError where a field is missing, unknown or of the wrong type."""
        if not isinstance(value, dict):
            raise InputError("the recipe in this file is not an object: the file is damaged or not from hideseek")
        known = {field.name: field.type for field in fields(cls)}
        if set(value) != set(known):
            odd = ", ".join(sorted(set(value) ^ set(known)))
            raise InputError(f"the recipe in this file lacks or adds: {odd}; it may come from another version")
        types: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float), "bool": (bool,)}
        for name, kind in known.items():
            if not isinstance(value[name], types[str(kind)]) or (isinstance(value[name], bool) and kind != "bool"):
                raise InputError(f"the recipe in this file has {name} = {value[name]!r}, which is not of type {kind}")
        settings: dict[str, Any] = {
            name: float(value[name]) if kind == "float" else value[name] for name, kind in known.items()
        }
        return cls(**settings)


_PRESETS = {
    "quick": Recipe(name="quick", arch="slim", epochs=5, batch_size=128, learning_rate=0.15),
    "standard": Recipe(name="standard", arch="resnet18", epochs=24, batch_size=256, learning_rate=0.2),
    "paper": Recipe(
        name="paper", arch="resnet18", epochs=90, batch_size=128, learning_rate=0.025, nesterov=False,
        schedule="cosine",
    ),
}  # fmt: skip
PRESETS = tuple(_PRESETS)


def preset(name: str) -> Recipe:
    """The recipe of that name: ``quick`` (CPU, minutes), ``standard`` (a GPU) or ``paper`` (ConfounderGAN G.1)."""
    if name not in _PRESETS:
        raise unknown("recipe", name, PRESETS)
    return _PRESETS[name]
