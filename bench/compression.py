"""What PNG and lossless WebP take of the same pictures: bytes and processor time, clean and under a mask of random values.

``python bench/compression.py FOLDER --every 10``
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from hideseek_cli.folder import scan, splits
from hideseek_cli.mask import apply, place
from hideseek_cli.picture import ENCODINGS, decode, encode, visible


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every so many-th picture")
    asked = parser.parse_args()
    pattern = np.random.default_rng(0).normal(0, 4, (1, 64, 64, 3)).clip(-8, 8).round().astype(np.int8)
    colours = [visible(decode(entry.path)) for entry in scan(splits(asked.folder)["train"]).entries[:: asked.every]]
    clean = [picture for picture in colours if picture.shape[2] == 3]
    zero = np.zeros(1, np.int64)
    masked = [apply(picture[None], place(pattern, zero, None, picture.shape[:2]))[0] for picture in clean]
    for name, pictures in (("clean", clean), ("masked", masked)):
        for encoding in ENCODINGS:
            begun = time.process_time()
            size = sum(len(encode(picture, encoding=encoding)) for picture in pictures)
            spent = time.process_time() - begun
            print(f"{name} {encoding}: {len(pictures)} pictures, {size / 1e6:.2f} MB, {spent:.2f} s")


if __name__ == "__main__":
    main()
