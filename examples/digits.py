"""Write the 1,797 handwritten digits of scikit-learn as a labelled folder: OUT/{train,test}/<digit>/NNNN.png.

Real data that every installation can build offline: 8x8 pixels of 17 grey levels, enlarged to 32x32. Every fifth
picture is for testing.

    python examples/digits.py demo/digits
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def write(out: Path) -> None:
    digits = load_digits()
    for number, (picture, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        place = out / ("test" if number % 5 == 4 else "train") / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray((picture * 255 / 16).round().astype(np.uint8))
        grey.resize((32, 32), Image.Resampling.BICUBIC).save(place / f"{number:04}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
