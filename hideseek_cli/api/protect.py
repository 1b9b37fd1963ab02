"""``hs.protect``: noise for new images, labelled or not, in one forward pass each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hideseek_cli.api.machine import choose_device, open_progress, open_workers
from hideseek_cli.images.layout import require_folder
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress

if TYPE_CHECKING:
    from hideseek_cli.publishing.protect import ProtectResult


def protect(
    data: str | Path, generator: str | Path, *, out: str | Path = "protected", image_format: str = "png",
    keep_exif: bool = False, device: str = "auto", threads: int = 1, workers: int = 0, progress: bool | Progress = True,
) -> ProtectResult:  # fmt: skip
    """Write all images below a folder with noise, under their names (ConfounderGAN, out-of-distribution encryption).

    The same generator gives the same bytes.

    Args:
        data: New images, labelled or not, whatever lies where.
        generator: The secret file that ``hide(method="confounder")`` left.
        out: Where to write. It must not exist: by their names alone protected images cannot be told from originals.
        image_format: ``png`` or ``webp`` (lossless).
        keep_exif: Publish where, when and how images were taken.
        device, threads, workers, progress: As of ``hs.verify``.

    Raises:
        InputError: An image cannot be used; nothing is written then.
    """
    require_folder(as_path(data))
    from hideseek_cli.formats.generator import Generator
    from hideseek_cli.images.output_format import OutputFormat
    from hideseek_cli.publishing.protect import protect as run

    made = Generator.load(as_path(generator))
    chosen = choose_device(device, threads)
    with open_progress(progress) as hears, open_workers(workers, None) as executor:
        form = OutputFormat(encoding=image_format, exif=keep_exif)
        return run(as_path(data), made, as_path(out), chosen, executor, hears, output_format=form)
