"""What a file of a release is: mask file, cleaner, generator, network file or contact sheet, each read as from a stranger.

Of what is secret in one nothing is told unless it is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.formats.authorized_network import AuthorizedNetwork
from hideseek_cli.formats.checks import check_count, check_sha256
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.generator import Generator
from hideseek_cli.formats.levels import CLEAN
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.inspection.beside import (
    CLEANER,
    GENERATOR,
    MASK_FILE,
    NETWORK_FILE,
    PUBLISHED_FOLDER,
    SHEET,
    find_fitting,
)
from hideseek_cli.inspection.result import (
    Fact,
    Inspection,
    Neighbour,
    Step,
    know_classes,
    know_number,
    know_recipe,
    know_release,
)
from hideseek_cli.runtime.exposure import describe_exposure

ORIGIN = ("device", "threads", "seed", "torch", "train_images")
"""What a mask file may say of how it was made."""


def describe_file(path: Path, kind: str, label: dict[str, Any], secret: bool) -> Inspection:
    """What a file of that kind is. ``label``: what it says of itself. Raises InputError where it is damaged."""
    return DESCRIBE[kind](path, label, secret)


def _describe_masks(path: Path, label: dict[str, Any], secret: bool) -> Inspection:
    masks = MaskFile.load(path)
    levels = [tier.level for tier in masks.tiers]
    facts = [
        _know_format(label), know_release(masks.release), know_classes(masks.classes),
        know_number("images", len(masks.which)), Fact("levels", levels, ", ".join(levels)),
        know_number("epsilon", masks.epsilon, "grey levels"), know_recipe(masks.recipe),
    ]  # fmt: skip
    if secret:
        tiers = [
            {"level": tier.level, "masked_share": tier.strength, "cleaned": int(tier.touched.sum())} for tier in masks.tiers
        ]
        said = {name: masks.origin[name] for name in ORIGIN if isinstance(masks.origin.get(name), str | int | float)}
        facts += [
            know_number("strength", masks.strength),
            Fact("tiers", tiers, "; ".join(
                f"{tier['level']}: masked share {tier['masked_share']:.3f}, images cleaned {tier['cleaned']}" for tier in tiers
            )),
            Fact("origin", said, ", ".join(f"{name} {value}" for name, value in said.items())),
        ]  # fmt: skip
    sold = next((level for level in levels if level != CLEAN), CLEAN)
    steps = [Step(command="cleaner", arguments=(str(path),), options={"level": sold})] if levels else []
    return _make(
        path, MASK_FILE, facts, release=masks.release, steps=lambda _: steps,
        notes=("it is secret and makes every cleaner: keep it, and hand it to nobody", *describe_exposure(path, MASK_FILE)),
    )  # fmt: skip


def _describe_cleaner(path: Path, label: dict[str, Any], secret: bool) -> Inspection:
    cleaner = Cleaner.load(path)
    facts = [
        _know_format(label), Fact("level", cleaner.level, cleaner.level), know_release(cleaner.release),
        know_classes(cleaner.classes), know_number("images", len(cleaner.which)), know_recipe(cleaner.recipe),
    ]  # fmt: skip
    if secret:
        facts.append(know_number("cleaned", int(cleaner.touched.sum()), "images"))

    def steps(fits: tuple[Neighbour, ...]) -> list[Step]:
        folder = next((str(one.path) for one in fits if one.kind == PUBLISHED_FOLDER), "PUBLISHED")
        return [Step(command="seek", arguments=(folder, str(path)))]

    whose = "it gives the originals back" if cleaner.level == CLEAN else "it is worth its level: hand it to its buyer alone"
    return _make(path, CLEANER, facts, release=cleaner.release, steps=steps, notes=(whose,))


def _describe_generator(path: Path, label: dict[str, Any], secret: bool) -> Inspection:
    generator = Generator.load(path)
    height, width = generator.size
    facts = [
        _know_format(label), know_release(generator.release), know_classes(generator.classes),
        Fact("method", generator.method, generator.method), know_number("epsilon", generator.epsilon, "grey levels"),
        Fact("image_size", [height, width], f"{height}x{width} pixels"),
    ]  # fmt: skip
    if secret:
        facts.append(know_number("strength", generator.strength))
    step = Step(command="protect", arguments=("NEW",), options={"generator": str(path)})
    return _make(
        path, GENERATOR, facts, release=generator.release, steps=lambda _: [step],
        notes=("it is secret: keep it", *describe_exposure(path, GENERATOR)),
    )  # fmt: skip


def _describe_network(path: Path, label: dict[str, Any], secret: bool) -> Inspection:
    network = AuthorizedNetwork.load(path)
    stem = network.identity
    facts = [_know_format(label), Fact("arch", network.arch, network.arch), Fact("stem", stem, stem[:12])]
    if secret:
        facts.append(Fact("seed", network.seed, "fresh for each training" if network.seed is None else str(network.seed)))

    def steps(fits: tuple[Neighbour, ...]) -> list[Step]:
        folder = next((str(one.path) for one in fits if one.kind == PUBLISHED_FOLDER), "PUBLISHED")
        return [Step(command="verify", arguments=(folder,), options={"test": "TEST", "authorized": str(path)})]

    return _make(
        path, NETWORK_FILE, facts, stem=stem, steps=steps,
        notes=("whoever has this file learns: keep it secret", *describe_exposure(path, NETWORK_FILE)),
    )  # fmt: skip


def _describe_sheet(path: Path, label: dict[str, Any], secret: bool) -> Inspection:
    try:
        release = check_sha256(label.get("release"))
        facts = [_know_format(label), know_release(release)]
    except InputError as error:
        raise InputError(f"{path} is damaged or from another version of hideseek ({error}); make it again") from error

    def steps(fits: tuple[Neighbour, ...]) -> list[Step]:
        return [Step(command="inspect", arguments=(str(one.path),)) for one in fits if one.kind == PUBLISHED_FOLDER]

    return _make(
        path, SHEET, facts, release=release, steps=steps,
        notes=("it shows originals and masks, so it is secret: look at it before you publish", *describe_exposure(path, SHEET)),
    )  # fmt: skip


DESCRIBE: dict[str, Callable[[Path, dict[str, Any], bool], Inspection]] = {
    MASK_FILE: _describe_masks, CLEANER: _describe_cleaner, GENERATOR: _describe_generator,
    NETWORK_FILE: _describe_network, SHEET: _describe_sheet,
}  # fmt: skip


def _know_format(label: dict[str, Any]) -> Fact:
    return know_number("format", check_count(label.get("format")))


def _make(
    path: Path, kind: str, facts: list[Fact], *, steps: Callable[[tuple[Neighbour, ...]], list[Step]],
    release: str | None = None, stem: str | None = None, notes: tuple[str, ...] = (),
) -> Inspection:  # fmt: skip
    """``steps``: what to do next, from what fits."""
    fits = find_fitting(path, release, stem)
    return Inspection(
        path=path, kind=kind, bytes=path.stat().st_size, facts=tuple(facts), fits=fits, next=tuple(steps(fits)), notes=notes
    )
