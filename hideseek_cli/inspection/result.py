"""What ``inspect`` found: as a table, as a document and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hideseek_cli.errors import count, name_some
from hideseek_cli.formats.manifest import Offer
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.tables import format_table

NAMED = 10
"""Classes, and files that fit, that a table names."""
SHORT = 12
"""Digits of an identity in a table."""


@dataclass(frozen=True, kw_only=True)
class Neighbour:
    """What lies beside a file or folder and is of the same release, by what it says of itself."""

    path: Path
    kind: str
    release: str | None
    level: str | None = None
    stem: str | None = None
    """Identity of the secret stem of a network file, or of those that a folder was published for."""

    def to_json(self) -> dict[str, Any]:
        return {"path": str(self.path), "kind": self.kind, "level": self.level}

    def __str__(self) -> str:
        return f"{self.path} ({self.kind}{f', level {self.level}' if self.level else ''})"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command to run next; words in capitals stand for what only the reader knows."""

    command: str
    arguments: tuple[str, ...]
    options: Mapping[str, str | bool] = field(default_factory=dict)
    """By the name of the argument."""

    def to_json(self) -> dict[str, Any]:
        return {"command": self.command, "arguments": list(self.arguments), "options": dict(self.options)}

    def __str__(self) -> str:
        return " ".join([self.command, *self.arguments, *(f"{name}={value}" for name, value in self.options.items())])


@dataclass(frozen=True)
class Fact:
    """One thing that is known."""

    name: str
    value: Any
    """As a JSON value."""
    shown: str
    """In words."""


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a file or folder is. Printed, it is a table of facts and what to do next."""

    path: Path
    kind: str
    """Such as ``published folder``."""
    bytes: int
    """Of the file, or of all files of the folder that are its own."""
    facts: tuple[Fact, ...]
    offers: tuple[Offer, ...] = ()
    fits: tuple[Neighbour, ...] = ()
    next: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Accuracies in percent; ``low`` and ``high``: the 95 % interval; ``fits``: what lies beside it and belongs to it."""
        return {
            "path": str(self.path), "kind": self.kind, "bytes": self.bytes,
            **{fact.name: fact.value for fact in self.facts}, "offers": [asdict(offer) for offer in self.offers],
            "fits": [one.to_json() for one in self.fits], "next": [step.to_json() for step in self.next],
            "notes": list(self.notes),
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A row for each fact, each level that is offered and some of what fits."""
        pairs = [(str(self.path), self.kind), ("size", show_bytes(self.bytes))]
        pairs += [(fact.name.replace("_", " "), fact.shown) for fact in self.facts]
        pairs += [(f"level {offer.level:g}", show_offer(offer)) for offer in self.offers]
        pairs += [("fits", str(one)) for one in self.fits[:NAMED]]
        if len(self.fits) > NAMED:
            pairs.append(("fits besides", str(len(self.fits) - NAMED)))
        return [{"what": name, "value": value} for name, value in pairs]

    def remarks(self) -> list[str]:
        """What to heed."""
        return list(self.notes)

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), *self.remarks(), *(f"next: {step}" for step in self.next)])


def show_bytes(size: int) -> str:
    """A size for people.

    >>> show_bytes(1), show_bytes(2_500_000)
    ('1 byte', '2500000 bytes (2.5 MB)')
    """
    return count(size, "byte") + (f" ({size / 1e6:.1f} MB)" if size >= 1e6 else "")


def show_offer(offer: Offer) -> str:
    """What a level costs, what it was measured to give, and how well that is known."""
    price = "no price" if offer.price is None else f"price {offer.price:g}"
    measured = f"{offer.accuracy:.1f} %, 95 % interval {offer.low:.1f} to {offer.high:.1f}, runs {offer.runs}"
    return f"{price}; measured {measured}; classes cleaned whole: {offer.clean_classes}"


def know_release(release: str) -> Fact:
    return Fact("release", release, release[:SHORT])


def know_classes(classes: tuple[str, ...]) -> Fact:
    return Fact("classes", list(classes), f"{len(classes)}: {name_some(classes, NAMED)}")


def know_number(name: str, number: int | float, unit: str = "") -> Fact:
    return Fact(name, number, f"{number:g} {unit}".rstrip() if isinstance(number, float) else f"{number} {unit}".rstrip())


def know_recipe(recipe: Recipe) -> Fact:
    how = f"{recipe.name}: {recipe.arch}, epochs {recipe.epochs}, batch size {recipe.batch_size}"
    return Fact("recipe", recipe.to_json(), how)
