"""``hs.metrics``: how much the images of one folder still look like those of another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hideseek_cli.api.machine import choose_device, open_progress, open_workers, usual_recipe
from hideseek_cli.errors import InputError
from hideseek_cli.formats import manifest
from hideseek_cli.images.dataset import ImageDataset, scan
from hideseek_cli.images.folder_comparison import Comparison, compare
from hideseek_cli.images.layout import Layout, find_layout
from hideseek_cli.images.reading import tell_reading
from hideseek_cli.runtime.fields import as_path
from hideseek_cli.runtime.progress import Progress


def metrics(
    clean: str | Path, other: str | Path, *, size: int | None = None, worst: int = 5, labels: str | Path | None = None,
    gradients: bool = False, split: str = "auto", device: str = "auto", workers: int = 0, engine: str | None = None,
    progress: bool | Progress = True,
) -> Comparison:  # fmt: skip
    """Compare images of the same class and name: MSE and SSIM of images scaled to 0..1, PSNR in dB, L∞ in grey levels,
    and visibility, FLIP's mean (0 to 1) of at most 64 images evenly spread, beside what JPEGs of quality 75 have.

    Args:
        clean: The originals.
        other: The published or cleaned folder.
        size: Side, in pixels, to which both are brought first.
        worst: How many of the worst images to name, by SSIM and by visibility.
        labels: Table of name,class where ``clean`` is flat.
        gradients: Train a network on ``other`` too, and add CAR and GCR in percent (ConfounderGAN, Appendix A,
            Equations 6 and 7).
        split, device, workers, engine, progress: As of ``hs.verify``.

    Raises:
        InputError: An image of ``other`` has no counterpart, or another size.
    """
    clean, other = as_path(clean), as_path(other)
    if gradients and labels is not None:
        raise InputError("`gradients=True` needs a folder a class; leave out `labels`")
    if worst < 0:
        raise InputError(f"`worst` {worst} is out of range: at least 0")
    with open_progress(progress) as hears, open_workers(workers, engine) as executor:
        originals = _read(clean, None if labels is None else as_path(labels), split, hears)
        compared = _read(other, None, split, hears)
        found = compare(originals, compared, executor, hears, size=size, worst=worst)
        if not gradients:
            return found
        from hideseek_cli.evaluation.learnability import LearnabilityConfig, measure_learnability

        chosen = choose_device(device)
        config = LearnabilityConfig(clean=clean, masked=other, fallback=usual_recipe(chosen), size=size, split=split)
        left = measure_learnability(config, chosen, executor, hears)
        return replace(found, confidence_ascent=left.confidence_ascent, gradient_compression=left.gradient_compression)


def _read(root: Path, labels: Path | None, split: str, progress: Progress) -> ImageDataset:
    """The images to compare: all that a manifest or a table lists, or the training part."""
    listed = labels is not None or manifest.exists(root)
    layout = Layout.whole(root, manifest.BESIDE) if listed else find_layout(root, split, progress)
    found = scan(layout.train, labels, layout.passed_over)
    tell_reading(found, layout, {"train": "compared"}, progress)
    return found
