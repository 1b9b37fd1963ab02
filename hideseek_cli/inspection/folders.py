"""What a folder is: published, cleaned, or images of anybody's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from hideseek_cli.errors import InputError, count
from hideseek_cli.formats import manifest
from hideseek_cli.formats.levels import PUBLISHED
from hideseek_cli.formats.manifest import Manifest
from hideseek_cli.images.dataset import scan_unlabelled, survey
from hideseek_cli.images.glance import find_kind, glance
from hideseek_cli.images.index import ImageRecord
from hideseek_cli.images.layout import PARTS, find_layout
from hideseek_cli.images.members import MemberRef
from hideseek_cli.inspection.beside import (
    CLEANED_FOLDER,
    CLEANER,
    IMAGE_FOLDER,
    PUBLISHED_FOLDER,
    find_fitting,
    read_manifest_header,
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


def describe_release(folder: Path) -> Inspection:
    """What a folder with a manifest is. Raises InputError where that is damaged."""
    listed, header = manifest.read(folder), read_manifest_header(folder)
    size, missing = _measure(folder, listed)
    fits = find_fitting(folder, listed.release, None if listed.authorized is None else listed.authorized.stem)
    lacking = f"{count(missing, 'file')} that it lists {'is' if missing == 1 else 'are'} missing: download the folder again"
    published = listed.level == PUBLISHED
    return Inspection(
        path=folder, kind=PUBLISHED_FOLDER if published else CLEANED_FOLDER, bytes=size,
        facts=(know_number("format", header["format"]), *_list_facts(listed), know_number("missing", missing, "files")),
        offers=tuple(offer for offer in listed.offers if published or f"{offer.level:g}" == listed.level),
        fits=fits, next=_list_steps(folder, listed, fits), notes=(lacking,) if missing else (),
    )  # fmt: skip


def _measure(folder: Path, listed: Manifest) -> tuple[int, int]:
    """Bytes of the files that a manifest lists, and how many of them are missing."""
    size = missing = 0
    for name in listed.files():
        try:
            size += (folder / name).stat().st_size
        except OSError:
            missing += 1
    return size, missing


def _list_facts(listed: Manifest) -> list[Fact]:
    promise = listed.accuracy
    told = "nothing: these are the originals" if promise is None else f"{promise:.1f} %"
    shard, suffixes = listed.output_format.shard, Counter(map(listed.output_format.suffix, listed.images))
    kinds = sorted(suffixes)
    facts = [
        Fact("level", listed.level, listed.level), know_release(listed.release), know_classes(listed.classes),
        know_number("images", len(listed.images)), Fact("chance", listed.chance, f"{listed.chance:.1f} %"),
        Fact("promise", promise, f"at most chance, {told}" if listed.level == PUBLISHED else told),
        know_number("epsilon", listed.epsilon, "grey levels"),
        Fact("image_size", listed.size, "as they are" if listed.size is None else f"{listed.size} pixels a side in training"),
        know_recipe(listed.recipe),
        Fact("encoding", " and ".join(kinds), ", ".join(f"{suffixes[kind]} {kind}" for kind in kinds)),
    ]  # fmt: skip
    if shard is not None:
        facts.append(know_number("shard", shard, "images each"))
    if listed.authorized is not None:
        allowed = listed.authorized
        told = f"{allowed.arch} of stem {allowed.stem[:12]} learns {allowed.accuracy:.1f} %"
        facts.append(Fact("authorized", {"arch": allowed.arch, "stem": allowed.stem, "accuracy": allowed.accuracy}, told))
    return facts


def _list_steps(folder: Path, listed: Manifest, fits: tuple[Neighbour, ...]) -> tuple[Step, ...]:
    verify = Step(command="verify", arguments=(str(folder),), options={"test": "TEST"})
    if listed.level != PUBLISHED:
        return (verify,)
    cleaners = [str(one.path) for one in fits if one.kind == CLEANER]
    return Step(command="seek", arguments=(str(folder), cleaners[0] if len(cleaners) == 1 else "CLEANER")), verify


def describe_images(folder: Path) -> Inspection:
    """What a folder of images that has no manifest is, or a tar. Raises InputError where it holds no images."""
    if glance(folder).images and not glance(folder, None).folders:
        return _describe_flat(folder)
    if folder.is_dir() and find_kind(folder) is None:
        raise InputError(f"{folder} holds neither a manifest nor images: {INSPECTED}")
    layout = find_layout(folder)
    if manifest.exists(layout.place):
        return describe_release(layout.place)
    sizes: dict[str, int] = {}
    classes: tuple[str, ...] = ()
    size = refused = 0
    for part in (part for part in PARTS if part in layout.parts):
        found, problems = survey(layout.parts[part], None, layout.passed_over)
        sizes[part] = len(found.records)
        classes = classes or found.classes
        size += _measure_sources(found.records)
        refused += sum(map(len, problems.values()))
    told = f"{sum(sizes.values())}" if layout.is_whole else ", ".join(f"{part} {number}" for part, number in sizes.items())
    facts = [know_classes(classes), Fact("images", sum(sizes.values()), told)]
    if not layout.is_whole:
        facts.append(Fact("parts", sizes, ", ".join(layout.name_part(part) for part in sizes)))
    way = f"{count(refused, 'image')} would be refused; the command below says why"
    return Inspection(
        path=folder, kind=IMAGE_FOLDER, bytes=size, facts=tuple(facts), notes=(way,) if refused else (),
        next=(Step(command="hide", arguments=(str(folder),), options={"levels": "30,50", "dry_run": True}),),
    )  # fmt: skip


def _describe_flat(folder: Path) -> Inspection:
    records = scan_unlabelled(folder)
    step = Step(command="hide", arguments=(str(folder),), options={"labels": "LABELS.csv", "levels": "30,50", "dry_run": True})
    return Inspection(
        path=folder, kind=IMAGE_FOLDER, bytes=_measure_sources(records),
        facts=(know_classes(()), know_number("images", len(records))), next=(step,),
        notes=("it has no folders of classes, so a table must name the class of each image",),
    )  # fmt: skip


def _measure_sources(records: Iterable[ImageRecord]) -> int:
    """Bytes of the files in which images lie; one that holds several counts once."""
    places = (record.path for record in records)
    files = {str(place.archive if isinstance(place, MemberRef) else place) for place in places}
    return sum(Path(name).stat().st_size for name in files)


INSPECTED = (
    "inspect takes a published or cleaned folder, a mask file, a cleaner, a generator, a network file, a contact sheet or a "
    "folder of images"
)
"""What there is to inspect, in words."""
