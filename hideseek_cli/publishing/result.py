"""What ``hide`` found and wrote: as a table, as a document and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.errors import count
from hideseek_cli.images.folder_comparison import Comparison, describe_visibility, show_visibility
from hideseek_cli.publishing.accuracy_curve import Evaluation
from hideseek_cli.publishing.attempts import AttemptOutcome, describe_choice, describe_tries
from hideseek_cli.publishing.config import UNMASKS, HideConfig
from hideseek_cli.publishing.level_result import LevelResult
from hideseek_cli.publishing.mask_selection import AuthorizedResult
from hideseek_cli.publishing.release import Release
from hideseek_cli.publishing.remedies import Remedy, describe_remedies
from hideseek_cli.publishing.robustness import describe_outlived
from hideseek_cli.publishing.strength import Strength
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.tables import format_table
from hideseek_cli.training.accuracy_stats import Estimate

LOST = 5.0
"""Points that masks may cost an authorised network."""
STRONGER = {
    "ssim": "a lower `min_ssim`, which keeps masks from being stronger",
    "visibility": "a higher `max_visibility`, which keeps masks from being stronger",
    "strongest": "a higher `epsilon`; neither a lower `min_ssim` nor a higher `max_visibility` would change anything",
}
"""What to change, by the limit that binds (``publishing.strength.BOUNDS``)."""


@dataclass(frozen=True, kw_only=True)
class HideResult:
    """What ``hide`` found and wrote. Printed, it is a table of all levels and what the owner must know besides."""

    config: HideConfig
    release: Release
    clean: Estimate
    published: Estimate
    hidden: bool
    """Whether the published folder trains to chance."""
    attempts: tuple[AttemptOutcome, ...]
    """At masks that hide, in their order; the published ones are of that which left least."""
    remedies: tuple[Remedy, ...]
    """Values that were tried where it does not, in their order; the last may."""
    outlives: dict[str, float]
    """Accuracy in percent that the published folder trains to after each change; none where none was tried."""
    allowed: AuthorizedResult | None
    """What an authorised network learns, where there is one."""
    levels: tuple[LevelResult, ...]
    curve: tuple[Evaluation, ...]
    """What calibration measured: accuracies of single retrainings, by the share of images that carry the published mask."""
    strength: Strength
    """Of the published mask: a factor of its patterns."""
    visibility_limit: float
    """What the eye was allowed to see of it, on average (FLIP)."""
    runs: int
    """Retrainings that were made."""
    trained: int
    """Images that masks and networks were trained on."""
    recipe: Recipe
    generator: Path | None
    """What makes noise for other images, a secret file; None where the method cannot."""
    seconds: float
    """That ``hide`` took."""

    @property
    def complete(self) -> bool:
        """Whether every level was reached and the published folder hides, but not from whom it should not."""
        return self.hidden and self.taught and all(level.reachable for level in self.levels)

    @property
    def verdict(self) -> str:
        """What all came to, in a line of words."""
        chance = self.release.manifest.chance
        lines = [
            f"{'Hidden' if self.hidden else 'Not hidden'}: a network learns {self.published.mean:.1f} % from it, chance is "
            f"{chance:.1f}"
        ]
        for some, words in (
            ([one for one in self.levels if one.product], ("holds", "hold")),
            ([one for one in self.levels if one.overlap is not None], ("is no product", "are no products")),
            ([one for one in self.levels if not one.reachable], ("was not reached", "were not reached")),
        ):
            if some:
                names = ", ".join(one.name for one in some)
                lines.append(f"{count(len(some), 'level')} {words[len(some) > 1]}: {names}")
        return ". ".join(lines)

    @property
    def taught(self) -> bool:
        """Whether an authorised network learns what it would from clean images."""
        return self.allowed is None or self.allowed.lost <= LOST

    def to_json(self) -> dict[str, Any]:
        """Accuracies in percent, ``linf`` in grey levels, MSE and SSIM of images scaled to 0..1, visibility 0 to 1; ``limit``:
        which limit keeps masks from being stronger (``publishing.strength.BOUNDS``); ``curve`` ends with what is published."""
        manifest, like, allowed = self.release.manifest, self.release.similarity["published"], self.allowed
        return {
            "verdict": self.verdict, "release": manifest.release, "published": str(self.config.out),
            "masks": str(self.config.masks),
            "generator": self.generator and str(self.generator), "sheet": str(self.config.sheet),
            "images": len(manifest.images), "classes": len(manifest.classes), "chance": manifest.chance,
            "clean_accuracy": self.clean.mean, "published_accuracy": self.published.mean, "published_at_chance": self.hidden,
            "attempts": [one.to_json() for one in self.attempts], "outlives": self.outlives,
            "remedies": [one.to_json() for one in self.remedies],
            "authorized": allowed and {"accuracy": allowed.published.mean, "clean_accuracy": allowed.clean.mean},
            "mse": like.mse, "ssim": like.ssim, "linf": like.linf, "visibility": like.visibility,
            "visibility_limit": self.visibility_limit, "limit": self.strength.bound, "runs": self.runs,
            "train_images": self.trained, "recipe": self.recipe.to_json(),
            "levels": [
                one.to_json(strength=self.strength.value, price=self.config.prices.get(one.level)) for one in self.levels
            ],
            "curve": [{**asdict(one), "runs": 1} for one in self.curve]
            + [{"share": 1.0, "accuracy": self.published.mean, "runs": self.published.runs}],
            "seconds": round(self.seconds, 1),
        }  # fmt: skip

    def rows(self) -> list[dict[str, str]]:
        """A row for what is published, for each level and for the clean images."""
        rows = [_row("published", self.published, self.release.similarity["published"])]
        if self.allowed is not None:
            rows.append(_row("published, authorized network", self.allowed.published))
        for one in self.levels:
            name = one.name if one.reachable else f"{one.name} (not reached)"
            rows.append(_row(name, one.found, one.similarity, self.config.prices.get(one.level)))
        rows.append(_row("clean", self.clean))
        if self.allowed is not None:
            rows.append(_row("clean, authorized network", self.allowed.clean))
        return rows

    def remarks(self) -> list[str]:
        """What the owner must know besides the table."""
        files = ", ".join(str(one) for one in (self.config.masks, self.generator) if one is not None)
        secret = f"{files} and {self.config.sheet} (secret)"
        lines = [self.verdict, f"wrote {self.config.out} (to publish) and {secret} after {count(self.runs, 'retraining')}"]
        lines.append(self._describe_looks())
        return lines + self._remarks_on_buyers() + self._remarks_on_hiding() + self._remarks_on_levels()

    def _describe_looks(self) -> str:
        """How visible masks are, beside how visible they may be, and what keeps them from being stronger."""
        how = describe_visibility(self.release.similarity["published"].judged)
        source = ", what a JPEG of quality 75 has" if self.config.max_visibility is None else ""
        allowed = f"at most {self.visibility_limit:.4f}{source}" if self.visibility_limit < 1 else "without a limit"
        return f"visibility: {how}; {allowed}; masks are as strong as {self.strength.described} allows"

    def _remarks_on_buyers(self) -> list[str]:
        """What each gets, and what they can reach beyond it."""
        lines = []
        reached = [one for one in self.levels if one.reachable]
        if self.config.calibration == "stop":
            lines.append("every cleaner holds the published mask itself: take any buyer to be able to reach every level")
        elif self.config.unmask == "classes":
            lines += [one.describe_cleaned(len(self.release.manifest.classes)) for one in reached]
        for one in reached:
            if one.known < one.masked_share:
                within = [other.level for other in reached if other.masked_share >= one.known > 0]
                lines.append(
                    f"who buys level {one.name} learns masks of images that it does not clean, and can reach "
                    + (f"at least level {max(within):g}" if within else "every level")
                )
        return lines

    def _remarks_on_hiding(self) -> list[str]:
        """Whether the published folder still teaches, and teaches whom it should."""
        lines = describe_choice(self.attempts)
        if not self.hidden:
            lines.append(
                f"the published folder still trains to {self.published.mean:.1f} %, above chance "
                f"({self.release.manifest.chance:.1f} %), though {describe_tries(self.attempts)}"
            )
            lines.append(
                describe_remedies(self.remedies) if self.remedies else
                f"what would hide it was not tried, such as {STRONGER[self.strength.bound]}"
            )  # fmt: skip
        lines += describe_outlived(self.outlives, self.clean.mean)
        if not self.taught and self.allowed is not None:
            lines.append(
                f"the authorized network loses {self.allowed.lost:.1f} points to the masks: it sees some of them where they "
                "are cut off at black and white, or where images are resized"
            )
        return lines

    def _remarks_on_levels(self) -> list[str]:
        """What was not reached, and what may reach it."""
        offered = self.config.offer_anyway
        lines = [line for one in self.levels for line in (*one.describe_miss(), *one.describe_overlap(offered=offered))]
        if not all(one.reachable for one in self.levels) and self.config.calibration == "retrain":
            other = next(one for one in UNMASKS if one != self.config.unmask)
            lines.append(f"what was not reached with levels of {self.config.unmask} may be with `unmask='{other}'`")
        return lines

    def __str__(self) -> str:
        return "\n".join([format_table(self.rows()), "", *self.remarks()])


def _row(level: str, found: Estimate, like: Comparison | None = None, price: float | None = None) -> dict[str, str]:
    low, high = found.interval()
    return {
        "level": level, "price": "" if price is None else f"{price:g}", "accuracy %": f"{found.mean:.1f}",
        "95 % interval": f"{low:.1f} to {high:.1f}", "runs": str(found.runs),
        "MSE": f"{like.mse:.2e}" if like else "", "SSIM": f"{like.ssim:.4f}" if like else "",
        "visibility": show_visibility(like.visibility if like else None),
    }  # fmt: skip
