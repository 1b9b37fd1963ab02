"""What ``hide`` found, as a table, as a document and in words."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hideseek_cli.publishing.config import HideConfig
    from hideseek_cli.publishing.pipeline import HideResult, LevelResult


def rows(config: HideConfig, hidden: HideResult) -> list[dict[str, Any]]:
    def row(level: str, price: float | None, found: Any, like: Any) -> dict[str, Any]:
        low, high = found.interval()
        return {
            "level": level, "price": "" if price is None else f"{price:g}", "accuracy %": f"{found.mean:.1f}",
            "95 % interval": f"{low:.1f} to {high:.1f}", "runs": found.runs,
            "MSE": f"{like.mse:.2e}" if like else "", "SSIM": f"{like.ssim:.4f}" if like else "",
        }  # fmt: skip

    rows = [row("published", None, hidden.published, hidden.release.similarity["published"])]
    if hidden.allowed is not None:
        rows.append(row("published, authorized network", None, hidden.allowed.published, None))
    for level in hidden.levels:
        name = f"{level.level:g}" if level.reachable else f"{level.level:g} (not reached)"
        rows.append(row(name, config.prices.get(level.level), level.found, level.similarity))
    rows.append(row("clean", None, hidden.clean, None))
    if hidden.allowed is not None:
        rows.append(row("clean, authorized network", None, hidden.allowed.clean, None))
    return rows


def document(config: HideConfig, hidden: HideResult, seconds: float) -> dict[str, Any]:
    like = hidden.release.similarity["published"]
    return {
        "published": str(config.out), "masks": str(config.masks),
        "generator": hidden.generator and str(hidden.generator), "images": len(hidden.release.manifest.images),
        "classes": len(hidden.release.manifest.classes), "chance": hidden.release.manifest.chance,
        "clean_accuracy": hidden.clean.mean, "published_accuracy": hidden.published.mean,
        "published_at_chance": hidden.hidden, "authorized": _allowed(hidden), "mse": like.mse, "ssim": like.ssim,
        "linf": like.linf, "runs": hidden.runs, "train_images": hidden.trained, "recipe": hidden.recipe.to_json(),
        "levels": [
            {"level": one.level, "accuracy": one.found.mean, "low": one.found.interval()[0],
             "high": one.found.interval()[1], "runs": one.found.runs, "strength": one.share,
             "cleaned": one.cleaned, "reachable": one.reachable, "jump": one.jump and [asdict(run) for run in one.jump],
             "price": config.prices.get(one.level),
             "mse": one.similarity.mse if one.similarity else None, "ssim": one.similarity.ssim if one.similarity else None}
            for one in hidden.levels
        ],
        "seconds": round(seconds, 1),
    }  # fmt: skip


def _allowed(hidden: HideResult) -> dict[str, float] | None:
    """What an authorised network learns, where there is one."""
    if hidden.allowed is None:
        return None
    return {"accuracy": hidden.allowed.published.mean, "clean_accuracy": hidden.allowed.clean.mean}


def _coverage(level: LevelResult) -> str:
    """Which classes a level is made of, the first few by name, whole ones first."""
    parts = sorted(level.cleaned.items(), key=lambda part: part[1] < 1)
    names = [name if share == 1 else f"{100 * share:.2g} % of {name}" for name, share in parts]
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f"level {level.level:g} cleans {listed}; other classes stay masked"


def remarks(config: HideConfig, hidden: HideResult) -> list[str]:
    """What the owner must know besides the table."""
    from hideseek_cli.publishing.config import UNMASKS

    secret = " and ".join(str(one) for one in (config.masks, hidden.generator) if one is not None)
    lines = [f"wrote {config.out} (to publish) and {secret} (secret) after {hidden.runs} retrainings"]
    if config.calibration == "stop":
        lines.append("every cleaner holds the published mask itself: take any buyer to be able to reach every level")
    if config.unmask == "classes" and config.calibration == "retrain":
        lines += [_coverage(level) for level in hidden.levels if level.reachable]
    for level in hidden.levels:
        if level.reachable and level.known < level.share:
            within = [other.level for other in hidden.levels if other.reachable and other.share >= level.known > 0]
            lines.append(
                f"who buys level {level.level:g} learns masks of images that it does not clean, and can reach "
                + (f"at least level {max(within):g}" if within else "every level")
            )
    if not hidden.hidden:
        lines.append(
            f"the published folder still trains to {hidden.published.mean:.1f} %, above chance "
            f"({hidden.release.manifest.chance:.1f} %): raise --epsilon or lower --min-ssim"
            + (", or give --robust none for masks that survive no change and may hide better" if config.survived else "")
        )
    if not hidden.taught and hidden.allowed is not None:
        lines.append(
            f"the authorized network loses {hidden.allowed.lost:.1f} points to the masks: it sees some of them where they are "
            "cut off at black and white, or where images are resized"
        )
    if not all(level.reachable for level in hidden.levels) and config.calibration == "retrain":
        other = next(one for one in UNMASKS if one != config.unmask)
        lines.append(f"what was not reached with levels of {config.unmask} may be with --unmask {other}")
    for level in hidden.levels:
        if not level.reachable:
            lines.append(
                f"level {level.level:g} was not reached and not written; the nearest found is {level.found.mean:.1f} %"
            )
        if level.jump is not None:
            above, below = level.jump
            lines.append(
                f"between {100 * above.share:.4g} and {100 * below.share:.4g} % of the images masked, accuracy jumps from "
                f"{above.accuracy:.1f} to {below.accuracy:.1f} %: levels between may not exist here"
            )
    return lines
