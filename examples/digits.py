"""Write the 1,797 handwritten digits of scikit-learn as a labelled folder: OUT/{train,test}/<digit>/NNNN.png.

Real data that every installation can build offline: 8x8 pixels of 17 grey levels, enlarged to 32x32. Every fifth
image of each digit is for testing. (Every fifth of all would not do: the digits were written down in turn, so that
it meets some of them thrice as often as others, and a level is a promise for images mixed as the folder is.)

    python examples/digits.py demo/digits
"""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def write(out: Path) -> None:
    digits = load_digits()
    seen: Counter[int] = Counter()
    for number, (image, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        seen[label] += 1
        place = out / ("test" if seen[label] % 5 == 0 else "train") / NAMES[label]
        place.mkdir(parents=True, exist_ok=True)
        grey = Image.fromarray((image * 255 / 16).round().astype(np.uint8))
        grey.resize((32, 32), Image.Resampling.BICUBIC).save(place / f"{number:04}.png")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
    for part in ("train", "test"):
        print(f"{sys.argv[1]}/{part}: {len(list(Path(sys.argv[1], part).glob('*/*.png')))} images")
