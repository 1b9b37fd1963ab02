"""Peak memory of publishing and seeking, and by how much it grows with the number of images.

    python -m bench.performance.memory [--images 1000 100000]

Images of 32x32 made of waves and noise; published with random masks, without training, of which 1,000 images would be
held; sought by the program. Each in a process of its own, two workers.
"""

import argparse
import os
import subprocess
import sys
import tempfile


def peak(*command: str) -> float:
    """MiB that a process takes at most. Raises CalledProcessError."""
    process = subprocess.Popen(
        [sys.executable, *command], stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise subprocess.CalledProcessError(status, command)
    return usage.ru_maxrss / 1024


def script(code: str) -> str:
    """A program that uses ``disk_and_codec``, which is not imported here, as a process inherits the peak of its parent."""
    return (
        "from pathlib import Path; from bench.performance.disk_and_codec import fill, publish;"
        f" from hideseek_cli.training.malloc import keep_freed; keep_freed(); {code}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1_000, 100_000])
    counts = parser.parse_args().images
    peaks: dict[str, list[float]] = {"publish": [], "seek": []}
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            peak("-c", script(f"fill(Path({name!r}) / 'data', 32, 32, {count})"))
            peaks["publish"].append(peak("-c", script(f"publish(Path({name!r}) / 'data', Path({name!r}), 2, 1000)")))
            sought = ("seek", f"{name}/published", f"{name}/cleaner", "-o", f"{name}/clean", "-j", "2", "-q")
            peaks["seek"].append(peak("-m", "hideseek_cli", *sought))
    print("| work |", " | ".join(f"{count:,} images, MiB" for count in counts), "| bytes an image |")
    print("| --- " * (len(counts) + 2) + "|")
    for work, found in peaks.items():
        slope = (found[-1] - found[0]) * 2**20 / max(1, counts[-1] - counts[0])
        print(f"| {work} |", " | ".join(f"{one:.1f}" for one in found), f"| {slope:.0f} |")


if __name__ == "__main__":
    main()
