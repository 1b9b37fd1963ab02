"""What it saves to keep freed memory (``keep_freed``): two trainings side by side, with and without it.

    python -m bench.performance.freed DATA/train DATA/test [--epochs 2] [--repeats 3]

Each pair of trainings has a process of its own; the two kinds take turns. Prints Markdown: processor seconds of the
trainings alone, in the program and in the system, page faults, the most memory, and the ratio of the processor's time
without to that with it, in the same repeat.
"""

import argparse
import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from tabulate import tabulate

from bench.common import loaded, shown
from hideseek_cli.recipe import preset
from hideseek_cli.training.evaluator import retrain
from hideseek_cli.training.parallel import train_in_parallel
from hideseek_cli.training.trainer import ignore_steps


def measure(train: Path, test: Path, epochs: int, kept: bool) -> dict[str, float]:
    """Of this process, which does nothing else."""
    source, tests, device = loaded(train, test, kept)
    data = shown(source, device)
    recipe = replace(preset("quick").for_images(len(data)), epochs=epochs)
    trainings = [partial(retrain, data, tests, recipe, seed=seed) for seed in (0, 1)]
    before = resource.getrusage(resource.RUSAGE_SELF)
    with ThreadPoolExecutor(2) as executor:
        list(train_in_parallel(trainings, executor, device, threads=1, on_step=ignore_steps))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "program, s": after.ru_utime - before.ru_utime,
        "system, s": after.ru_stime - before.ru_stime,
        "faults": after.ru_minflt - before.ru_minflt,
        "MiB": after.ru_maxrss // 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--alone", choices=["kept", "given"], help="measure in this process and print JSON")
    options = parser.parse_args()
    if options.alone:
        print(json.dumps(measure(options.train, options.test, options.epochs, options.alone == "kept")))
        return
    rows = []
    for _ in range(options.repeats):
        folders = [str(options.train), str(options.test)]
        command = [sys.executable, "-m", "bench.performance.freed", *folders, "--epochs", str(options.epochs), "--alone"]
        given, kept = (
            json.loads(subprocess.run([*command, kind], capture_output=True, text=True, check=True).stdout)
            for kind in ("given", "kept")
        )
        ratio = (given["program, s"] + given["system, s"]) / (kept["program, s"] + kept["system, s"])
        rows += [{"memory": "given back", **given}, {"memory": "kept", **kept, "ratio": ratio}]
    print(tabulate(rows, headers="keys", tablefmt="github", floatfmt=".2f"))


if __name__ == "__main__":
    main()
