"""The protection of whole folders by the commands themselves: what `hide` publishes, and what `verify` learns from it.

    python -m bench.protection.whole_folders OUT DATA... [--keys 1 2] [--levels 0 3] [--look faithful]

DATA have train/ and test/. With three levels these lie at 30, 50 and 70 % of the way from chance to what the clean folder
gives, which an earlier row without levels found. Each row is kept in OUT as JSON, and what is there already is not made again.
Prints Markdown of all that is there; the column `left` is the share of the way from chance to clean.
"""

import argparse
import json
import shutil
from itertools import product
from pathlib import Path
from typing import Any

from tabulate import tabulate

import hideseek_cli as hs

PARTS = (0.3, 0.5, 0.7)
"""Where levels lie between chance and clean."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("data", nargs="+", type=Path)
    parser.add_argument("--keys", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--levels", nargs="+", type=int, choices=(0, 3), default=[0, 3])
    parser.add_argument("--look", default="faithful")
    options = parser.parse_args()
    options.out.mkdir(exist_ok=True)
    for levels, key, data in product(options.levels, options.keys, options.data):
        row = options.out / f"{data.name}-{options.look}-{levels}-{key}.json"
        if not row.exists():
            found = measure(options.out, data, levels, key, options.look)
            row.write_text(json.dumps(found, indent=1))
    rows = [describe(path.stem, json.loads(path.read_text())) for path in sorted(options.out.glob("*-*.json"))]
    print(tabulate(rows, headers="keys", tablefmt="github", disable_numparse=True))


def measure(out: Path, data: Path, count: int, key: int, look: str) -> dict[str, Any]:
    """What both commands say."""
    levels: list[int] = []
    if count:
        before = json.loads((out / f"{data.name}-{look}-0-{key}.json").read_text())["hide"]
        chance, clean = before["chance"], before["clean_accuracy"]
        levels = [round(chance + part * (clean - chance)) for part in PARTS]
    place, secret = out / "published", out / "key"
    shutil.rmtree(place, ignore_errors=True)
    secret.write_bytes(f"{key:032d}".encode())
    secret.chmod(0o600)
    hidden = hs.hide(
        data, levels=levels, out=place, masks=out / "masks.safetensors", key_file=secret, look=look, overwrite=True
    )
    verified = hs.verify(place, data / "test", seed=1000 * key)
    shutil.copy(out / "masks.sheet.png", out / f"{data.name}-{look}-{count}-{key}.png")
    return {"hide": hidden.to_json(), "verify": verified.to_json(), "remarks": hidden.remarks()}


def describe(name: str, found: dict[str, Any]) -> dict[str, str]:
    """A row of the table."""
    hidden, verified = found["hide"], found["verify"]
    chance, clean = hidden["chance"], hidden["clean_accuracy"]
    return {
        "folder, look, levels, key": name.replace("-", " "),
        "clean %": f"{clean:.1f}",
        "chance %": f"{chance:.1f}",
        "published %, verify": f"{verified['accuracy']:.1f} ({verified['low']:.1f} to {verified['high']:.1f})",
        "left %": f"{100 * (verified['accuracy'] - chance) / (clean - chance):.0f}",
        "FLIP": f"{hidden['visibility']:.3f}",
        "allowed": f"{hidden['visibility_limit']:.3f}",
        "SSIM": f"{hidden['ssim']:.3f}",
        "binds": hidden["limit"],
        "attempts %": ", ".join(f"{one['accuracy']:.0f}" for one in hidden["attempts"]),
        "greyscale, blur, JPEG-50 %": ", ".join(f"{one:.0f}" for one in hidden["outlives"].values()),
        "levels": ", ".join(
            f"{one['level']:g}: {one['accuracy']:.1f}{'' if one['reachable'] else ' no'}" for one in hidden["levels"]
        ),
        "would hide": ", ".join(f"{one['option']} {one['value']}: {one['accuracy']:.0f}" for one in hidden["remedies"]),
    }  # fmt: skip


if __name__ == "__main__":
    main()
