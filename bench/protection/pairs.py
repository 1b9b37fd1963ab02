"""Pairs of an original and what was published of it, side by side at full size, for eyes that do not know which is which.

    python -m bench.protection.pairs ORIGINALS PUBLISHED OUT [--count 20] [--seed 0]

Writes OUT/00.png and so on, each with one image left and the other right, and OUT.json, which says of each on which side the
published one is; whoever judges must not see it. Images are evenly spread over the folder.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from hideseek_cli.images.codec import drop_alpha, read_image
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.visibility import choose_sample

GAP = 16
"""White pixels between the two."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("originals", type=Path)
    parser.add_argument("published", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    originals, published = scan(options.originals).records, scan(options.published).records
    generator, told = np.random.default_rng(options.seed), {}
    options.out.mkdir()
    for place, number in enumerate(choose_sample(len(originals), options.count).tolist()):
        pair = [drop_alpha(read_image(records[number].path)[0]) for records in (originals, published)]
        right = bool(generator.integers(2))
        left, other = pair if right else pair[::-1]
        between = np.full((left.shape[0], GAP, left.shape[2]), 255, np.uint8)
        Image.fromarray(np.concatenate([left, between, other], axis=1).squeeze()).save(options.out / f"{place:02}.png")
        told[f"{place:02}"] = {"image": "/".join(originals[number].key), "published": "right" if right else "left"}
    options.out.with_suffix(".json").write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
