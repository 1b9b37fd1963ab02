"""Processor time of `hideseek seek --help` against importing typer and rich, interleaved in one run.

python -m bench.performance.startup [--repeats 20]
"""

import argparse
import resource
import statistics
import subprocess
import sys

HELP = ["-m", "hideseek_cli", "seek", "--help"]
IMPORT = ["-c", "import typer, rich"]


def processor_seconds(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=20)
    pairs = [(processor_seconds(HELP), processor_seconds(IMPORT)) for _ in range(parser.parse_args().repeats)]
    own, base = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    print(f"seek --help {1000 * own:.0f} ms, import typer and rich {1000 * base:.0f} ms, ratio of medians {own / base:.2f}")
    print(f"ratios from {ratios[0]:.2f} to {ratios[-1]:.2f} over {len(ratios)} pairs")


if __name__ == "__main__":
    main()
