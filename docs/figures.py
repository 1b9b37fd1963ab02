"""Draw the images of the README.

python docs/figures.py curve                              # docs/images/designed-achieved.png, from docs/results
python docs/figures.py sheet DATA/train PUBLISHED LEVEL50 CLEAN   # docs/images/levels.png, from a release of photographs
"""

from __future__ import annotations

import csv
import sys
from itertools import groupby
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

DOCS = Path(__file__).parent
OUT = DOCS / "images"
SIDE, GAP, HEAD, AMPLIFIED = 190, 6, 26, 8
TITLES = ("original", f"mask x {AMPLIFIED}", "published", "level 50", "clean level")


def curve() -> None:
    """Designed against achieved accuracy, each folder in a colour of its own."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    with (DOCS / "results" / "designed-achieved.csv").open() as file:
        rows = list(csv.DictReader(file))
    figure, axes = plt.subplots(figsize=(6, 4.2), dpi=150)
    axes.plot([15, 95], [15, 95], color="grey", linewidth=1, linestyle="--", label="as designed")
    for (name, some), marker in zip(groupby(rows, lambda row: row["folder"]), "osD^v", strict=False):
        points = np.array([[float(row[key]) for key in ("level", "achieved", "low", "high")] for row in some])
        level, achieved, low, high = points.T
        axes.errorbar(level, achieved, [achieved - low, high - achieved], fmt=marker, markersize=5, capsize=3, label=name)
    axes.set(xlabel="level sold, %", ylabel="accuracy on test images, % (95 % interval)")
    axes.legend(frameon=False, fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(OUT / "designed-achieved.png")


def sheet(folders: list[Path]) -> None:
    """One image of each of three classes: the first two that the level cleans otherwise, and the last."""
    original, published, level, clean = folders
    names = sorted(path.relative_to(published).with_suffix("") for path in published.glob("*/*.png"))
    first = [next(group) for _, group in groupby(names, lambda name: name.parent)]
    cleaned = [name for name in first if same(read(level, name), read(original, name))]
    masked = [name for name in first if name not in cleaned]
    chosen = [*cleaned[:1], *masked[:2]]
    width = len(TITLES) * (SIDE + GAP) + GAP
    page = Image.new("RGB", (width, HEAD + len(chosen) * (SIDE + GAP) + GAP), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(15)
    for column, title in enumerate(TITLES):
        draw.text((GAP + column * (SIDE + GAP) + SIDE // 2, HEAD // 2 + 2), title, "black", font, anchor="mm")
    for row, name in enumerate(chosen):
        a, b, k, c = (read(folder, name) for folder in (original, published, level, clean))
        mask = np.clip(128 + AMPLIFIED * (b.astype(int) - a), 0, 255).astype(np.uint8)
        for column, image in enumerate((a, mask, b, k, c)):
            page.paste(square(image), (GAP + column * (SIDE + GAP), HEAD + GAP + row * (SIDE + GAP)))
    page.save(OUT / "levels.png", optimize=True)


def read(folder: Path, name: Path) -> np.ndarray:
    """The image of that class and name, in whatever format."""
    (path,) = (folder / name.parent).glob(f"{name.name}.*")
    return np.asarray(Image.open(path).convert("RGB"))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(np.array_equal(one, other))


def square(image: np.ndarray) -> Image.Image:
    """Its central square, brought to SIDE pixels."""
    side = min(image.shape[:2])
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return Image.fromarray(image[top : top + side, left : left + side]).resize((SIDE, SIDE), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    if sys.argv[1:2] == ["curve"]:
        curve()
    elif sys.argv[1:2] == ["sheet"] and len(sys.argv) == 6:
        sheet([Path(word) for word in sys.argv[2:]])
    else:
        sys.exit(__doc__)
