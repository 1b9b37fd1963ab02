"""Write pieces of ten colour photographs as a labelled folder: OUT/{train,test}/<photograph>/NNNN.png.

Real data that every installation can build offline: the photographs lie inside scikit-image and scikit-learn. Each is brought
to about 64 tiles of 64x64 pixels and each tile cut into four images of 32x32, so that no two share a pixel. Every fifth tile
is for testing. Flat pieces, such as the black around a retina, show nothing and are left out.

    python examples/photographs.py demo/photographs
"""

import sys
from pathlib import Path

import numpy as np
import skimage
import sklearn.datasets
from PIL import Image

SCIKIT_IMAGE = Path(skimage.__file__).parent / "data"
SCIKIT_LEARN = Path(sklearn.datasets.__file__).parent / "images"
PHOTOGRAPHS = {
    "astronaut": SCIKIT_IMAGE / "astronaut.png", "cat": SCIKIT_IMAGE / "chelsea.png", "coffee": SCIKIT_IMAGE / "coffee.png",
    "flower": SCIKIT_LEARN / "flower.jpg", "galaxies": SCIKIT_IMAGE / "hubble_deep_field.jpg",
    "motorcycle": SCIKIT_IMAGE / "motorcycle_left.png", "retina": SCIKIT_IMAGE / "retina.jpg",
    "rocket": SCIKIT_IMAGE / "rocket.jpg", "temple": SCIKIT_LEARN / "china.jpg", "tissue": SCIKIT_IMAGE / "ihc.png",
}  # fmt: skip
TILE, SIDE, TILES, FLAT = 64, 32, 64, 4.0
"""Pixels, pixels, tiles of a photograph, and the least deviation of a piece in grey levels."""


def cut(path: Path) -> dict[str, list[np.ndarray]]:
    """Pieces of a photograph for each part."""
    image = Image.open(path).convert("RGB")
    scale = (TILES * TILE * TILE / (image.width * image.height)) ** 0.5
    columns, rows = (max(1, round(side * scale / TILE)) for side in image.size)
    pixels = np.asarray(image.resize((columns * TILE, rows * TILE), Image.Resampling.LANCZOS))
    found: dict[str, list[np.ndarray]] = {"train": [], "test": []}
    for number in range(rows * columns):
        top, left = (TILE * place for place in divmod(number, columns))
        part = "test" if number % 5 == 2 else "train"
        for down in range(top, top + TILE, SIDE):
            pieces = (pixels[down : down + SIDE, across : across + SIDE] for across in range(left, left + TILE, SIDE))
            found[part] += [piece for piece in pieces if piece.std() >= FLAT]
    return found


def write(out: Path) -> None:
    for label, path in PHOTOGRAPHS.items():
        for part, pieces in cut(path).items():
            place = out / part / label
            place.mkdir(parents=True, exist_ok=True)
            for number, piece in enumerate(pieces):
                Image.fromarray(piece).save(place / f"{number:04}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    for part in ("train", "test"):
        print(f"{sys.argv[1]}/{part}: {len(list(Path(sys.argv[1], part).glob('*/*.png')))} images")
