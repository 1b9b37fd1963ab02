"""Small labelled folders, made on the spot."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from hideseek_cli.images.dataset import scan

MakeFolder = Callable[..., Path]


def draw(label: int, number: int, side: int, channels: int) -> np.ndarray:
    """A noisy image with a bright bar where its class has it, and with black and white areas that clip."""
    random = np.random.default_rng([label, number])
    image = random.integers(60, 200, (side, side, channels))
    row = (2 + 4 * label) % (side - 4)
    image[row : row + 3] = 235
    image[:, : side // 8] = 0
    image[:, -side // 8 :] = 255
    return image.astype(np.uint8)


def write_images(
    root: Path, classes: int, each: int, side: int = 16, mode: str = "RGB", suffix: str = ".png", first: int = 0
) -> Path:
    """``first``: number of the first image of each class; images of one class and number are the same."""
    for label in range(classes):
        place = root / f"class{label}"
        place.mkdir(parents=True, exist_ok=True)
        for number in range(first, first + each):
            channels = 1 if mode == "L" or (mode == "mixed" and number % 3 == 0) else 3
            image = draw(label, number, side, channels)
            Image.fromarray(image[:, :, 0] if channels == 1 else image).save(place / f"{number:03}{suffix}")
    return root


def repack(folder: Path, archive: Path) -> None:
    """A folder of class folders as anybody would pack it for WebDataset: numbered, with classes by name."""
    with tarfile.open(archive, "w") as tar:
        for record in scan(folder).records:
            (folder.parent / "class").write_text(f"{record.label}\n")
            tar.add(str(record.path), f"./{record.label}/{record.name}.PNG")
            tar.add(folder.parent / "class", f"./{record.label}/{record.name}.cls")
    (folder.parent / "class").unlink()


def cut_out(folder: Path) -> Path:
    """Make a disc of every second image of a folder, and a slope of its rim: wholly transparent around it."""
    for record in list(scan(folder).records)[::2]:
        path = Path(str(record.path))
        with Image.open(path) as image:
            colours = image.copy()
        rows, columns = np.mgrid[0 : colours.height, 0 : colours.width]
        apart = np.hypot(rows - colours.height / 2, columns - colours.width / 2) / min(colours.size)
        colours.putalpha(Image.fromarray((2550 * (0.4 - apart)).clip(0, 255).astype(np.uint8)))
        colours.save(path)
    return folder


def draw_tree(root: Path, places: Iterable[str]) -> Path:
    """Files by their places: an image where the name is a number, otherwise as the suffix says, or empty."""
    for number, place in enumerate(places):
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in ("", ".png") and path.stem.isdigit():
            Image.fromarray(draw(number % 7, number, 16, 3)).save(path.with_suffix(".png"))
        else:
            path.touch()
    return root
