"""Make the images of the README in docs/images: ``make docs-pictures``, or

    python docs/figures.py PLACE [--images FOLDER] [OPTIONS OF hide]

In PLACE, a folder that is not there yet, it hides photographs: those of trashnet where HIDESEEK_DATA, or else ../shared/data,
has trashnet-photos.tar, and pieces of the photographs of scikit-image elsewhere. Of that release are levels.png, a few images
as the contact sheet shows them, and curve.png, the report's. designed-achieved.png is drawn from docs/results.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import hideseek_cli as hs
from hideseek_cli.formats import manifest
from hideseek_cli.formats.levels import spell_level
from hideseek_cli.images.similarity import compare_batch
from hideseek_cli.publishing.contact_sheet import AMPLIFIED, GREY, Cell, Row, caption, lay_out
from hideseek_cli.reporting.style import FAINT, SERIES, WIDTH, drawing, save_png

DOCS = Path(__file__).parent
DATA = Path(os.environ.get("HIDESEEK_DATA", DOCS.parents[1] / "shared/data"))
TRASHNET = "trashnet-photos.tar"
HOW = ("--look", "balanced", "--key-file", "key")
SIDE, CLASSES = 190, 3
"""Pixels a side of an image in levels.png, and how many classes are shown there."""


@dataclass(frozen=True)
class Photographs:
    """What is hidden, the levels that are asked for, and what a reader is told of it."""

    folder: Path
    levels: str
    name: str


def find_photographs(place: Path) -> Photographs:
    """Real photographs, laid out in ``place``."""
    if (DATA / TRASHNET).exists():
        with tarfile.open(DATA / TRASHNET) as tar:
            tar.extractall(place, filter="data")
        return Photographs(place / "trashnet", "25,40", "photographs of TrashNet (G. Thung and M. Yang, MIT licence)")
    cut = DOCS.parent / "examples/photographs.py"
    subprocess.run([sys.executable, cut, place / "photographs"], check=True)
    return Photographs(place / "photographs", "70", "pieces of the photographs of scikit-image and scikit-learn")


def release(place: Path, photographs: Photographs, options: Sequence[str]) -> dict[str, Path]:
    """Hide them, and clean every level that is offered; the folders, from the published one to the clean one."""
    (place / "key").write_text("1".zfill(32))  # so that it can be made again; nothing of it is sold
    (place / "key").chmod(0o600)
    command = [sys.executable, "-m", "hideseek_cli", "hide", photographs.folder, "--levels", photographs.levels, *HOW, *options]
    done = subprocess.run(command, cwd=place, check=False)
    if done.returncode not in (0, 1):  # 1: it is not hidden, or a level is missed, and looks the same
        sys.exit(done.returncode)
    folders = {"published": place / "published"}
    for level in [*(spell_level(one.level) for one in manifest.read(place / "published").offers), "clean"]:
        cleaner = hs.make_cleaner(place / "masks.safetensors", level, out=place / f"cleaner_{level}.safetensors")
        title = level if level == "clean" else f"level {level}"
        folders[title] = hs.seek(place / "published", cleaner.path, out=place / f"cleaned_{level}").path
    return folders


def draw_levels(originals: Path, folders: dict[str, Path], about: str) -> Image.Image:
    """A row an image, chosen so that the first levels differ; a column a folder."""
    names = sorted(path.relative_to(folders["published"]).with_suffix("") for path in folders["published"].glob("*/*.png"))
    first = [next(group) for _, group in groupby(names, lambda name: name.parent)]
    sold = [folder for title, folder in folders.items() if title.startswith("level")]
    cleaned = [name for name in first if any(np.array_equal(read(one, name), read(originals, name)) for one in sold)]
    chosen = [*cleaned[:1], *(name for name in first if name not in cleaned[:1])][:CLASSES]
    rows = [_make_row(name, read(originals, name), [read(folder, name) for folder in folders.values()]) for name in chosen]
    return lay_out(f"{len(rows)} of {len(names)} {about}", ["original", f"{AMPLIFIED} x mask", *folders], rows)


def _make_row(name: Path, original: np.ndarray, versions: list[np.ndarray]) -> Row:
    moved = versions[0].astype(np.int16) - original
    mask = np.clip(GREY + AMPLIFIED * moved, 0, 255).astype(np.uint8)
    likes = [compare_batch(original[None], one[None])[0] for one in versions]
    captions = caption((name.parent.name, name.name), int(np.abs(moved).max()), likes)
    cells = [Cell([square(one)], words) for one, words in zip((original, mask, *versions), captions, strict=True)]
    return Row((name.parent.name, f"{original.shape[1]} x {original.shape[0]}"), cells)


def read(folder: Path, name: Path) -> np.ndarray:
    """The image of that class and name, in whatever format."""
    (path,) = (folder / name.parent).glob(f"{name.name}.*")
    return np.asarray(Image.open(path).convert("RGB"))


def square(image: np.ndarray) -> np.ndarray:
    """Its central square, brought to SIDE pixels."""
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    cut = Image.fromarray(image[top : top + side, left : left + side])
    return np.asarray(cut.resize((SIDE, SIDE), Image.Resampling.LANCZOS if side > SIDE else Image.Resampling.NEAREST))


def draw_curve(place: Path) -> bytes:
    """Accuracy by share of masked images, as the report of the release has it."""
    hs.report(place / "published", out=place / "report.html", formats="png")
    return (place / "report.curve.png").read_bytes()


def draw_designed_achieved() -> bytes:
    """Level sold against accuracy on test images, each folder in a colour of its own."""
    with (DOCS / "results/designed-achieved.csv").open() as file:
        rows = list(csv.DictReader(file))
    with drawing():
        figure = Figure(figsize=(WIDTH, 3.7))
        axes = figure.add_subplot()
        axes.plot([15, 95], [15, 95], color=FAINT, linewidth=1, linestyle="--", label="as designed")
        groups = groupby(rows, lambda row: row["folder"])
        for (name, some), marker, colour in zip(groups, "osD^v", SERIES, strict=False):
            points = np.array([[float(row[key]) for key in ("level", "achieved", "low", "high")] for row in some])
            level, achieved, low, high = points.T
            apart = [achieved - low, high - achieved]
            axes.errorbar(level, achieved, apart, fmt=marker, markersize=5, capsize=3, color=colour, label=name)
        axes.set(xlabel="level sold, %", ylabel="accuracy on test images, % (95 % interval)")
        axes.legend()
        return save_png(figure)


def main(place: Path, images: Path, options: Sequence[str]) -> None:
    """Make the release, and write all images once there is nothing left that could fail."""
    place.mkdir(parents=True)
    photographs = find_photographs(place)
    folders = release(place, photographs, options)
    page, curve = draw_levels(photographs.folder / "train", folders, photographs.name), draw_curve(place)
    images.mkdir(exist_ok=True)
    page.save(images / "levels.png", optimize=True)
    (images / "curve.png").write_bytes(curve)
    (images / "designed-achieved.png").write_bytes(draw_designed_achieved())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path)
    parser.add_argument("--images", type=Path, default=DOCS / "images")
    known, others = parser.parse_known_args()
    main(known.place.resolve(), known.images.resolve(), others)
