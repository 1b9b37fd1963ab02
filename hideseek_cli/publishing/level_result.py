"""What ``hide`` found for one level: in figures and in words."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from hideseek_cli.images.folder_comparison import Comparison
from hideseek_cli.publishing.accuracy_curve import Evaluation
from hideseek_cli.training.accuracy_stats import Estimate


@dataclass(frozen=True, kw_only=True)
class LevelResult:
    """What became of one level."""

    level: float
    """Test accuracy that was to be reached, in percent."""
    masked_share: float
    """Of the images, those that carry the published mask: 0 (clean) to 1 (published)."""
    cleaned: dict[str, float]
    """Of each class that has images without a mask, their share; none where levels have masks of their own."""
    known: float
    """The masked share that is left where a buyer takes off every mask of which the cleaner holds the pattern."""
    found: Estimate
    reachable: bool
    similarity: Comparison | None
    """None where the level was not reached and so not written."""
    jump: tuple[Evaluation, Evaluation] | None
    """Where it was not reached, between what runs accuracy jumps over it, if it was seen to."""

    overlap: str | None = None
    """Where it was reached and cannot be told from what lies below it: that, in words."""

    @property
    def product(self) -> bool:
        """Whether it gives a buyer more than what lies below it, as far as was measured."""
        return self.reachable and self.overlap is None

    @property
    def name(self) -> str:
        """``50``."""
        return f"{self.level:g}"

    def to_json(self, *, strength: float, price: float | None) -> dict[str, Any]:
        """``strength``: of the published mask; ``price``: of this level."""
        low, high = self.found.interval()
        like = self.similarity
        return {
            "level": self.level, "accuracy": self.found.mean, "low": low, "high": high, "runs": self.found.runs,
            "strength": strength, "masked_share": self.masked_share, "cleaned": self.cleaned, "reachable": self.reachable,
            "product": self.product,
            "jump": self.jump and [asdict(run) for run in self.jump], "price": price,
            "mse": like.mse if like else None, "ssim": like.ssim if like else None,
            "visibility": like.visibility if like else None,
        }  # fmt: skip

    def describe_cleaned(self, classes: int) -> str:
        """Which of so many classes lose their masks, whole ones first."""
        parts = sorted(self.cleaned.items(), key=lambda part: part[1] < 1)
        names = [name if share == 1 else f"{100 * share:.2g} % of {name}" for name, share in parts]
        left = "other classes stay masked" if len(names) < classes else "their other images stay masked"
        whole = sum(share == 1 for share in self.cleaned.values()) == classes
        return f"level {self.name} cleans {', '.join(names)}{'' if whole else f'; {left}'}"

    def describe_overlap(self, *, offered: bool) -> list[str]:
        """Why it is no product, and what became of its offer; nothing where it is one, or was not reached."""
        if self.overlap is None:
            return []
        offer = "it is offered all the same (`offer_anyway`)" if offered else (
            "it is not offered (`offer_anyway=True` would), though its cleaner can be made"
        )  # fmt: skip
        return [f"{self.overlap}, so it is no product: {offer}"]

    def describe_miss(self) -> list[str]:
        """Why it was not reached; nothing where it was."""
        lines = [] if self.reachable else [
            f"level {self.name} was not reached and not written; the nearest found is {self.found.mean:.1f} %"
        ]  # fmt: skip
        if self.jump is not None:
            above, below = self.jump
            lines.append(
                f"between {100 * above.share:.4g} and {100 * below.share:.4g} % of the images masked, accuracy jumps from "
                f"{above.accuracy:.1f} to {below.accuracy:.1f} %: levels between may not exist here"
            )
        return lines
