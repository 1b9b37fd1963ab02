"""What `hide` is asked to sell: levels and prices as they are typed."""

from __future__ import annotations


def parse_levels(text: str | None) -> tuple[float, ...]:
    """Raises InputError for a list that is none, or that is empty: a script's empty variable would sell nothing."""
    import hideseek_cli as hs

    if text is None:
        return ()
    try:
        found = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise hs.InputError(f"--levels {text!r} is not a list of percentages, such as 30,50,70") from error
    if not found:
        raise hs.InputError("--levels is empty: give percentages, such as 30,50,70, or leave it out to sell no level")
    return found


def parse_prices(text: str | None) -> dict[float, float]:
    """Raises InputError where it is no list of level=price."""
    import hideseek_cli as hs

    pairs = [part.split("=") for part in (text or "").split(",") if part.strip()]
    try:
        found = {float(level): float(price) for level, price in pairs}
    except ValueError as error:
        raise hs.InputError(f"--prices {text!r} is not a list of level=price, such as 30=10,50=25") from error
    if len(found) < len(pairs):
        raise hs.InputError(f"--prices {text!r} names a level twice; give each once")
    return found
