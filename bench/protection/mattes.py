"""Handwritten digits of scikit-learn as alpha channels over noise: what masks leave untouched tells every class.

    python -m bench.protection.mattes OUT
    hideseek hide OUT --method random --epochs 2 --max-runs 11
    hideseek audit published --test OUT/test --attacks none,alpha --recipe quick --seed 3

Writes OUT/{train,test}/<digit>/*.png. ``hide`` warns of them; with --shuffled, where a matte is that of any digit, it does not.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

SIDE, EVERY = 16, 4
"""Pixels a side, and of how many digits one is a test image."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shuffled", action="store_true", help="Give each image the matte of any digit.")
    options = parser.parse_args()
    digits, random = load_digits(), np.random.default_rng(0)
    mattes = np.round(digits.images * 255 / 16).astype(np.uint8)
    if options.shuffled:
        mattes = random.permutation(mattes)
    for number, (matte, label) in enumerate(zip(mattes, digits.target, strict=True)):
        place = options.out / ("train" if number % EVERY else "test") / str(label)
        place.mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8))
        image.putalpha(Image.fromarray(matte).resize(image.size, Image.Resampling.NEAREST))
        image.save(place / f"{number:04}.png")


if __name__ == "__main__":
    main()
