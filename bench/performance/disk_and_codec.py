"""Publishing and seeking against a loop that only decodes and encodes: how much of the disk's and codec's speed is left.

    python -m bench.performance.disk_and_codec [--images 2000 200 8] [--repeats 3]

Images made of waves and noise at 32x32, 224x224 and 2000x3000, PNG in and out; as many processes or threads as named.
The loop reads each image with Pillow, writes it as PNG and flushes it to the disk, as hideseek does. Interleaved in one
run, by processor time; the ratio is that of the loop to hideseek over all repeats, 1 being as fast, with the least and
the greatest of a repeat behind it. Peak memory: bench.performance.memory.
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

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.cleaner import Cleaner
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.codec import decode
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.encoding import encode
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release import write_release
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.executors import ordered_map, thread_pool
from hideseek_cli.runtime.progress import Silent
from hideseek_cli.training.malloc import keep_freed

SIZES = ((32, 32), (224, 224), (2000, 3000))


def fill(root: Path, height: int, width: int, count: int) -> None:
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[0:height, 0:width]
    for number in range(count):
        place = root / f"class{number % 2}"
        place.mkdir(parents=True, exist_ok=True)
        waves = 90 * np.sin(rows[..., None] / random.uniform(5, 60) + columns[..., None] / random.uniform(5, 60, 3))
        image = (128 + waves + random.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)
        Image.fromarray(image).save(place / f"{number:06}.png")


def loop(source: Path, out: Path, workers: int) -> None:
    """Decode and encode, no more."""
    folder = scan(source)
    with thread_pool(workers) as executor, StagedFolder(out) as stage:
        for _ in ordered_map(
            executor,
            lambda record: stage.write(f"{record.label}/{record.name}.png", encode(decode(record.path))),
            folder.records,
        ):
            pass


def publish(data: Path, out: Path, workers: int, most: int | None = None) -> float:
    """One level of half of the images, random patterns, ``most`` in memory; returns the processor time of writing alone."""
    with thread_pool(workers) as executor:
        source = load_source(data, None, None, executor, Silent(), most=most)
        master = bytes(32)
        renderer = MaskRenderer(source, 8, source.thresholds(master, 2), None)
        pattern = np.random.default_rng(1).normal(0, 4, renderer.thresholds.shape)
        unmasking = source.unmasking(master, pattern_sets=2)
        levels = ReleaseMasks(epsilon=8, published=renderer.masks(pattern, 1.0), which=unmasking.which([0.5]), strength=1.0,
                        tiers={"75": unmasking.touched(0.5)}, own={}, shifts=None)  # fmt: skip
        before = time.process_time()
        with StagedFolder(out / "published") as stage:
            write_release(
                source, levels, stage, executor, Silent(), recipe=preset("quick"), offers=(), masks=out / "masks", origin={}
            )
        spent = time.process_time() - before
    MaskFile.load(out / "masks").make_cleaner("clean").save(out / "cleaner")
    return spent


def sought(place: Path, out: Path, workers: int) -> None:
    with thread_pool(workers) as executor:
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
    parser.add_argument("--images", type=int, nargs=3, default=[2000, 200, 8], help="how many of each size")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    keep_freed()  # as `hide` does; the loop has it too
    print("| size | images | workers | loop, s of processor | publish | seek | loop / publish | loop / seek |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for (height, width), count in zip(SIZES, options.images, strict=True):
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
