"""What a level is: which classes its cleaner cleans. A public report knows how many, as the manifest says, and not which."""

from __future__ import annotations

from hideseek_cli.errors import count
from hideseek_cli.reporting.findings import Findings, Tier

MOST = 40
"""Classes that are named."""


def describe_offers(found: Findings) -> list[str]:
    """A sentence of each level of which it is on record."""
    return [line for one in found.levels if one.reached for line in _describe(found, one)]


def _describe(found: Findings, tier: Tier) -> list[str]:
    every = count(len(found.classes), "class")
    if not tier.cleaned:
        if not tier.clean_classes:
            return []
        return [f"Level {tier.name} cleans {tier.clean_classes} of {every} whole; in the others images stay masked."]
    whole = found.order(name for name, share in tier.cleaned.items() if share == 1)
    parts = found.order(name for name, share in tier.cleaned.items() if 0 < share < 1)
    names = f": {_list(whole)}" if whole else ""
    some = f", and of {_list([f'{name} {100 * tier.cleaned[name]:.2g} % of images' for name in parts])}" if parts else ""
    left = len(found.classes) - len(whole) - len(parts)
    rest = f"; the {'other stays' if left == 1 else f'other {left} stay'} masked" if left > 0 else ""
    return [f"Level {tier.name} cleans {len(whole)} of {every} whole{names}{some}{rest}."]


def _list(names: list[str]) -> str:
    more = len(names) - MOST
    return ", ".join(names[:MOST]) + (f" and {more} more" if more > 0 else "")
