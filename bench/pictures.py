"""Publishing and seeking against a loop that only decodes and encodes: how much of the disk's and codec's speed is left.

    python bench/pictures.py [--pictures 2000 200 8] [--repeats 3]

Pictures made of waves and noise at 32x32, 224x224 and 2000x3000, PNG in and out; as many processes or threads as named.
The loop reads each picture with Pillow, writes it as PNG and flushes it to the disk, as hideseek does. Interleaved in one
run, by processor time; the ratio is that of the loop to hideseek over all repeats, 1 being as fast, with the least and
the greatest of a repeat behind it. Peak memory: bench/memory.py.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does

import numpy as np
from PIL import Image

from hideseek_cli.bundle import Cleaner, MaskFile
from hideseek_cli.files import StagedFolder
from hideseek_cli.folder import scan
from hideseek_cli.intake import load
from hideseek_cli.levels import Maker
from hideseek_cli.memory import keep_freed
from hideseek_cli.parallel import in_order, pool
from hideseek_cli.picture import decode, encode
from hideseek_cli.progress import Silent
from hideseek_cli.recipe import preset
from hideseek_cli.release import Levels, write
from hideseek_cli.seek import seek

SIZES = ((32, 32), (224, 224), (2000, 3000))


def fill(root: Path, height: int, width: int, count: int) -> None:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:height, 0:width]
    for number in range(count):
        place = root / f"class{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        waves = 90 * np.sin(rows[..., None] / random.uniform(5, 60) + columns[..., None] / random.uniform(5, 60, 3))
        picture = (128 + waves + random.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)
        Image.fromarray(picture).save(place / f"{number:06}.png")


def loop(source: Path, out: Path, workers: int) -> None:
    """Decode and encode, no more."""
    folder = scan(source)
    with pool(workers) as executor, StagedFolder(out) as stage:
        for _ in in_order(
            executor, lambda entry: stage.write(f"{entry.label}/{entry.name}.png", encode(decode(entry.path))), folder.entries
        ):
            pass


def publish(source: Path, out: Path, workers: int, most: int | None = None) -> float:
    """One level of half of the pictures, random patterns, ``most`` in memory; returns the processor time of writing alone."""
    with pool(workers) as executor:
        material = load(source, None, None, executor, Silent(), most=most)
        master = bytes(32)
        maker = Maker(material, 8, material.thresholds(master, 2), None)
        pattern = np.random.default_rng(1).normal(0, 4, maker.thresholds.shape)
        turns = material.turns(master, banks=2)
        levels = Levels(epsilon=8, published=maker.masks(pattern, 1.0), which=turns.which([0.5]), strength=1.0,
                        tiers={"75": turns.touched(0.5)}, own={}, shifts=None)  # fmt: skip
        before = time.process_time()
        with StagedFolder(out / "published") as stage:
            write(
                material, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=out / "masks", origin={}
            )
        spent = time.process_time() - before
    MaskFile.load(out / "masks").cleaner("clean").save(out / "cleaner")
    return spent


def sought(place: Path, out: Path, workers: int) -> None:
    with pool(workers) as executor:
        seek(place / "published", Cleaner.load(place / "cleaner"), out, executor, Silent())


def timed(work: Callable[..., float | None], *arguments: object) -> float:
    before = time.process_time()
    spent = work(*arguments)
    return time.process_time() - before if spent is None else spent


def ratio(loops: Sequence[float], others: Sequence[float]) -> str:
    single = [loop / other for loop, other in zip(loops, others, strict=True)]
    return f"{sum(loops) / sum(others):.2f} ({min(single):.2f} to {max(single):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, nargs=3, default=[2000, 200, 8], help="how many of each size")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    keep_freed()  # as `hide` does; the loop has it too
    print("| size | pictures | workers | loop, s of processor | publish | seek | loop / publish | loop / seek |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (height, width), count in zip(SIZES, options.pictures, strict=True):
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            fill(root / "data", height, width, count)
            for workers in (1, 2):
                rows = []
                for number in range(options.repeats):
                    place = root / f"{workers}.{number}"
                    place.mkdir()
                    plain = timed(loop, root / "data", place / "plain", workers)
                    written = timed(publish, root / "data", place, workers)
                    back = timed(sought, place, place / "clean", workers)
                    rows.append((plain, written, back))
                loops, *others = zip(*rows, strict=True)
                cells = [" · ".join(f"{one:.2f}" for one in column) for column in (loops, *others)]
                cells += [ratio(loops, other) for other in others]
                print(f"| {height}x{width} | {count} | {workers} |", " | ".join(cells), "|", flush=True)
    print(f"this process took {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")


if __name__ == "__main__":
    main()
