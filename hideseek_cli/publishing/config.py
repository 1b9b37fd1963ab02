"""What an owner asks of ``hide``, checked before an image is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError, count, unknown
from hideseek_cli.formats.levels import spell_level
from hideseek_cli.images.layout import READINGS
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.images.siblings import AUTO, COLUMN, check_groups
from hideseek_cli.masks.arithmetic import MAX_EPSILON
from hideseek_cli.methods import Authorizing, Method
from hideseek_cli.methods.emn import REDUCED, ClassWise
from hideseek_cli.publishing.budget import USUAL_ATTEMPTS, RunBudget
from hideseek_cli.publishing.looks import USUAL
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.exposure import describe_exposure
from hideseek_cli.runtime.fields import PATH, Names, Number, Numbers, Place, Prices, at_least, between, one_of, settle, within
from hideseek_cli.runtime.places import refuse_inside
from hideseek_cli.training.accuracy_stats import POINTS
from hideseek_cli.training.transforms import ROBUST

MOST_PATTERNS = 64
UNMASKS = ("classes", "images")


def sort_levels(levels: Any) -> tuple[float, ...]:
    """Raises InputError where they are no numbers."""
    try:
        return tuple(sorted(map(float, levels)))
    except (TypeError, ValueError) as error:
        raise InputError(f"`levels` {levels!r} is not a list of percentages, such as 30, 50 and 70") from error


def _check_levels(name: str, levels: tuple[float, ...]) -> None:
    for level in levels:
        if not 0 < level < 100:
            raise InputError(f"level {level:g} is out of range: a level is a test accuracy between 0 and 100 percent")
        spell_level(level)
    if len(set(levels)) < len(levels):
        raise InputError(f"a level is given twice in {_join(levels)}; give each once")


def _copy_prices(prices: Any) -> dict[float, float]:
    try:
        return {float(level): float(price) for level, price in dict(prices).items()}
    except (TypeError, ValueError) as error:
        raise InputError(f"`prices` {prices!r} does not say a price for each level") from error


def _check_prices(name: str, prices: dict[float, float]) -> None:
    if any(not 0 <= price < float("inf") for price in prices.values()):
        raise InputError("a price must be a number of at least 0")


def _check_changes(name: str, changes: tuple[str, ...]) -> None:
    for change in changes:
        if change not in ROBUST:
            raise unknown(f"change in `{name}`", change, ROBUST)


@dataclass(frozen=True, kw_only=True)
class HideConfig:
    """What the owner asks for. Paths may be given as text, levels in any order."""

    data: Place = field(metadata=PATH)
    levels: Numbers = field(metadata={"become": sort_levels, "check": _check_levels})
    """Test accuracies to sell, in percent; none where the clean images alone are sold."""
    out: Place = field(metadata=PATH)
    masks: Place = field(metadata=PATH)
    recipe: Recipe
    """As chosen; it is fitted to the number of images."""
    prices: Prices = field(default_factory=dict, metadata={"become": _copy_prices, "check": _check_prices})
    epsilon: int = field(default=USUAL.epsilon, metadata=between(1, MAX_EPSILON, "grey levels"))
    """Most that a pixel may move."""
    placement: str = field(default="fixed", metadata=one_of("fixed", "keyed"))
    patterns: int = field(default=1, metadata=between(1, MOST_PATTERNS))
    """Patterns a class in each layer of images; one is the paper's."""
    robust: Names | None = field(default=None, metadata={"become": tuple, "check": _check_changes})
    """Changes that masks must survive, whether they hide or not: names of ``training.transforms.ROBUST``; of none of them: the
    paper's plain masks. None: ``preferred``."""
    preferred: Names = field(default=(), metadata={"become": tuple, "check": _check_changes})
    """Changes that masks are trained to survive as long as they hide all the same: the look's (``publishing.looks``)."""
    unmask: str = field(default="classes", metadata=one_of(*UNMASKS))
    """What loses its mask in turn as levels rise: ``classes``, or ``images`` of all classes alike."""
    min_ssim: Number = field(default=USUAL.min_ssim, metadata=within(lambda ssim: 0 <= ssim < 1, "at least 0 and below 1"))
    """Mean SSIM that the published folder keeps."""
    max_visibility: Number | None = field(default=None, metadata=within(lambda seen: 0 < seen <= 1, "above 0 and at most 1"))
    """What the eye may see of masks on average (FLIP). None: as much as of a JPEG of quality 75."""
    calibration: str = field(default="retrain", metadata=one_of("retrain", "stop"))
    """How levels are found: by retraining, or by the stopping rule of the paper's Algorithm 1."""
    method: Method = field(default_factory=ClassWise)
    size: int | None = field(default=None, metadata=between(8, 1024, "pixels"))
    """Side to which images are brought for training; None: what fits them."""
    train_images: int | None = field(default=None, metadata=at_least(1, "trains on none; give at least 4 for each class"))
    """Most images that masks and networks are trained on; the others are published all the same. None: as many as take
    ``publishing.loading.HELD`` bytes."""
    labels: Place | None = field(default=None, metadata=PATH)
    """Table ``name,class`` of a flat folder."""
    groups: str = field(default=AUTO, metadata={"check": check_groups})
    """What is withheld together, and loses its masks together, as of ``images.siblings``."""
    split: str = field(default="auto", metadata=one_of(*READINGS))
    """Whether folders that are named as parts of a data set are parts, as of ``images.layout``."""
    key_file: Place | None = field(default=None, metadata=PATH)
    """32 secret bytes in place of fresh ones."""
    output_format: OutputFormat = PNG_FILES
    """How the published images are to lie."""
    seed: int = 0
    """Of all training; decides nothing secret."""
    threads: int = field(default=1, metadata=at_least(1, "cannot train; give at least 1"))
    """Processor threads of each retraining; as many stand side by side as there are cores for."""
    max_runs: int | None = None
    """Retrainings that may be made; None: as many as ``publishing.budget`` says."""
    tolerance: Number = field(default=2.5, metadata=POINTS)
    """Points by which calibration may miss a level."""
    card: bool = False
    """Whether a card for data-set hubs lies beside the images."""
    offer_anyway: bool = False
    """Whether levels that cannot be told from what lies below them are offered all the same."""
    overwrite: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        """Raises InputError for whatever can be refused before an image is read."""
        settle(self)
        for contradiction in self._list_contradictions():
            raise InputError(contradiction)
        for path in (self.out, self.masks):
            refuse_inside(path, self.data)

    def _list_contradictions(self) -> Iterator[str]:
        """Where two arguments, each right by itself, do not go together."""
        for level in sorted(set(self.prices) - set(self.levels)):
            yield f"`prices` names level {level:g}, which is not among the levels {_join(self.levels)}"
        if self.labels is not None and self.split != "auto":
            yield "`split` is for folders of parts or classes, and `labels` for a flat one; leave one of them out"
        if self.labels is None and self.groups.startswith(COLUMN):
            yield f"`groups={self.groups!r}` is a column of the table of a flat folder: give that as `labels`"
        if self.calibration == "stop":
            if self.patterns > 1:
                yield "`calibration='stop'` is Algorithm 1 of the paper: it has one pattern a class; leave `patterns` out"
            if not (isinstance(self.method, ClassWise) and self.method.schedule == "alternating"):
                yield "`calibration='stop'` is Algorithm 1 of the paper: it needs class-wise emn by `schedule='alternating'`"
            if not self.levels:
                yield "`calibration='stop'` trains masks of levels: give some as `levels`"
        if self.method.scope == "sample" and self.patterns > 1:
            yield "`patterns` is for patterns that a class shares; every image has its own here, leave it out"
        if self.method.scope == "sample" and self.placement != "fixed":
            yield "`placement='keyed'` is for patterns that a class shares; every image has its own here, leave it out"
        if isinstance(self.method, Authorizing) and self.placement != "fixed":
            yield (
                "`placement='keyed'` does not apply to `method='uge'`: an authorized network would see masks where their "
                "shifts come round; leave it out"
            )
        if self.robust and not self.method.changeable:
            yield f"`robust` does not apply to `method='{self.method.name}'`: it is not trained through changes"
        if self.budget.most < self.budget.fewest:
            levels = count(len(self.levels), "level")
            yield f"`max_runs` {self.max_runs} is too few for {levels}; give at least {self.budget.fewest}"
        if self.masks.resolve() in (self.out.resolve(), *self.out.resolve().parents):
            yield f"{self.masks} cannot be the mask file and hold the folder {self.out}; choose another `masks`"
        if self.out.resolve() in self.masks.resolve().parents:
            yield f"{self.masks}, which is secret, would lie inside {self.out}, which is published; choose another `masks`"

    @property
    def survived(self) -> tuple[str, ...]:
        """What masks are trained to survive."""
        return self.preferred if self.robust is None else self.robust

    @property
    def budget(self) -> RunBudget:
        """Retrainings that may be made. Plain masks may follow those that are only preferred to outlive something, then masks
        whose pattern levels share; with an authorized network, masks of another network come first; after those of JPEGs
        those of pixels."""
        plain = len(REDUCED) if self.survived and self.robust is None else 0
        shared = bool(self.levels) and self.method.scope == "class" and self.calibration == "retrain"
        authorized = isinstance(self.method, Authorizing)
        again = USUAL_ATTEMPTS if self.output_format.keeps_jpeg else 0
        return RunBudget(
            levels=len(self.levels),
            authorized=authorized,
            further_attempts=plain + shared + authorized + again,
            max_runs=self.max_runs,
        )

    @property
    def generator(self) -> Path:
        """Where what makes noise for other images is written, of a method that has such; secret."""
        return self.masks.parent / f"{self.masks.stem}.generator{self.masks.suffix}"

    @property
    def sheet(self) -> Path:
        """Where the owner sees what was done to the images; secret."""
        return self.masks.parent / f"{self.masks.stem}.sheet.png"

    @property
    def journal(self) -> Path:
        """Where finished work is remembered until the run is complete."""
        return self.masks.parent / f".{self.masks.name}.journal"

    def bargains(self) -> list[str]:
        """Prices by which a buyer gets more for less, in words.

        Cleaners of nested layers give together what the dearest of them gives; where calibration is ``stop`` every cleaner
        holds the published mask.
        """
        ranked = sorted(self.prices.items())
        found = [
            f"level {high:g} costs {price:g}, no more than level {low:g} ({paid:g})"
            for (low, paid), (high, price) in pairwise(ranked)
            if price <= paid
        ]
        if self.calibration == "stop" and len(ranked) > 2:
            (one, first), (other, second), *_ = sorted(ranked, key=lambda pair: pair[1])
            dearest, price = max(ranked, key=lambda pair: pair[1])
            if first + second < price:
                found.append(
                    f"levels {one:g} and {other:g} together cost {first + second:g}, less than level {dearest:g} ({price:g}), "
                    "and from any cleaner a buyer can work out every level"
                )
        return found

    def remarks(self) -> list[str]:
        """What may be regretted later, in words."""
        exposed = () if self.key_file is None else describe_exposure(self.key_file, "key file")
        return [*exposed, *(f"prices: {bargain}" for bargain in self.bargains())]

    def binding(self) -> dict[str, Any]:
        """What a resumed run must share, by the names of the public API's arguments."""
        kept = asdict(self)
        for name in ("overwrite", "resume", "prices", "offer_anyway", "output_format", "out", "card"):
            del kept[name]
        preferred = kept.pop("preferred")
        kept["look"] = preferred if self.robust is None else ()
        method, files = kept.pop("method"), self.output_format
        kept |= {"method": self.method.name, "scope": self.method.scope, **method}
        kept |= {"image_format": files.chosen, "shards": files.shard, "keep_exif": files.exif}
        return {name: str(value) if isinstance(value, Path) else value for name, value in kept.items()}


def _join(levels: tuple[float, ...]) -> str:
    return ",".join(f"{level:g}" for level in levels)
