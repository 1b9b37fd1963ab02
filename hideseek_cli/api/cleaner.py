"""``hs.make_cleaner``: the small file that the buyer of a level gets. Imports no PyTorch."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hideseek_cli.formats.container import hold_file
from hideseek_cli.formats.levels import CLEAN, spell_level
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.runtime.exposure import describe_exposure
from hideseek_cli.runtime.fields import as_path


@dataclass(frozen=True, kw_only=True)
class CleanerFile:
    """A cleaner that was written."""

    level: str
    path: Path
    bytes: int
    remarks: tuple[str, ...] = ()
    """What may be regretted later."""

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "path": str(self.path)}

    def __str__(self) -> str:
        return f"{self.path}: {self.bytes} bytes for the buyer of level {self.level} alone"


def make_cleaner(
    masks: str | Path, level: float | str, *, out: str | Path | None = None, overwrite: bool = False
) -> CleanerFile:
    """Make the cleaner of a level: c_k = m_k - m_kmax (Hide-and-Seek, Equation 5), and what clipping lost.

    Args:
        masks: The secret mask file that ``hide`` wrote.
        level: As it was sold, in percent, or ``clean``.
        out: Where to write; ``cleaner_k50.safetensors`` for level 50 unless given.
        overwrite: Replace a cleaner that is there.

    Raises:
        InputError: The mask file has no such level, or something else lies there.
    """
    name = spell_level(level)
    place = Path(file_name(name)) if out is None else as_path(out)
    return _make(MaskFile.load(as_path(masks)), as_path(masks), {name: place}, overwrite)[0]


def make_cleaners(masks: str | Path, *, out: str | Path = ".", overwrite: bool = False) -> tuple[CleanerFile, ...]:
    """The cleaner of every level, the clean one included, below the folder ``out``; otherwise as ``make_cleaner``."""
    file = MaskFile.load(as_path(masks))
    places = {tier.level: as_path(out) / file_name(tier.level) for tier in file.tiers}
    return _make(file, as_path(masks), places, overwrite)


def _make(file: MaskFile, masks: Path, places: dict[str, Path], overwrite: bool) -> tuple[CleanerFile, ...]:
    """Nothing is written unless all can be. ``masks``: where the mask file lies."""
    remarks = describe_exposure(masks, "mask file")
    cleaners = [file.make_cleaner(level) for level in places]
    with ExitStack() as held:
        for place in places.values():
            held.enter_context(hold_file(place, "cleaner", overwrite))
        return tuple(
            CleanerFile(level=one.level, path=place, bytes=one.save(place), remarks=remarks)
            for one, place in zip(cleaners, places.values(), strict=True)
        )


def file_name(level: str) -> str:
    """Of a level's cleaner.

    >>> file_name("50"), file_name("clean")
    ('cleaner_k50.safetensors', 'cleaner_clean.safetensors')
    """
    return f"cleaner_{level}.safetensors" if level == CLEAN else f"cleaner_k{level}.safetensors"
