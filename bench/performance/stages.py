"""Where the time of a whole `hide` goes, and how time and memory grow with the number of images.

    python -m bench.performance.stages DATA --levels 30,50 [--counts 10000] [OPTIONS OF hide]

Runs `hide` in a fresh process for each of ``--counts`` images of DATA/train (the same number of every class, linked
into a temporary folder), and `seek` of the clean level, and prints seconds by stage, retrainings and peak memory of `hide`,
as Markdown. A stage is what the progress bar says; what it does not name is reading, or work between two stages.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from tabulate import tabulate

CHILD = """
import time, json
from hideseek_cli.cli import app, terminal
seconds, last = {}, [time.perf_counter()]
step = terminal.Terminal.step
def heard(self, task, done, total):
    now = time.perf_counter()
    seconds.setdefault(task, 0.0)
    seconds[task] += now - last[0]
    last[0] = now
    step(self, task, done, total)
terminal.Terminal.step = heard
try:
    app.main()
finally:
    print(json.dumps(seconds), file=open('stages.json', 'w'))
"""


def linked(source: Path, place: Path, count: int) -> None:
    """A folder of ``count`` images of ``source``, as many of every class as of another."""
    classes = sorted(path for path in source.iterdir() if path.is_dir())
    for label in classes:
        (place / label.name).mkdir(parents=True)
        for path in sorted(label.iterdir())[: count // len(classes)]:
            (place / label.name / path.name).symlink_to(path.resolve())


def timed(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall-clock seconds, and the highest resident memory in MiB of that process; what it prints goes to a file."""
    begun = time.perf_counter()
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, cwd=folder, stdout=printed, stderr=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 1):
        raise SystemExit(f"failed: {' '.join(command)}")
    return time.perf_counter() - begun, usage.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[10_000])
    options, more = parser.parse_known_args()
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])  # commands run in another folder
    columns: dict[int, dict[str, float]] = {}
    for count in options.counts:
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            linked(options.data / "train", place / "data", count)
            wall, memory = timed([sys.executable, "-c", CHILD, "hide", "data", *more, "-q", "--json"], place)
            runs = json.loads((place / "printed").read_text())["runs"]
            stages: dict[str, float] = defaultdict(float)
            for task, seconds in json.loads((place / "stages.json").read_text()).items():
                stages["retraining" if task.startswith("retraining") else task] += seconds
            tool = [sys.executable, "-m", "hideseek_cli"]
            subprocess.run([*tool, "cleaner", "masks.safetensors", "--level", "clean", "-q"], cwd=place, check=True)
            buyer, buyers_memory = timed([*tool, "seek", "published", "cleaner_clean.safetensors", "-q"], place)
            columns[count] = {
                **stages, "retrainings": runs, "hide, s": wall, "hide, MiB": memory,
                "seek, s": buyer, "seek, MiB": buyers_memory,
            }  # fmt: skip
            print(count, {key: round(value, 1) for key, value in columns[count].items()}, file=sys.stderr, flush=True)
    names = list(columns[options.counts[-1]])
    rows = [[name, *(f"{columns[count].get(name, 0):.1f}" for count in options.counts)] for name in names]
    print(tabulate(rows, headers=["images", *map(str, options.counts)], tablefmt="github"))
    if len(options.counts) > 1:
        for name in ("hide, s", "hide, MiB", "seek, s", "seek, MiB"):
            slope, _ = np.polyfit(np.log(options.counts), np.log([columns[count][name] for count in options.counts]), 1)
            print(f"{name}: slope {slope:.2f} (1: in proportion to the images)")


if __name__ == "__main__":
    main()
