"""JPEGs published as JPEGs against the same published as PNG: bytes, and processor time of reading, publishing and `seek`.

    python -m bench.performance.jpegs FOLDER... [--each 50] [--deviation 3] [--masks PATTERNS.npy]

Takes the first images of each class of each folder. Masks are smooth noise (ε 8, one seed, that standard deviation at the size
of training), or patterns of a file, one a class. One thread; both forms in one run. Checks that coefficients of every level
come back, and that no pixel moves further than ε in Pillow, torchvision, and OpenCV where it is installed.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_jpeg

from hideseek_cli.cleaning.pipeline import seek
from hideseek_cli.formats.mask_file import MaskFile
from hideseek_cli.images.dataset import scan
from hideseek_cli.images.jpeg import read_coefficients
from hideseek_cli.images.layout import find_layout
from hideseek_cli.images.output_format import AUTO, OutputFormat
from hideseek_cli.images.similarity import compare_batch
from hideseek_cli.images.visibility import measure_visibility
from hideseek_cli.publishing import release
from hideseek_cli.publishing.loading import load_source
from hideseek_cli.publishing.release_masks import ReleaseMasks
from hideseek_cli.publishing.rendering import LevelScale, MaskRenderer
from hideseek_cli.recipe import preset
from hideseek_cli.runtime.atomic import StagedFolder
from hideseek_cli.runtime.progress import Silent

EPSILON, KEY, SIZE, LEVEL = 8, bytes(32), 32, "50"
FORMS = ("png", AUTO)


class Clock:
    """Processor time by what it was spent on, and of parts of that."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def spend(self, what: str) -> Iterator[None]:
        before = time.process_time()
        yield
        self.seconds[what] = self.seconds.get(what, 0) + time.process_time() - before

    def watch(self, work: Callable[..., Any], what: str) -> Callable[..., Any]:
        def watched(*given: Any, **more: Any) -> Any:
            with self.spend(what):
                return work(*given, **more)

        return watched


def copy_some(folder: Path, each: int, out: Path) -> Path:
    taken: dict[str, int] = {}
    for record in scan(find_layout(folder).train).records:
        taken[record.label] = taken.get(record.label, 0) + 1
        if taken[record.label] <= each:
            (out / record.label).mkdir(parents=True, exist_ok=True)
            shutil.copy(str(record.path), out / record.label)
    return out


def draw_patterns(shape: tuple[int, ...], deviation: float) -> np.ndarray:
    """Noise of which waves below a third of the finest are kept."""
    spectrum = np.fft.rfft2(np.random.default_rng(0).normal(size=shape), axes=(1, 2))
    rows, columns = np.fft.fftfreq(shape[1])[:, None], np.fft.rfftfreq(shape[2])
    found = np.fft.irfft2(spectrum * (np.hypot(rows, columns) < 1 / 6)[None, :, :, None], shape[1:3], axes=(1, 2))
    return found * (deviation / found.std())


def publish(data: Path, out: Path, form: str, patterns: np.ndarray | None, deviation: float, clock: Clock) -> int:
    """A release and its levels, each sought. Returns how many images there are."""
    executor: Executor = ThreadPoolExecutor(1)
    with clock.spend("read"):
        source = load_source(data, None, SIZE, executor, Silent(), OutputFormat.choose(form))
    renderer = MaskRenderer(source, EPSILON, source.thresholds(KEY, 1), source.shifts(KEY, "keyed"))
    shape = renderer.thresholds.shape
    pattern = draw_patterns(shape, deviation) if patterns is None else patterns[: shape[0]]
    scale = LevelScale(renderer, renderer.masks(pattern, 1.0), source.unmasking(KEY, "images", pattern_sets=1))
    levels = ReleaseMasks(
        epsilon=EPSILON, published=scale.masks, which=scale.unmasking.which([0.5]), strength=1.0, own={},
        tiers={LEVEL: scale.unmasking.touched(0.5)}, shifts=renderer.shifts,
    )  # fmt: skip
    recipe = replace(preset("quick"), name="custom", epochs=1)
    with clock.spend("publish"), StagedFolder(out / "published") as stage:
        release.write_release(
            source, levels, stage, executor, Silent(), recipe=recipe, offers=(), masks=out / "masks", origin={}
        )
    for level in (LEVEL, "clean"):
        cleaner = MaskFile.load(out / "masks").make_cleaner(level)
        with clock.spend(f"seek {level}"):
            assert seek(out / "published", cleaner, out / level, executor, Silent()).exact
    return len(source)


