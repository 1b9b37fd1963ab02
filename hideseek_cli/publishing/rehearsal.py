"""Before anything is published one image of every level goes the buyer's way: through the file of its cleaner and ``seek``'s
own code. A release that no cleaner can clean would be found out by those who paid for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, islice, repeat

from hideseek_cli.cleaning.batches import Done, Job, clean_batch
from hideseek_cli.errors import InputError
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.index import Key
from hideseek_cli.images.output_format import OutputFormat
from hideseek_cli.runtime.atomic import StagedFolder


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """An image of a level, and what should come of it."""

    number: int
    key: Key
    published: str
    """Its digest as it is published."""
    cleaned: str
    """Its digest at the level."""
    corrections: int
    """What clipping lost of it, in values."""


def rehearse(stage: StagedFolder, output_format: OutputFormat, masks: MaskFile, images: Mapping[str, Rehearsed]) -> None:
    """Clean an image of each level. Raises ValueError where that does not give what the level is."""
    for level, one in images.items():
        path = stage.reserve_path()
        masks.make_cleaner(level).save(path)
        cleaner = Cleaner.load(path)
        path.unlink()
        source = output_format.find(stage.stage, (one.key, one.published), one.number)
        if source is None:
            raise ValueError(f"{'/'.join(one.key)} was written and is not there")
        lost = next(islice(cleaner.residuals.parts(chain(repeat(None, one.number), [one.corrections])), one.number, None))
        job = Job(one.number, one.key, one.published, source, None)
        found: Done | str
        try:
            (found,) = clean_batch(cleaner, output_format, lambda *cleaned: None, [(job, lost)])
        except InputError as error:
            found = str(error)
        if isinstance(found, str) or found[1] != one.cleaned:
            raise ValueError(f"{'/'.join(one.key)} does not come back at level {level}: {found}")
