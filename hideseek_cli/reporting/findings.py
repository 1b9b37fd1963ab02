"""What is known of a release: figures from its manifest and its records, checked, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from hideseek_cli.formats.levels import CLEAN, PUBLISHED
from hideseek_cli.recipe import Recipe


def show_tier(name: str) -> str:
    """``published``, ``level 50``, ``clean``."""
    return name if name in (PUBLISHED, CLEAN) else f"level {name}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """An accuracy in percent, its 95 % interval and the number of runs behind it."""

    accuracy: float
    low: float
    high: float
    runs: int


@dataclass(frozen=True, kw_only=True)
class Verified(Measured):
    """What `verify` found with one network."""

    network: str
    verdict: str | None
    """``pass``, ``fail`` or ``inconclusive``; None where nothing was promised."""
    tolerance: float
    """Points by which what is promised may be missed."""
    promise: float | None
    """Accuracy in percent; None where nothing was promised."""
    one_sided: bool
    """Whether less than the promise keeps it too."""
    epochs: int
    tested: int | None
    """Images that it was tested on, where that is on record."""
    more_runs: int | None
    test_images_needed: int | None
    """What would settle an inconclusive verdict; None where it would not."""
    recall: dict[str, float]
    """Of each class, in percent; none where it was not measured."""


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """How much images look like the originals: MSE and SSIM of images scaled to 0..1, visibility 0 to 1."""

    mse: float
    ssim: float
    visibility: float | None


@dataclass(frozen=True, kw_only=True)
class WorstImage:
    """One of the images that differ most."""

    name: str
    likeness: Likeness


@dataclass(frozen=True, kw_only=True)
class Tier:
    """The published folder, a level, or the clean images."""

    name: str
    """``published``, a level such as ``50``, or ``clean``."""
    designed: float | None
    """Accuracy in percent that it should train to; None for the clean images."""
    price: float | None = None
    clean_classes: int | None = None
    """How many classes carry no mask on any image; None where nothing is sold."""
    cleaned: dict[str, float] = field(default_factory=dict)
    """Of each class that is cleaned, the share of its images, 0 to 1; none where that is not on record."""
    reached: bool = True
    """Whether calibration found it."""
    masked_share: float | None = None
    """Of the images, those that carry the published mask, 0 to 1."""
    calibrated: Measured | None = None
    estimate: float | None = None
    """Accuracy in percent of which no interval is known."""
    verified: tuple[Verified, ...] = ()
    likeness: Likeness | None = None
    worst: tuple[WorstImage, ...] = ()
    """By SSIM."""
    most_visible: tuple[WorstImage, ...] = ()

    @property
    def measured(self) -> Measured | None:
        """By `verify` where that was, by calibration otherwise."""
        return self.verified[0] if self.verified else self.calibrated

    @property
    def accuracy(self) -> float | None:
        """Likewise, in percent."""
        return self.measured.accuracy if self.measured else self.estimate

    @property
    def verdict(self) -> str | None:
        """The worst of all networks; None where nothing was verified or promised."""
        found = [one.verdict for one in self.verified]
        return next((one for one in ("fail", "inconclusive", "pass") if one in found), None)


@dataclass(frozen=True, kw_only=True)
class AttackFinding:
    """What one attack on a folder gives, in percent; None where it failed or was not measured."""

    name: str
    accuracy: float | None
    clean_accuracy: float | None


@dataclass(frozen=True, kw_only=True)
class Audited:
    """What an adversary can recover of one folder."""

    tier: str
    attacks: tuple[AttackFinding, ...]
    """The best first."""

    @property
    def best(self) -> AttackFinding | None:
        """That which recovers most."""
        return next((one for one in self.attacks if one.accuracy is not None), None)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One retraining of calibration: the share of masked images, 0 to 1, and the accuracy in percent."""

    share: float
    accuracy: float


@dataclass(frozen=True, kw_only=True)
class Source:
    """A record that the report is made from, and the words that made it; none where they are not to be told."""

    command: str
    tier: str
    date: str
    version: str
    arguments: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that a report says."""

    release: str
    name: str
    """Of the published folder."""
    images: int
    classes: tuple[str, ...]
    chance: float
    """Accuracy in percent of always naming the largest class."""
    epsilon: int
    size: int | None
    recipe: Recipe
    public: bool
    tiers: tuple[Tier, ...]
    """From the published folder to the clean images."""
    curve: tuple[Evaluation, ...]
    outlives: tuple[AttackFinding, ...]
    """What `hide` found that common changes of images give back of the published folder; the best first."""
    audited: tuple[Audited, ...]
    sources: tuple[Source, ...]
    folders: dict[str, str]
    """What a command is told of each tier that has a folder."""
    masks: str
    """And of the mask file."""

    @property
    def published(self) -> Tier:
        return self.tiers[0]

    @property
    def levels(self) -> tuple[Tier, ...]:
        """What is sold, or was to be."""
        return self.tiers[1:-1]

    @property
    def audit(self) -> Audited | None:
        """That of the published folder."""
        return next((one for one in self.audited if one.tier == PUBLISHED), None)

    @property
    def existing(self) -> tuple[Tier, ...]:
        """All but the levels that were not reached, of which there is no folder."""
        return tuple(one for one in self.tiers if one.reached or one not in self.levels or one.verified)

    @property
    def clean(self) -> Tier:
        return self.tiers[-1]

    def order(self, classes: Iterable[str]) -> list[str]:
        """Classes in the order of the manifest; those that it does not have come last."""
        place = {name: at for at, name in enumerate(self.classes)}
        return sorted(classes, key=lambda name: (place.get(name, len(place)), name))

    def has(self, command: str, tier: str) -> bool:
        """Whether there is a record of that."""
        return any(one.command == command and one.tier == tier for one in self.sources)