def list_decoders() -> list[Callable[[bytes], np.ndarray]]:
    found: list[Callable[[bytes], np.ndarray]] = [
        lambda content: np.asarray(Image.open(io.BytesIO(content))),
        lambda content: decode_jpeg(torch.frombuffer(bytearray(content), dtype=torch.uint8)).numpy(),
    ]
    if find_spec("cv2"):
        import cv2

        found.append(lambda content: cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED))
    return found


def check(data: Path, out: Path) -> list[tuple[int, float]]:
    """How far pixels move at most, and on average, by decoder; what is cleaned is the original."""
    far = [(0, 0.0)] * len(list_decoders())
    files = sorted(data.rglob("*.jpg"))
    for path in files:
        place = path.relative_to(data)
        own, masked, clean, level = (
            one.read_bytes() for one in (path, *(out / name / place for name in ("published", "clean", LEVEL)))
        )
        digests = [read_coefficients(one).digest() for one in (own, masked, clean, level)]
        assert digests[0] == digests[2] and digests[3] in digests[:2]
        for number, decoded in enumerate(list_decoders()):
            apart = np.abs(decoded(own).astype(int) - decoded(masked))
            far[number] = max(far[number][0], int(apart.max())), far[number][1] + apart.mean() / len(files)
            assert apart.max() <= EPSILON and np.array_equal(decoded(own), decoded(clean))
    return far


def count_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in (".png", ".jpg"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--each", type=int, default=50, help="images of each class at most")
    parser.add_argument("--deviation", type=float, default=3.0, help="of masks that are drawn, in grey levels")
    parser.add_argument("--masks", type=Path, help="patterns instead, 32x32 in colour, one a class (NumPy)")
    asked = parser.parse_args()
    patterns = np.load(asked.masks) if asked.masks else None
    print("| folder, images | | PNG | JPEG | JPEG to PNG |\n|---|---|---|---|---|")
    for folder in asked.folders:
        with TemporaryDirectory() as place:
            root = Path(place)
            data, clocks, sizes, count = copy_some(folder, asked.each, root / "data"), [], [], 0
            for form in FORMS:
                clock = Clock()
                alike, seen = (clock.watch(one, "measuring") for one in (compare_batch, measure_visibility))
                with patch.multiple(release, compare_batch=alike, measure_visibility=seen):
                    count = publish(data, root / form, form, patterns, asked.deviation, clock)
                clocks.append(clock.seconds)
                sizes.append([count_bytes(root / form / name) / count_bytes(data) for name in ("published", LEVEL, "clean")])
            title = f"{folder.name}, {count}"
            for name, png, jpeg in zip(("published", "half of it clean", "clean"), *sizes, strict=True):
                print(f"| {title} | bytes, {name}, to the originals | {png:.3f} | {jpeg:.3f} | {jpeg / png:.3f} |")
            for what in clocks[0]:
                png, jpeg = (1000 * seconds[what] / count for seconds in clocks)
                print(f"| {title} | {what}, ms an image | {png:.2f} | {jpeg:.2f} | {jpeg / png:.2f} |")
            png, jpeg = (seconds["measuring"] / seconds["publish"] for seconds in clocks)
            print(f"| {title} | measuring, of publishing | {png:.0%} | {jpeg:.0%} | |")
            far = ", ".join(f"{most} ({mean:.2f})" for most, mean in check(data, root / AUTO))
            print(f"| {title} | grey levels moved at most (on average), by decoder | | {far} | |", flush=True)


if __name__ == "__main__":
    main()
