"""What `hide` takes for siblings: frames of one track, twins that are put into a folder, and images of which it knows nothing.

    python -m bench.levels.groups OUT DATA/train... [--twins]

OUT gets, of every folder, a sheet of pairs that were joined, to look at.
"""

from __future__ import annotations

import argparse
import io
import time
from operator import attrgetter
from pathlib import Path

import numpy as np
from PIL import Image

from hideseek_cli.images.codec import digest_pixels
from hideseek_cli.images.copies import SIDE, find_copies, make_thumbnail
from hideseek_cli.images.dataset import load_pixels, scan
from hideseek_cli.images.siblings import find_siblings
from hideseek_cli.images.twins import SIDE as LARGER
from hideseek_cli.runtime.executors import thread_pool
from hideseek_cli.runtime.progress import Silent

MOST = 2000
"""Images of a folder that get twins."""
SHIFT, SMALLER, QUALITY = 2, 0.9, 75
SHOWN, PIXELS = 40, 96


def find(images: list[np.ndarray], labels: np.ndarray) -> np.ndarray:
    """The first sibling of each image."""
    digests = np.stack([np.frombuffer(bytes.fromhex(digest_pixels(image))[:16], np.uint8) for image in images])
    small, large = (np.stack([make_thumbnail(image, side) for image in images]) for side in (SIDE, LARGER))
    return find_siblings(find_copies(digests, small), large, labels)


def make_twins(image: np.ndarray) -> list[np.ndarray]:
    """The image moved, its border repeated; as a JPEG; made smaller."""
    padded = np.pad(image, ((SHIFT, 0), (SHIFT, 0), (0, 0)), mode="edge")[:-SHIFT, :-SHIFT]
    whole, stream = Image.fromarray(image[:, :, 0] if image.shape[2] == 1 else image), io.BytesIO()
    whole.save(stream, "JPEG", quality=QUALITY)
    sides = round(SMALLER * whole.width), round(SMALLER * whole.height)
    changed = Image.open(stream), whole.resize(sides, Image.Resampling.BICUBIC)
    return [padded, *(np.atleast_3d(np.asarray(one)) for one in changed)]


def count_pairs(numbers: np.ndarray) -> int:
    """Pairs of images that have one number."""
    sizes = np.unique(numbers, return_counts=True)[1]
    return int((sizes * (sizes - 1) // 2).sum())


def tell_tracks(found: np.ndarray, tracks: np.ndarray) -> str:
    """How well groups are tracks."""
    both = np.unique(np.stack([found, tracks]), axis=1, return_inverse=True)[1].ravel()
    right, groups, sizes = count_pairs(both), np.bincount(found)[found], np.bincount(tracks)
    joined = np.bincount(both)
    largest = np.zeros(len(sizes), np.int64)
    np.maximum.at(largest, tracks, joined[both])
    pure = np.zeros(len(found), np.int64)
    np.maximum.at(pure, found, joined[both])
    return (
        f"{right / count_pairs(tracks):.1%} of the pairs of a track are joined, {right / count_pairs(found):.1%} of what is "
        f"joined is of one track; the largest part of a track holds {largest.sum() / sizes.sum():.1%} of its images; "
        f"{pure.sum() / len(found):.1%} of images are of the track that most of their group are; "
        f"{(groups > 1).mean():.1%} are in a group"
    )


def draw(images: list[np.ndarray], found: np.ndarray, out: Path) -> None:
    """Some images that were joined, each above the first one of its group."""
    joined = np.flatnonzero(found != np.arange(len(found)))
    some = joined[np.linspace(0, len(joined) - 1, min(SHOWN, len(joined))).astype(int)]
    if not len(some):
        return
    sheet = Image.new("RGB", (PIXELS * min(10, len(some)), 2 * (PIXELS + 4) * -(-len(some) // 10)), "white")
    for place, number in enumerate(some.tolist()):
        for row, one in enumerate((number, int(found[number]))):
            image = Image.fromarray(images[one][:, :, 0] if images[one].shape[2] == 1 else images[one])
            left, top = PIXELS * (place % 10), 2 * (PIXELS + 4) * (place // 10) + PIXELS * row
            sheet.paste(image.convert("RGB").resize((PIXELS - 2, PIXELS)), (left, top))
    sheet.save(out)


def plant(images: list[np.ndarray], labels: np.ndarray) -> tuple[list[np.ndarray], np.ndarray, np.ndarray, np.ndarray]:
    """Some images and their twins, class by class, kind after kind: pixels, labels, of which image each is, of what kind."""
    some = np.linspace(0, len(images) - 1, min(MOST, len(images))).astype(int)
    kinds = [[images[number] for number in some], *zip(*(make_twins(images[number]) for number in some), strict=True)]
    order = np.tile(labels[some], 4).argsort(kind="stable")
    every = [image for kind in kinds for image in kind]
    return [every[number] for number in order], np.tile(labels[some], 4)[order], order % len(some), order // len(some)


def tell_twins(found: np.ndarray, of: np.ndarray, kinds: np.ndarray) -> str:
    """How many twins are with their image, and how many images with strangers."""
    first = np.empty(of.max() + 1, np.int64)
    first[of[kinds == 0]] = found[kinds == 0]
    moved, jpeg, smaller = (float((found == first[of])[kinds == kind].mean()) for kind in (1, 2, 3))
    strangers = np.bincount(np.unique(np.stack([found, of]), axis=1)[0])[found] > 1
    return (
        f"with their image: moved {moved:.1%}, JPEG {jpeg:.1%}, smaller {smaller:.1%}, all {(moved + jpeg + smaller) / 3:.1%}; "
        f"with a stranger {strangers.mean():.2%}"
    )


def measure(place: Path, options: argparse.Namespace) -> None:
    """A row of the table, and a sheet."""
    folder, besides = scan(place), "–"
    with thread_pool(2) as executor:
        images, labels = load_pixels(folder, executor, Silent()), folder.labels
    if options.twins:
        images, labels, of, kinds = plant(images, labels)
    begun = time.monotonic()
    found = find(images, labels)
    seconds, sizes = time.monotonic() - begun, np.bincount(found)
    if options.tracks:
        tracks = [f"{label}/{name.split('_')[0]}" for label, name in map(attrgetter("key"), folder.records)]
        besides = tell_tracks(found, np.unique(tracks, return_inverse=True)[1])
    elif options.twins:
        besides = tell_twins(found, of, kinds)
    name = place.parent.name
    joined, groups = (sizes[found] > 1).sum(), (sizes > 1).sum()
    print(f"| {name} | {len(images)} | {joined} | {groups} | {sizes.max()} | {seconds:.1f} | {besides} |", flush=True)
    draw(images, found, options.out / f"{name}{'-twins' if options.twins else ''}.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("folders", type=Path, nargs="+", metavar="DATA/train", help="folders of classes")
    parser.add_argument("--tracks", action="store_true", help="names are <track>_<frame>")
    parser.add_argument("--twins", action="store_true", help="put three twins of each image into the folder")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print("| folder | images | in groups | groups | largest | seconds | besides |\n|---|---|---|---|---|---|---|")
    for place in options.folders:
        measure(place, options)


if __name__ == "__main__":
    main()
