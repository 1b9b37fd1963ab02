"""Folders whose classes are not ten of one size, for docs/results/2026-11-levels.md: unbalanced, two
classes, a hundred classes.

    python -m bench.levels.distributions unbalanced CIFAR10 OUT   # 100, 200, ... 1,000 images of the ten classes
    python -m bench.levels.distributions two CIFAR10 OUT          # airplane and automobile
    python -m bench.levels.distributions hundred OUT              # numbers 00 to 99 of the handwritten digits of scikit-learn

Writes OUT/{train,test}/<class>/*.png for bench/levels/main_job.sh. CIFAR10 has train/ and test/; test images keep the
proportions of the training part, because a level is a promise for those.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

TRAIN, TEST = 50, 10
"""Images of each number."""


def linked(source: Path, out: Path, shares: dict[str, float]) -> None:
    """The first images of each class, as large a share as it says, as links."""
    for part in ("train", "test"):
        for label, share in shares.items():
            files = sorted((source / part / label).iterdir())
            (out / part / label).mkdir(parents=True)
            for path in files[: round(share * len(files))]:
                (out / part / label / path.name).symlink_to(path.resolve())


def numbers(out: Path) -> None:
    """Two digits side by side, 32×32; no digit of a training image is in a test image."""
    digits = load_digits()
    images = np.round(digits.images * 255 / 16).astype(np.uint8)
    testing = np.arange(len(images)) % 5 == 4
    random = np.random.default_rng(0)
    for part, of_part, count in (("train", ~testing, TRAIN), ("test", testing, TEST)):
        for number in range(100):
            place = out / part / f"{number:02}"
            place.mkdir(parents=True)
            halves = [random.choice(np.flatnonzero((digits.target == digit) & of_part), count) for digit in divmod(number, 10)]
            for index, (left, right) in enumerate(zip(*halves, strict=True)):
                pair = Image.fromarray(np.concatenate([images[left], images[right]], axis=1))
                pair.resize((32, 32), Image.Resampling.BICUBIC).save(place / f"{index:03}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("unbalanced", "two", "hundred"))
    parser.add_argument("places", type=Path, nargs="+", metavar="FOLDER", help="CIFAR10, where it is needed, and OUT")
    options = parser.parse_args()
    kind, source, out = options.kind, options.places[0], options.places[-1]
    if kind == "hundred":
        numbers(out)
    elif kind == "two":
        linked(source, out, {"airplane": 1.0, "automobile": 1.0})
    else:
        classes = sorted(path.name for path in (source / "train").iterdir())
        linked(source, out, {label: (number + 1) / 10 for number, label in enumerate(classes)})


if __name__ == "__main__":
    main()
