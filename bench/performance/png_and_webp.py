"""What PNG and lossless WebP take of the same images: bytes and processor time, clean and under a mask of random values.

python -m bench.performance.png_and_webp FOLDER --every 10
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from hideseek_cli.images.codec import decode, drop_alpha
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import ENCODINGS, encode
from hideseek_cli.images.layout import find_layout
from hideseek_cli.masks.arithmetic import apply, place


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every so many-th image")
    asked = parser.parse_args()
    pattern = np.random.default_rng(0).normal(0, 4, (1, 64, 64, 3)).clip(-8, 8).round().astype(np.int8)
    colours = [drop_alpha(decode(record.path)) for record in scan(find_layout(asked.folder).train).records[:: asked.every]]
    clean = [image for image in colours if image.shape[2] == 3]
    zero = np.zeros(1, np.int64)
    masked = [apply(image[None], place(pattern, zero, None, image.shape[:2]))[0] for image in clean]
    for name, images in (("clean", clean), ("masked", masked)):
        for encoding in ENCODINGS:
            begun = time.process_time()
            size = sum(len(encode(image, encoding=encoding)) for image in images)
            spent = time.process_time() - begun
            print(f"{name} {encoding}: {len(images)} images, {size / 1e6:.2f} MB, {spent:.2f} s")


if __name__ == "__main__":
    main()
