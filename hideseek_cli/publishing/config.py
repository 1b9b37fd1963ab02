"""What an owner asks of ``hide``, checked before an image is read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from hideseek_cli.errors import InputError
from hideseek_cli.images.output_format import PNG_FILES, OutputFormat
from hideseek_cli.masks.arithmetic import MAX_EPSILON
from hideseek_cli.methods import Authorizing, Method
from hideseek_cli.methods.emn import ClassWise
from hideseek_cli.recipe import Recipe
from hideseek_cli.runtime.atomic import refuse_inside
from hideseek_cli.training.accuracy_stats import check_tolerance
from hideseek_cli.training.transforms import ROBUST

CLEAN_RUNS, HALF_RUNS, PUBLISHED_RUNS, FEWEST_RUNS = 2, 1, 2, 2
"""Retrainings of the clean folder, of half of it, of what may be published, and the fewest for a level."""
MOST_PATTERNS = 64
PLACEMENTS = ("fixed", "keyed")
CALIBRATIONS = ("retrain", "stop")
UNMASKS = ("classes", "images")


@dataclass(frozen=True, kw_only=True)
class HideConfig:
    """What the owner asks for."""

    data: Path
    levels: tuple[float, ...]
    """Test accuracies to sell, in percent; none where the clean images alone are sold."""
    out: Path
    masks: Path
    recipe: Recipe
    """As chosen; it is fitted to the number of images."""
    prices: dict[float, float] = field(default_factory=dict)
    epsilon: int = 8
    placement: str = "fixed"
    patterns: int = 1
    """Patterns a class in each layer of images; one is the paper's."""
    robust: tuple[str, ...] | None = None
    """Changes that masks are trained to survive: names of ``training.transforms.ROBUST``; of none of them: the paper's plain
    masks. None: those that the method is for."""
    unmask: str = "classes"
    """What loses its mask in turn as levels rise: ``classes``, or ``images`` of all classes alike."""
    min_ssim: float = 0.985
    calibration: str = "retrain"
    method: Method = field(default_factory=ClassWise)
    size: int | None = None
    train_images: int | None = None
    """Most images that masks and networks are trained on; the others are published all the same. None: as many as take
    ``publishing.loading.HELD`` bytes."""
    table: Path | None = None
    key_file: Path | None = None
    output_format: OutputFormat = PNG_FILES
    """How the published images are to lie."""
    seed: int = 0
    threads: int = 1
    """Processor threads of each retraining; as many stand side by side as there are cores for."""
    max_runs: int | None = None
    tolerance: float = 5.0
    overwrite: bool = False
    resume: bool = False

    def __post_init__(self) -> None:
        """Raises InputError for whatever can be refused before an image is read."""
        if len(set(self.levels)) < len(self.levels):
            raise InputError(f"a level is given twice in {_join(self.levels)}; give each once")
        for level in self.levels:
            if not 0 < level < 100:
                raise InputError(f"level {level:g} is out of range: a level is a test accuracy between 0 and 100 percent")
        strange = sorted(set(self.prices) - set(self.levels))
        if strange:
            raise InputError(f"--prices names level {strange[0]:g}, which is not among the levels {_join(self.levels)}")
        if any(not 0 <= price < float("inf") for price in self.prices.values()):
            raise InputError("a price must be a number of at least 0")
        check_tolerance(self.tolerance)
        if not 1 <= self.epsilon <= MAX_EPSILON:
            raise InputError(f"--epsilon {self.epsilon} is out of range: 1 to {MAX_EPSILON} grey levels")
        if self.placement not in PLACEMENTS or self.calibration not in CALIBRATIONS:
            raise InputError(f"--placement is {' or '.join(PLACEMENTS)}, --calibration {' or '.join(CALIBRATIONS)}")
        if not 1 <= self.patterns <= MOST_PATTERNS:
            raise InputError(f"--patterns {self.patterns} is out of range: 1 to {MOST_PATTERNS}")
        if self.patterns > 1 and self.calibration == "stop":
            raise InputError("--calibration stop is Algorithm 1 of the paper: it has one pattern a class; leave --patterns out")
        unknown = [name for name in self.survived if name not in ROBUST]
        if unknown:
            raise InputError(f"--robust {unknown[0]!r} is unknown: choose of {','.join(ROBUST)}")
        if self.unmask not in UNMASKS:
            raise InputError(f"--unmask {self.unmask!r} is unknown: give {' or '.join(UNMASKS)}")
        if self.calibration == "stop" and not (isinstance(self.method, ClassWise) and self.method.schedule == "alternating"):
            raise InputError(
                "--calibration stop is Algorithm 1 of the paper: it needs class-wise emn by --schedule alternating"
            )
        if self.calibration == "stop" and not self.levels:
            raise InputError("--calibration stop trains masks of levels: give some, such as --levels 30,50,70")
        if self.method.scope == "sample" and (self.placement != "fixed" or self.patterns > 1):
            option = "--patterns" if self.patterns > 1 else "--placement keyed"
            raise InputError(f"{option} is for patterns that a class shares; every image has its own here, leave it out")
        if isinstance(self.method, Authorizing) and self.placement != "fixed":
            raise InputError(
                "--placement keyed does not apply to --method uge: an authorized network would see masks where their shifts "
                "come round; leave it out"
            )
        if self.robust and not self.method.changeable:
            raise InputError(f"--robust does not apply to --method {self.method.name}: it is not trained through changes")
        if not 0 <= self.min_ssim < 1:
            raise InputError(f"--min-ssim {self.min_ssim} is out of range: at least 0 and below 1")
        if self.size is not None and not 8 <= self.size <= 1024:
            raise InputError(f"--size {self.size} is out of range: 8 to 1024 pixels")
        if self.train_images is not None and self.train_images < 1:
            raise InputError(f"--train-images {self.train_images} trains on none; give at least 4 for each class")
        if self.runs < self.fewest:
            raise InputError(
                f"--max-runs {self.max_runs} is too few for {len(self.levels)} levels; give at least {self.fewest}"
            )
        if self.threads < 1:
            raise InputError(f"{self.threads} threads cannot train; give at least 1")
        for path in (self.out, self.masks):
            refuse_inside(path, self.data)
        if self.out.resolve() in self.masks.resolve().parents:
            raise InputError(
                f"{self.masks}, which is secret, would lie inside {self.out}, which is published; choose another --masks"
            )

    @property
    def survived(self) -> tuple[str, ...]:
        """What masks are trained to survive."""
        return self.method.robust if self.robust is None else self.robust

    @property
    def runs(self) -> int:
        """Retrainings that may be made."""
        usual = 8 + 7 * len(self.levels) + self._authorized_runs
        return self.max_runs if self.max_runs is not None else max(self.fewest, usual)

    @property
    def fewest(self) -> int:
        """Retrainings that it takes at least."""
        return CLEAN_RUNS + HALF_RUNS + 4 * PUBLISHED_RUNS + FEWEST_RUNS * len(self.levels) + self._authorized_runs

    @property
    def _authorized_runs(self) -> int:
        return CLEAN_RUNS + PUBLISHED_RUNS if isinstance(self.method, Authorizing) else 0

    @property
    def generator(self) -> Path:
        """Where what makes noise for other images is written, of a method that has such; secret."""
        return self.masks.with_name(f"{self.masks.stem}.generator{self.masks.suffix}")

    @property
    def journal(self) -> Path:
        """Where finished work is remembered until the run is complete."""
        return self.masks.with_name(f".{self.masks.name}.journal")

    def bargains(self) -> list[str]:
        """Prices by which a buyer gets more for less, in words.

        Cleaners of nested layers give together what the dearest of them gives; by ``--calibration stop`` every cleaner
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

    def binding(self) -> dict[str, Any]:
        """What a resumed run must share, by the names of the public API's arguments."""
        kept = asdict(self)
        for name in ("overwrite", "resume", "prices", "output_format", "table"):
            del kept[name]
        method, files = kept.pop("method"), self.output_format
        kept |= {"method": self.method.name, "scope": self.method.scope, **method, "labels": self.table}
        kept |= {"image_format": files.encoding, "shards": files.shard, "keep_exif": files.exif}
        return {name: str(value) if isinstance(value, Path) else value for name, value in kept.items()}


def _join(levels: tuple[float, ...]) -> str:
    return ",".join(f"{level:g}" for level in levels)
