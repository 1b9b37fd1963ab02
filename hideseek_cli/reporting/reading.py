"""From records to findings. Whatever a record says is checked on the way: it may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from hideseek_cli.errors import InputError
from hideseek_cli.formats.changes import TRIED
from hideseek_cli.formats.checks import MAX_PRICE, check_count, check_number, check_percent, check_text
from hideseek_cli.formats.levels import CLEAN, PUBLISHED, spell_level
from hideseek_cli.recipe import Recipe
from hideseek_cli.reporting.findings import (
    AttackFinding,
    Audited,
    Evaluation,
    Findings,
    Likeness,
    Measured,
    Source,
    Tier,
    Verified,
    WorstImage,
)
from hideseek_cli.reporting.gathering import Kept, Material
from hideseek_cli.reporting.public import make_public

T = TypeVar("T")
MASKS = "masks.safetensors"
"""The usual name of a mask file."""


def read_findings(material: Material, *, public: bool) -> Findings:
    """``public``: of each record only what may be published. Raises InputError where a record says what none does."""
    about = material.manifest
    records = [*material.records]
    if public:
        left = [(one, make_public(one.record)) for one in records]
        records = [replace(one, record=record) for one, record in left if record is not None]
    tiers = {
        PUBLISHED: Tier(name=PUBLISHED, designed=about.chance),
        **{
            spell_level(offer.level): Tier(
                name=spell_level(offer.level), designed=offer.level, price=offer.price,
                clean_classes=offer.clean_classes,
                calibrated=Measured(accuracy=offer.accuracy, low=offer.low, high=offer.high, runs=offer.runs),
            )
            for offer in about.offers
        },
        CLEAN: Tier(name=CLEAN, designed=None),
    }  # fmt: skip
    curve: tuple[Evaluation, ...] = ()
    outlives: tuple[AttackFinding, ...] = ()
    audited: list[Audited] = []
    for one in sorted(records, key=lambda one: ORDER.index(one.record.command)):
        try:
            if one.record.command == "hide":
                curve = _read_hide(one.record.results[0], tiers)
                outlives = _read_outlives(one.record.results[0])
            elif one.record.command == "audit":
                audited.append(Audited(tier=one.subject, attacks=_read_attacks(one.record.results[0])))
            elif one.subject in tiers:
                tiers[one.subject] = TIERS[one.record.command](tiers[one.subject], one.record.results)
        except (KeyError, TypeError, ValueError, AttributeError, InputError) as error:
            raise InputError(f"{one.path} is damaged ({error}); run `{one.record.command}` again") from error
    return Findings(
        release=about.release, name=PUBLISHED if public else material.folder.resolve().name, images=len(about.images),
        classes=about.classes, chance=about.chance, outlives=outlives,
        epsilon=about.epsilon, size=about.size, recipe=about.recipe, public=public, curve=curve,
        tiers=tuple(sorted(tiers.values(), key=_order)), audited=tuple(audited), sources=tuple(map(_describe, records)),
        folders=_name_folders(material, public=public),
        masks=MASKS if public or material.masks is None else str(material.masks),
    )  # fmt: skip


ORDER = ("hide", "metrics", "verify", "audit")
"""Later ones say more of the same: similarity of `metrics` takes the place of that of `hide`."""


def _order(tier: Tier) -> tuple[int, float]:
    return (0, 0.0) if tier.name == PUBLISHED else (2, 0.0) if tier.name == CLEAN else (1, float(tier.name))


def _describe(kept: Kept) -> Source:
    record = kept.record
    return Source(
        command=record.command, tier=kept.subject, date=record.date, version=record.hideseek, arguments=record.arguments
    )


def _name_folders(material: Material, *, public: bool) -> dict[str, str]:
    """A public report knows none but that by which everyone calls the published one."""
    if public:
        return {PUBLISHED: PUBLISHED}
    return {PUBLISHED: str(material.folder), **{level: str(place) for level, place in material.levels.items()}}


def _optional(check: Callable[[object], T], value: object) -> T | None:
    return None if value is None else check(value)


def _number(value: object) -> float:
    return check_number(value, -1e12, 1e12)


def _share(value: object) -> float:
    return check_number(value, 0.0, 1.0)


def _list(value: object) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InputError(f"{value!r:.80} is no list of objects")
    return value


def _read_likeness(value: dict[str, Any]) -> Likeness | None:
    """None where a level was not written."""
    if value.get("mse") is None or value.get("ssim") is None:
        return None
    seen = _optional(_number, value.get("visibility"))
    return Likeness(mse=_number(value["mse"]), ssim=_number(value["ssim"]), visibility=seen)


def _read_measured(value: dict[str, Any]) -> Measured:
    return Measured(
        accuracy=check_percent(value["accuracy"]), low=_number(value["low"]), high=_number(value["high"]),
        runs=check_count(value["runs"], 1),
    )  # fmt: skip


def _read_hide(value: dict[str, Any], tiers: dict[str, Tier]) -> tuple[Evaluation, ...]:
    """Takes what the record says of each tier into ``tiers``, levels that were not reached too; returns the curve."""
    tiers[PUBLISHED] = replace(
        tiers[PUBLISHED], estimate=check_percent(value["published_accuracy"]), likeness=_read_likeness(value),
        masked_share=1.0, reached=value.get("published_at_chance") is not False,
    )  # fmt: skip
    tiers[CLEAN] = replace(tiers[CLEAN], estimate=check_percent(value["clean_accuracy"]), masked_share=0.0)
    for one in _list(value["levels"]):
        name = spell_level(check_percent(one["level"]))
        known = tiers.get(name, Tier(name=name, designed=float(name), price=_price(one)))
        tiers[name] = replace(
            known, calibrated=_read_measured(one), reached=one.get("reachable") is not False,
            masked_share=_optional(_share, one.get("masked_share")), likeness=_read_likeness(one),
            cleaned={check_text(word): _share(share) for word, share in one.get("cleaned", {}).items()},
        )  # fmt: skip
    return tuple(
        Evaluation(share=_share(one["share"]), accuracy=check_percent(one["accuracy"])) for one in _list(value["curve"])
    )


def _price(value: dict[str, Any]) -> float | None:
    return _optional(lambda price: check_number(price, 0.0, MAX_PRICE), value.get("price"))


def _read_verified(tier: Tier, results: tuple[dict[str, Any], ...]) -> Tier:
    return replace(tier, verified=tuple(map(_read_network, results)))


def _read_network(value: dict[str, Any]) -> Verified:
    recipe = Recipe.from_json(value["recipe"])
    kind = _optional(check_text, value.get("kind"))
    return Verified(
        **vars(_read_measured(value)), network=f"{recipe.arch}, {kind}" if kind else recipe.arch,
        verdict=_optional(check_text, value["verdict"]), tolerance=_number(value["tolerance"]),
        promise=_optional(check_percent, value["level"]), one_sided=value.get("one_sided") is True, epochs=recipe.epochs,
        tested=_optional(check_count, value.get("tested")), more_runs=_optional(check_count, value.get("more_runs")),
        test_images_needed=_optional(check_count, value.get("test_images_needed")),
        recall={name: float(one) for name, one in value["recall"].items()},
    )  # fmt: skip


def _read_metrics(tier: Tier, results: tuple[dict[str, Any], ...]) -> Tier:
    value = results[0]
    worst, visible = (_read_worst(value.get(key, [])) for key in ("worst", "most_visible"))
    return replace(tier, likeness=_read_likeness(value), worst=worst, most_visible=visible)


def _read_worst(value: object) -> tuple[WorstImage, ...]:
    read = ((check_text(one["image"]), _read_likeness(one)) for one in _list(value))
    return tuple(WorstImage(name=name, likeness=like) for name, like in read if like is not None)


def _read_attacks(value: dict[str, Any]) -> tuple[AttackFinding, ...]:
    found = [
        AttackFinding(
            name=check_text(one["attack"]), accuracy=_optional(check_percent, one["accuracy"]),
            clean_accuracy=_optional(check_percent, one.get("clean_accuracy")),
        )
        for one in _list(value["attacks"])
    ]  # fmt: skip
    return _sort(found)


def _read_outlives(value: dict[str, Any]) -> tuple[AttackFinding, ...]:
    return _sort([
        AttackFinding(name=TRIED.get(name, name), accuracy=check_percent(accuracy), clean_accuracy=None)
        for name, accuracy in value.get("outlives", {}).items()
    ])  # fmt: skip


def _sort(found: list[AttackFinding]) -> tuple[AttackFinding, ...]:
    """The best first."""
    return tuple(sorted(found, key=lambda one: -1.0 if one.accuracy is None else one.accuracy, reverse=True))


TIERS = {"verify": _read_verified, "metrics": _read_metrics}
"""What a record adds to the tier that it is about."""
